"""Actions touch only the messages that were meant; what Postfix really does is tested on machines."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.errors import CommandFailed
from backends.machine.run import Completed
from backends.postfix import queue_actions
from backends.postfix.queue import QueuedMessage
from backends.postfix.queue_actions import delete, hold, retry
from backends.postfix.queue_id import WrongQueueId, is_unique, require_queue_id

MESSAGE = QueuedMessage("4jYZG3146tzFGGD", "deferred", 1_700_000_000, 500, "a@b.test", ("c@d.test",), ("",))
BASE_52 = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


def numbered(count: int, **changes: Any) -> list[QueuedMessage]:
    return [MESSAGE._replace(queue_id=f"4jYZG{n:05d}zFGGD", **changes) for n in range(count)]


class Postfix:
    """What is run, and an answer like that of postsuper(1) for all ids but the missing ones."""

    def __init__(self) -> None:
        self.calls: list[tuple[list[str], list[str]]] = []
        self.missing: set[str] = set()
        self.fails_at_call = 0

    def run(self, argv: Sequence[str], *, stdin: bytes = b"", timeout: float = 60) -> Completed:
        assert timeout
        names = stdin.decode().splitlines()
        self.calls.append((list(argv), names))
        if len(self.calls) == self.fails_at_call:
            raise CommandFailed("postsuper failed with status 1", seen="fatal: no space")
        done = [name for name in names if name not in self.missing]
        text = "".join(f"postsuper: {name}: removed\n" for name in done)
        return Completed(tuple(argv), 0, b"", f"{text}postsuper: Deleted: {len(done)} messages\n".encode())


@pytest.fixture
def postfix(monkeypatch: pytest.MonkeyPatch) -> Postfix:
    fake = Postfix()
    monkeypatch.setattr(queue_actions, "run", fake.run)
    return fake


def test_only_what_was_really_changed_is_given(postfix: Postfix) -> None:
    messages = numbered(3)
    postfix.missing = {messages[1].queue_id}

    assert delete(messages) == (messages[0].queue_id, messages[2].queue_id)
    assert postfix.calls == [(["postsuper", "-d", "-"], [message.queue_id for message in messages])]


def test_many_go_in_batches_and_their_count_is_told(postfix: Postfix) -> None:
    told: list[int] = []

    done = hold(numbered(1200), told.append)

    assert len(done) == 1200
    assert [len(names) for _argv, names in postfix.calls] == [500, 500, 200]
    assert told == [0, 500, 1000]


def test_a_failure_in_the_middle_tells_how_many_were_done(postfix: Postfix) -> None:
    postfix.fails_at_call = 2

    with pytest.raises(CommandFailed) as failure:
        delete(numbered(1000))

    assert "fatal: no space" in failure.value.describe()
    assert "500 messages were done before this happened." in failure.value.describe()


@pytest.mark.parametrize(
    "name", ["ALL", "-", "", "4jYZG3146tzFGGD\nALL", "../../etc/passwd", "a b", "-d", "x" * 80]
)
def test_nothing_is_touched_when_one_id_is_none(postfix: Postfix, name: str) -> None:
    with pytest.raises(WrongQueueId):
        delete([MESSAGE, MESSAGE._replace(queue_id=name)])

    assert postfix.calls == []


def test_only_deferred_messages_are_tried_again(postfix: Postfix) -> None:
    held = MESSAGE._replace(queue="hold")

    assert retry([held]) == ()
    assert postfix.calls == []
    assert retry([held, MESSAGE]) == (MESSAGE.queue_id,)
    assert postfix.calls[0][1] == [MESSAGE.queue_id]


@pytest.mark.parametrize(("others", "is_flushed"), [(0, True), (1, False)])
def test_all_deferred_mail_is_tried_again_at_once_but_never_more_than_was_meant(
    postfix: Postfix, monkeypatch: pytest.MonkeyPatch, others: int, is_flushed: bool
) -> None:
    everything = tuple(numbered(600 + others))
    monkeypatch.setattr(queue_actions, "list_queue", lambda: everything)

    assert len(retry(everything[:600])) == 600

    assert (postfix.calls == [(["postqueue", "-f"], [])]) is is_flushed


@pytest.mark.usefixtures("postfix")
def test_an_id_that_was_given_again_is_not_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = [MESSAGE._replace(queue_id=name) for name in ("4A5B6C7D8E", "4A5B6C7D8F", "4A5B6C7D90")]
    now = (seen[0]._replace(arrived_at=1_700_000_500), seen[1])
    monkeypatch.setattr(queue_actions, "list_queue", lambda: now)

    assert delete([*seen, MESSAGE]) == ("4A5B6C7D8F", MESSAGE.queue_id)


@given(
    st.text(BASE_52, min_size=10, max_size=11),
    st.text(BASE_52[:-1], min_size=1, max_size=11),
)
def test_long_ids_are_known_whatever_the_time_and_the_file(time: str, file: str) -> None:
    assert is_unique(require_queue_id(f"{time}z{file}"))


@given(st.text())
def test_an_id_never_holds_what_postsuper_would_read_as_more(text: str) -> None:
    try:
        require_queue_id(text)
    except WrongQueueId:
        return
    assert text.isascii()
    assert text.isalnum()
    assert text != "ALL"
