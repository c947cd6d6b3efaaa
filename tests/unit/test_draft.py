"""A draft of the answers: changed without changing what was, judged at each key press, secrets in memory."""

import stat
import time
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.test_answers_file import valid_answers
from wizard.answers import Answers
from wizard.answers_file import dump
from wizard.answers_mistakes import known_keys
from wizard.draft import ROW_MODELS, Draft
from wizard.errors import AnswersError
from wizard.quickstart import starting_answers
from wizard.typed_passwords import password_problem

LEAVES = sorted(
    {".".join(map(str, path)) for path in known_keys()}
    - {".".join(map(str, path[:end])) for path in known_keys() for end in range(1, len(path))}
)
"""Every key that holds a value."""


def begun() -> Draft:
    return Draft.from_answers(starting_answers("mail.example.org", ["example.org"], "admin@example.org"))


@settings(deadline=None, max_examples=25)
@given(raw=valid_answers())
def test_a_draft_of_answers_says_the_same(raw: dict[str, Any]) -> None:
    answers = Answers.model_validate(raw)
    draft = Draft.from_answers(answers)
    assert draft.answers() == answers
    assert dict(draft.mistakes()) == {}


@settings(deadline=None, max_examples=15)
@given(raw=valid_answers(), key=st.sampled_from(LEAVES))
def test_setting_a_key_to_what_it_says_changes_nothing(raw: dict[str, Any], key: str) -> None:
    draft = Draft.from_answers(Answers.model_validate(raw))
    if draft.is_set(key):
        assert draft.with_value(key, draft.value(key)).answers() == draft.answers()


@settings(deadline=None, max_examples=60)
@given(
    edits=st.lists(
        st.tuples(
            st.sampled_from(LEAVES),
            st.one_of(
                st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.text())
            ),
        ),
        max_size=6,
    )
)
def test_no_value_that_can_be_typed_breaks_a_draft_or_changes_an_older_one(
    edits: list[tuple[str, object]],
) -> None:
    draft = begun()
    for key, value in edits:
        before = deepcopy(draft.document)
        changed = draft.with_value(key, value)
        assert draft.document == before
        assert all(changed.mistakes().values())
        draft = changed


def test_an_empty_draft_has_every_default_and_lacks_only_the_site() -> None:
    draft = Draft()
    assert draft.value("accounts.mailboxes.0.quota") == "2G"
    assert draft.value("logging.bans.find_time") == "10m"
    assert draft.value("protocols.imaps.port") == 993
    assert draft.value("site.hostname") is None
    assert dict(draft.mistakes()) == {
        "site.hostname": "is missing",
        "site.domains": "is missing",
        "site.admin": "is missing",
    }


def test_every_default_is_that_of_the_answers() -> None:
    answers = begun().answers()
    site = {"site.hostname", "site.domains", "site.admin"}
    mine = {"certificates.acme.email", "accounts.mailboxes"}
    for key in LEAVES:
        if ".0." not in key and key not in site | mine:
            assert Draft().value(key) == Draft.from_answers(answers).value(key), key


def test_every_array_of_tables_is_known_by_its_rows() -> None:
    arrays = {path[:-2] for path in known_keys() if len(path) > 1 and path[-2] == 0}
    assert arrays == set(ROW_MODELS)


@pytest.mark.parametrize(
    "key", ["site.hostnam", "colour", "accounts.mailboxes.0.adress", "site.hostname.0.x", ""]
)
def test_a_key_that_there_is_not_is_refused(key: str) -> None:
    with pytest.raises(KeyError):
        begun().value(key)
    with pytest.raises(KeyError):
        begun().with_value(key, "x")


def test_mistakes_are_at_the_key_that_is_wrong() -> None:
    draft = (
        begun()
        .with_value("site.domains", ["example.org", "exa mple"])
        .with_row("accounts.mailboxes", {"address": "anna"})
        .with_value("protocols.imaps.port", 465)
        .with_value("backups.keep.daily", "seven")
    )
    assert set(draft.mistakes()) == {
        "site.domains.1",
        "accounts.mailboxes.1.address",
        "protocols.imaps.port",
        "backups.keep.daily",
    }
    with pytest.raises(AnswersError, match="4 mistakes"):
        draft.answers()


