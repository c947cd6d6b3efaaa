"""`mailstead log`: the logs as text and as JSON, followed, and what is wrong with a call."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backends.logs import following
from backends.logs.sources import LogSource
from screens.command_line import mailstead

Run = Callable[..., Result]
NOW = datetime.now(UTC).replace(microsecond=0)


def entry(minutes_ago: int, text: str) -> str:
    return f"{(NOW - timedelta(minutes=minutes_ago)).isoformat()} mail {text}\n"


@pytest.fixture
def mail_log(tmp_path: Path) -> Path:
    path = tmp_path / "mail.log"
    path.write_text(
        entry(90, "postfix/smtpd[1]: connect from unknown[192.0.2.1]")
        + entry(20, "dovecot: imap-login: Error: \x1b]52;c;aGk=\x07 [/x]")
        + entry(5, "postfix/smtpd[1]: warning: SASL login authentication failed")
    )
    return path


@pytest.fixture
def run(mail_log: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    def invoke(*arguments: str, color: bool = False) -> Result:
        return CliRunner().invoke(mailstead, ["log", *arguments], color=color)

    sources = (LogSource(mail_log),)
    monkeypatch.setattr(following.Following.__init__, "__defaults__", (sources,))
    return invoke


def test_text_shows_time_severity_service_and_the_line(run: Run) -> None:
    result = run()

    at = f"{(NOW - timedelta(minutes=20)).astimezone():%Y-%m-%d %H:%M:%S}"
    assert result.exit_code == 0
    first, second, third = result.stdout.splitlines()
    assert first.endswith("    postfix    postfix/smtpd[1]: connect from unknown[192.0.2.1]")
    assert second == f"{at}  E dovecot    dovecot: imap-login: Error: ␛]52;c;aGk=␇ [/x]"
    assert "  W postfix  " in third


def test_json_is_an_object_a_line(run: Run) -> None:
    entries = [json.loads(one) for one in run("--json").stdout.splitlines()]

    assert entries[2] == {
        "at": (NOW - timedelta(minutes=5)).isoformat(),
        "service": "postfix",
        "severity": "warning",
        "text": "postfix/smtpd[1]: warning: SASL login authentication failed",
    }


@pytest.mark.parametrize(
    ("arguments", "numbers"),
    [
        (("--service", "dovecot"), [1]),
        (("--service", "dovecot", "--service", "postfix"), [0, 1, 2]),
        (("--grep", "sasl|connect from"), [0, 2]),
        (("--grep", "Sasl"), []),
        (("--since", "30m"), [1, 2]),
        (("--since", "30m", "--service", "postfix", "--grep", "."), [2]),
        (("--lines", "1"), [2]),
        (("--lines", "1", "--grep", "connect"), [0]),
    ],
)
def test_what_is_asked_for_is_shown(run: Run, arguments: tuple[str, ...], numbers: list[int]) -> None:
    every = run().stdout.splitlines()

    assert run(*arguments).stdout.splitlines() == [every[number] for number in numbers]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--grep", "("),
        ("--service", "sendmail"),
        ("--since", "soon"),
        ("--grep", "(.*a){25}z", "--since", "2h"),
    ],
)
def test_a_wrong_call_ends_with_2_and_says_why(run: Run, mail_log: Path, arguments: tuple[str, ...]) -> None:
    mail_log.write_text(mail_log.read_text() + entry(1, "postfix/smtpd[1]: " + "a" * 200))

    result = run(*arguments)

    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr


def test_colours_are_for_terminals_that_want_them(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[31m" in run(color=True).stdout
    assert "\x1b" not in run(color=False).stdout
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(color=True).stdout


def test_whoever_may_not_read_the_logs_is_told_so(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode: mode == os.F_OK)

    result = run()

    assert result.stdout == ""
    assert "may not be read" in str(result.exception)


FOLLOW = """
import signal, sys
from pathlib import Path
from backends.logs import following
from backends.logs.sources import LogSource
from screens.command_line import main
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests run in the background
following.Following.__init__.__defaults__ = ((LogSource(Path(sys.argv.pop(1))),),)
sys.exit(main())
"""


def test_following_prints_what_comes_and_ends_quietly_on_ctrl_c(mail_log: Path) -> None:
    command = [sys.executable, "-c", FOLLOW, str(mail_log), "log", "--follow", "--lines", "1", "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, env={**os.environ, "PYTHONUNBUFFERED": "1"}) as process:  # type: ignore[call-overload]
        before = json.loads(process.stdout.readline())
        with mail_log.open("a") as log:
            log.write(entry(0, "postfix/smtpd[1]: now"))
        after = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        rest, said = process.communicate(timeout=20)

    assert (before["severity"], after["text"]) == ("warning", "postfix/smtpd[1]: now")
    assert (process.returncode, rest, said) == (0, b"", b"")
