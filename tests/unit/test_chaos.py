"""Which records `make chaos` chooses, and that it goes on where it stopped."""

from pathlib import Path

import pytest

from tests.e2e.chaos import Survived, chosen, survived


@pytest.mark.parametrize(
    ("environment", "records"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7]),
        ({"MAILSTEAD_CHAOS": "3-5"}, [3, 4, 5]),
        ({"MAILSTEAD_CHAOS": "5-"}, [5, 6, 7]),
        ({"MAILSTEAD_CHAOS": "6"}, [6]),
        ({"MAILSTEAD_CHAOS": "6-99"}, [6, 7]),
        ({"SHARD": "2/3"}, [2, 5]),
        ({"SHARD": "3/3", "MAILSTEAD_CHAOS": "2-"}, [4, 7]),
    ],
)
def test_records_are_chosen_by_the_environment(environment: dict[str, str], records: list[int]) -> None:
    assert chosen(7, environment) == records


@pytest.mark.parametrize("environment", [{"SHARD": "0/3"}, {"SHARD": "4/3"}, {"MAILSTEAD_CHAOS": "5-3"}])
def test_a_choice_that_makes_no_sense_is_refused(environment: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="FIRST-LAST"):
        chosen(7, environment)


def test_survived_records_are_kept_for_this_program_and_release(tmp_path: Path) -> None:
    kept = survived({"MAILSTEAD_SURVIVED": str(tmp_path / "kept")})
    assert kept.records("trixie") == set()

    kept.add("trixie", 3)
    kept.add("bookworm", 4)
    Survived(kept.path, "another").add("trixie", 5)
    kept.add("trixie", 7)

    assert kept.records("trixie") == {3, 7}
    assert kept.records("bookworm") == {4}
