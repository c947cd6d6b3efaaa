"""Lines of every server are understood: when, whose, how bad; and whatever else is in a file is survived."""

import json
import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.logs.lines import LONGEST_TEXT, LogLine, parse_line
from backends.logs.severity import Severity

AT = "2026-11-24T07:23:24.103159+00:00 mail "


def parsed(text: str, service: str = "system") -> LogLine:
    line = parse_line(text.encode(), service)
    assert line is not None
    return line


@pytest.mark.parametrize(
    ("text", "service", "severity"),
    [
        ("postfix/smtpd[9]: connect from unknown[192.0.2.1]", "postfix", "info"),
        ("postfix/smtpd[9]: warning: x[192.0.2.1]: SASL PLAIN authentication failed", "postfix", "warning"),
        ("postfix/master[1]: fatal: bind 0.0.0.0 port 25: Address already in use", "postfix", "error"),
        (
            "postfix/smtp[7]: 4jYZ: to=<a@b.test>, relay=none, status=deferred (timed out)",
            "postfix",
            "warning",
        ),
        ("postfix/smtp[7]: 4jYZ: to=<a@b.test>, relay=b, status=bounced (no such user)", "postfix", "error"),
        ("postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 554 5.7.1 no", "postfix", "warning"),
        ("dovecot: imap-login: Login: user=<a@b.test>, method=PLAIN, TLS", "dovecot", "info"),
        ("dovecot: lmtp(a@b.test)<9><x>: Error: open(/var/vmail) failed: No space left", "dovecot", "error"),
        ("dovecot: master: Warning: Killed with signal 15 (by pid=1)", "dovecot", "warning"),
        ("rspamd[96]: <dc64>; proxy; proxy_milter_finish_handler: finished", "rspamd", "info"),
        ("rspamd[96]: <dc64>; lua; x.lua:1: cannot connect to redis", "rspamd", "warning"),
        (
            "rspamd[96]: <1>; proxy; rspamd_task_write_log: id: <x>, (default: T (reject): [25/15]",
            "rspamd",
            "warning",
        ),
        (
            "rspamd[96]: <1>; proxy; rspamd_task_write_log: id: <failed@x>, (default: F (no action): [1/15]",
            "rspamd",
            "info",
        ),
        ("unbound: [548:0] info: start of service (unbound 1.17.1).", "unbound", "info"),
        ("unbound: [548:0] error: can't bind socket: Permission denied", "unbound", "error"),
        ("redis-mail[717]: WARNING Memory overcommit must be enabled!", "redis", "warning"),
        ("sshd[5]: error: kex_exchange_identification: read: Connection reset", "ssh", "error"),
        ("sshd-session[5]: Accepted publickey for root from 192.0.2.1", "ssh", "info"),
        ("systemd[1]: Failed to start postfix.service - Postfix.", "system", "error"),
        ("kernel: something: else", "system", "info"),
        ("no tag at all", "system", "info"),
    ],
)
def test_lines_of_the_system_log(text: str, service: str, severity: str) -> None:
    line = parsed(AT + text)

    assert line == LogLine(
        datetime(2026, 11, 24, 7, 23, 24, 103159, tzinfo=UTC), service, Severity(severity), text
    )


def test_times_of_other_zones_become_utc() -> None:
    line = parsed("2026-11-24T09:23:24+02:00 mail postfix/smtpd[9]: x")

    assert line.at == datetime(2026, 11, 24, 7, 23, 24, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "service", "shown", "severity"),
    [
        (
            "2026-11-24 07:23:47,092 fail2ban.database       [1648]: WARNING New database created",
            "fail2ban",
            "fail2ban.database [1648]: WARNING New database created",
            "warning",
        ),
        (
            "2026-11-24 07:23:47 #53(controller) <9oq>; map; x: failed to load",
            "rspamd",
            "#53(controller) <9oq>; map; x: failed to load",
            "warning",
        ),
        (
            "2026/11/24 07:23:47 [crit] 12#12: *1 SSL_do_handshake()",
            "nginx",
            "[crit] 12#12: *1 SSL_do_handshake()",
            "error",
        ),
    ],
)
def test_lines_of_logs_of_their_own(text: str, service: str, shown: str, severity: str) -> None:
    line = parsed(text, service)

    assert (line.service, line.text, line.severity) == (service, shown, severity)
    assert line.at is not None
    assert line.at.replace(microsecond=0) == datetime(2026, 11, 24, 7, 23, 47).astimezone(UTC)