def test_a_mistake_about_a_number_speaks_of_no_quotes() -> None:
    words = begun().with_value("logging.keep_days", "abc").mistakes()["logging.keep_days"]
    assert words == "must be a whole number, in digits"


def test_a_value_that_is_taken_away_has_its_default_again() -> None:
    draft = begun().with_value("logging.keep_days", 90)
    assert draft.value("logging.keep_days") == 90
    assert draft.without("logging.keep_days").value("logging.keep_days") == 30
    assert draft.with_value("logging.keep_days", None).value("logging.keep_days") == 30


def test_a_value_that_was_given_away_can_not_change_the_draft() -> None:
    draft = begun()
    draft.value("site.domains").append("evil.example")
    draft.value("accounts.mailboxes")[0]["address"] = "evil@example.org"
    assert draft.answers() == begun().answers()


def test_rows_are_added_changed_and_taken_away() -> None:
    draft = begun().with_row("accounts.mailboxes", {"address": "anna@example.org"})
    draft = draft.with_row("accounts.mailboxes", {"address": "first@example.org"}, at=0)
    draft = draft.with_value("accounts.mailboxes.2.quota", "5G").without_row("accounts.mailboxes", 1)
    assert [(row["address"], row["quota"]) for row in draft.rows("accounts.mailboxes")] == [
        ("first@example.org", "2G"),
        ("anna@example.org", "5G"),
    ]
    assert [m.address for m in draft.answers().accounts.mailboxes] == [
        "first@example.org",
        "anna@example.org",
    ]


def test_rows_are_added_to_those_that_are_the_default() -> None:
    draft = Draft().with_row("backups.repositories", {"name": "away", "url": "sftp:a@b.example:/c"})
    assert [row["name"] for row in draft.rows("backups.repositories")] == ["local", "away"]
    assert [row["name"] for row in draft.without("backups.repositories.0").rows("backups.repositories")] == [
        "away"
    ]
    assert Draft().without("backups.repositories.0").rows("backups.repositories") == ()


def test_an_entry_is_changed_added_and_taken_away_in_a_list() -> None:
    draft = begun().with_value("site.domains.1", "example.net").with_value("site.domains.0", "example.com")
    assert draft.value("site.domains") == ["example.com", "example.net"]
    assert draft.without("site.domains.0").value("site.domains") == ["example.net"]
    with pytest.raises(IndexError):
        draft.with_value("site.domains.3", "x.example")


def test_a_suggestion_stays_one_until_somebody_touches_it() -> None:
    draft = (
        begun()
        .with_suggestion("site.admin", "post@example.org")
        .with_suggestion("accounts.mailboxes.0.address", "post@example.org")
    )
    changed = draft.with_value("accounts.mailboxes.0.quota", "9G").with_row("accounts.mailboxes")
    assert changed.suggested == {"site.admin", "accounts.mailboxes.0.address"}
    assert changed.without_row("accounts.mailboxes", 1).suggested == changed.suggested
    assert changed.without_row("accounts.mailboxes", 0).suggested == {"site.admin"}
    assert changed.with_value("accounts.mailboxes", []).suggested == {"site.admin"}
    assert draft.with_value("site.admin", "me@example.org").suggested == {"accounts.mailboxes.0.address"}


def test_a_typed_secret_is_referred_to_and_shown_nowhere() -> None:
    draft = begun().with_secret("accounts.mailboxes.0.password", "pa55word of mine")
    reference = draft.value("accounts.mailboxes.0.password")
    assert reference == "secret:mailbox-admin@example.org.chosen"
    assert draft.is_typed("accounts.mailboxes.0.password")
    assert "pa55word" not in repr(draft) + str(draft.document) + dump(draft.answers())


