"""Programs run without a shell, a terminal or surprises."""

import time

import pytest

from backends.errors import CommandFailed
from backends.machine.run import run, stream


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


def test_output_is_given_while_the_program_still_writes() -> None:
    pieces = stream(["sh", "-c", "echo first; read nothing; sleep 60"], timeout=30)
    begun = time.monotonic()

    assert next(pieces) == b"first\n"
    pieces.close()

    assert time.monotonic() - begun < 5


def test_pieces_of_output_are_whole_lines_of_any_length() -> None:
    pieces = list(stream(["sh", "-c", "seq 1 40000 | tr '\\n' ','; echo; seq 1 40000; printf end"]))

    assert all(piece.endswith(b"\n") for piece in pieces[:-1])
    lines = b"".join(pieces).splitlines()
    assert (len(lines), lines[-2:]) == (40_002, [b"40000", b"end"])


def test_a_stream_that_fails_tells_so_after_its_output() -> None:
    pieces = stream(["sh", "-c", "echo some; echo trouble >&2; exit 4"])

    assert next(pieces) == b"some\n"
    with pytest.raises(CommandFailed, match="sh failed with status 4") as failure:
        next(pieces)
    assert failure.value.seen == "trouble"


def test_a_stream_that_takes_too_long_is_ended_with_its_children() -> None:
    with pytest.raises(CommandFailed, match=r"did not end within 0\.3 seconds"):
        list(stream(["sh", "-c", "sleep 60 & wait"], timeout=0.3))