@pytest.mark.parametrize(
    ("text", "service", "severity"),
    [
        ("imap-login: Info: Login: user=<a@b.test>", "dovecot", "info"),
        ("lmtp(a@b.test)<9><x>: Error: disk full", "dovecot", "error"),
        ("mail postfix/smtpd[12]: warning: hostname does not resolve", "postfix", "warning"),
    ],
)
def test_lines_without_a_year_are_of_the_last_twelve_months(text: str, service: str, severity: str) -> None:
    now = datetime.now().astimezone()
    for ago in (timedelta(minutes=1), timedelta(days=200), timedelta(days=360)):
        at = (now - ago).replace(microsecond=0)

        line = parsed(f"{at:%b} {at.day:>2} {at:%H:%M:%S} {text}")

        assert (line.at, line.service, line.severity) == (at, service, severity)


def test_the_audit_log_is_told_in_words() -> None:
    entry = {
        "at": "2026-11-24T07:23:25+00:00",
        "user": "jo",
        "from": "192.0.2.1",
        "command": ["ban", "add", "192.0.2.7"],
        "status": 1,
    }

    line = parsed(json.dumps(entry), "mailstead")

    assert line.text == "jo from 192.0.2.1: mailstead ban add 192.0.2.7 (exit status 1)"
    assert (line.service, line.severity) == ("mailstead", "error")
    assert line.at == datetime(2026, 11, 24, 7, 23, 25, tzinfo=UTC)


def test_a_line_that_goes_on_from_another_has_no_time() -> None:
    assert parsed("  File x.py, line 3", "fail2ban") == LogLine(
        None, "fail2ban", Severity.INFO, "  File x.py, line 3"
    )


@pytest.mark.parametrize("raw", [b"", b"\n", b"   ", b"\0\0\0", b"\r"])
def test_there_is_no_line_where_there_is_nothing(raw: bytes) -> None:
    assert parse_line(raw) is None


def test_a_long_line_is_cut() -> None:
    line = parsed(AT + "postfix/smtpd[1]: " + "ü" * 1_000_000)

    assert len(line.text) <= LONGEST_TEXT
    assert line.text.endswith("…")


def test_a_hole_before_a_line_is_left_out() -> None:
    raw = b"\0" * 1000 + AT.encode() + b"postfix/smtpd[1]: after copytruncate"

    assert parse_line(raw) == parsed(AT + "postfix/smtpd[1]: after copytruncate")


@given(
    st.sampled_from(
        [
            b"",
            AT.encode(),
            b"2026-11-24 07:23:47,092 ",
            b"Nov 24 07:23:47 ",
            b"{",
            b'{"status": 1, "command": ',
        ]
    ),
    st.binary(max_size=300),
)
def test_any_bytes_are_survived_and_safe_to_show(start: bytes, rest: bytes) -> None:
    line = parse_line(start + rest)

    if line:
        assert not {unicodedata.category(c) for c in line.text} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert line.at is None or line.at.tzinfo == UTC


@pytest.mark.parametrize(
    "stamp",
    [
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2026-02-30T00:00:00+00:00",
        "2026-11-24T07:23:24",
    ],
)
def test_a_time_that_can_not_be_is_part_of_the_text(stamp: str) -> None:
    assert parsed(f"{stamp} mail postfix/smtpd[1]: x").at is None


def test_29_february_is_of_the_last_leap_year() -> None:
    at = parsed("Feb 29 07:23:47 mail postfix/smtpd[1]: x").at

    assert at is not None
    assert at.astimezone().day == 29
