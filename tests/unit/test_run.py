"""Programs run without a shell, a terminal or surprises."""

import time

import pytest

from backends.errors import CommandFailed
from backends.machine.run import run


def test_both_streams_and_the_status_are_given() -> None:
    done = run(["sh", "-c", "echo out; echo err >&2; exit 3"], check=False)

    assert (done.status, done.stdout, done.stderr) == (3, b"out\n", b"err\n")


def test_input_reaches_the_program() -> None:
    assert run(["cat"], stdin=b"secret\n").stdout == b"secret\n"


def test_arguments_are_not_read_by_a_shell() -> None:
    assert run(["echo", "$(id); 'x' `y`"]).stdout == b"$(id); 'x' `y`\n"


def test_a_failure_tells_what_was_tried_and_seen_without_controls() -> None:
    with pytest.raises(CommandFailed) as failure:
        run(["sh", "-c", "printf '\\033[2Jbad' >&2; exit 1"])

    assert "sh failed with status 1" in failure.value.message
    assert failure.value.seen == "␛[2Jbad"


def test_a_missing_program_is_named() -> None:
    with pytest.raises(CommandFailed, match="no-such-program is not installed"):
        run(["no-such-program"])


def test_a_program_that_takes_too_long_is_ended_with_its_children() -> None:
    begun = time.monotonic()

    with pytest.raises(CommandFailed, match=r"did not end within 0\.3 seconds"):
        run(["sh", "-c", "sleep 60 & wait"], timeout=0.3)

    assert time.monotonic() - begun < 5


def test_a_daemon_that_keeps_the_output_open_keeps_nobody_waiting() -> None:
    begun = time.monotonic()

    done = run(["sh", "-c", "setsid sleep 3 & echo started"])

    assert done.stdout == b"started\n"
    assert time.monotonic() - begun < 2


def test_a_program_that_a_signal_ended_has_a_status_of_its_own() -> None:
    assert run(["sh", "-c", "kill -9 $$"], check=False).status == -9


def test_much_output_is_kept_whole() -> None:
    assert len(run(["head", "-c", "3000000", "/dev/zero"]).stdout) == 3_000_000
