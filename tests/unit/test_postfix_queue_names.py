"""A list by names alone, before Postfix has opened every message."""

from pathlib import Path

from backends.postfix.queue import UNREAD, queue_counts
from backends.postfix.queue_filter import parse_filter
from backends.postfix.queue_names import list_names


def test_names_tell_queue_and_arrival_also_in_directories_below(tmp_path: Path) -> None:
    for path in ("hold/4jYZG3146tzFGGD", "deferred/2/4jYZG72bw4zFNZj", "active/4jYZz25D6yzFGjq"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "hold/3A5C7D9E1F").touch()
    (tmp_path / "deferred/notes.txt").touch()

    found = {message.queue_id: message for message in list_names(tmp_path)}

    assert {name: message.queue for name, message in found.items()} == {
        "4jYZG3146tzFGGD": "hold",
        "4jYZG72bw4zFNZj": "deferred",
        "4jYZz25D6yzFGjq": "active",
    }
    # What a Postfix told of these two: postqueue -j, arrival_time.
    assert found["4jYZG3146tzFGGD"].arrived_at == 1795505403
    assert found["4jYZG72bw4zFNZj"].arrived_at == 1795505407


def test_what_is_not_read_yet_is_no_bounce_and_has_no_size(tmp_path: Path) -> None:
    (tmp_path / "hold").mkdir()
    (tmp_path / "hold/4jYZG3146tzFGGD").touch()

    (message,) = list_names(tmp_path)

    assert (message.size_bytes, message.is_read) == (UNREAD, False)
    assert parse_filter("from:<>").choose([message], 0) == ()
    assert queue_counts([message]).size_bytes == 0