def test_typed_secrets_are_written_for_root_only_and_only_those_in_use(tmp_path: Path) -> None:
    draft = (
        begun()
        .with_secret("accounts.mailboxes.0.password", "old one")
        .with_secret("accounts.mailboxes.0.password", "new one")
    )
    draft = draft.with_secret("protocols.relay.password", "unused").without("protocols.relay.password")
    directory = tmp_path / "etc" / "secrets"
    draft.save_secrets(directory)
    (written,) = directory.iterdir()
    assert written.name == "mailbox-admin@example.org.chosen"
    assert written.read_text() == "new one\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_a_typed_secret_never_takes_the_place_of_one_in_force() -> None:
    typed = begun().with_secret("protocols.relay.password", "first")
    in_force = Draft.from_answers(typed.answers())
    again = in_force.with_value("protocols.relay.password", "generate").with_secret(
        "protocols.relay.password", "second"
    )
    assert again.value("protocols.relay.password") == "secret:relay.chosen-2"


def test_two_rows_never_share_a_typed_secret() -> None:
    draft = begun().with_secret("accounts.mailboxes.0.password", "one")
    draft = draft.with_value("accounts.mailboxes.0.address", "bob@example.org")
    draft = draft.with_row("accounts.mailboxes", {"address": "admin@example.org"})
    draft = draft.with_secret("accounts.mailboxes.1.password", "two")
    names = [row["password"].removeprefix("secret:") for row in draft.rows("accounts.mailboxes")]
    assert [draft.typed[name] for name in names] == ["one", "two"]


@pytest.mark.parametrize(
    "address", [None, "", "no address", "x" * 300 + "@example.org", "../../etc@example.org"]
)
def test_a_secret_has_a_good_name_whatever_the_address_is(address: str | None) -> None:
    draft = begun().with_row("accounts.mailboxes", {} if address is None else {"address": address})
    draft = draft.with_secret("accounts.mailboxes.1.password", "x")
    assert "accounts.mailboxes.1.password" not in draft.mistakes()
    assert "/" not in draft.value("accounts.mailboxes.1.password")


@settings(deadline=None, max_examples=40)
@given(password=st.text(max_size=40))
def test_a_typed_password_is_judged_in_words_whatever_it_is(password: str) -> None:
    words = password_problem(password, begun(), "accounts.mailboxes.0.password")
    assert words or (len(password) >= 12 and password.isprintable())
    assert len(password) < 6 or password not in words


@pytest.mark.parametrize(
    ("password", "key", "words"),
    [
        ("", "protocols.relay.password", "is empty"),
        ("short", "accounts.mailboxes.0.password", "12 characters"),
        ("admin@example.org", "accounts.mailboxes.0.password", "too easy to guess"),
        ("aaaaaaaaaaaaaaaa", "", "too easy to guess"),
        ("two\nlines and more", "protocols.relay.password", "line break"),
        ("x" * 1025, "protocols.relay.password", "longer"),
        ("correct horse battery staple", "accounts.mailboxes.0.password", ""),
        ("short", "protocols.relay.password", ""),
        ("short", "backups.repositories.0.password", "12 characters"),
    ],
)
def test_what_people_choose_has_to_be_strong_and_what_they_were_given_not(
    password: str, key: str, words: str
) -> None:
    problem = password_problem(password, begun(), key)
    assert words in problem
    assert bool(words) == bool(problem)


def test_the_rules_for_passwords_are_those_of_the_draft() -> None:
    draft = begun().with_value("accounts.passwords.min_length", 30)
    assert "30 characters" in password_problem("correct horse battery staple", draft)
    wrong = begun().with_value("accounts.passwords.min_length", "many")
    assert password_problem("correct horse battery staple", wrong) == ""


def test_a_key_press_is_judged_in_under_five_milliseconds_with_25_mailboxes() -> None:
    draft = begun()
    for number in range(24):
        draft = draft.with_row("accounts.mailboxes", {"address": f"user{number}@example.org"})
    taken = []
    for number in range(20):
        start = time.process_time()
        mistakes = draft.with_value("accounts.mailboxes.7.address", f"wrong {number}").mistakes()
        taken.append(time.process_time() - start)
        assert list(mistakes) == ["accounts.mailboxes.7.address"]
    assert sorted(taken)[len(taken) // 2] < 0.005
