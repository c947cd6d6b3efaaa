"""What is written into the rules of logging and rotating."""

import syslog
from pathlib import Path

import pytest

from backends.logrotate.adapter import Logrotate, LogrotateSettings
from backends.machine.facts import Init
from backends.resources import Directory, File, Service
from backends.rsyslog import arrival
from backends.rsyslog.adapter import Rsyslog, RsyslogSettings


def rotation(init: Init, keep_days: int = 30, override: str = "") -> str:
    (rules,) = (
        r for r in Logrotate(LogrotateSettings(init, keep_days, override)).resources() if isinstance(r, File)
    )
    assert rules.content is not None
    return rules.content.decode()


def test_logs_are_kept_as_long_as_the_answers_say() -> None:
    assert rotation("systemd", 7).count("rotate 7\n    maxage 7\n") == 2


def test_debians_own_rules_are_left_alone() -> None:
    text = rotation("systemd")

    assert "ignoreduplicates" in text
    assert "/var/log/syslog" not in text


def test_without_systemd_writers_that_can_not_be_told_keep_their_file() -> None:
    text = rotation("sysv")

    assert "copytruncate" in text
    assert "postrotate" not in text
    assert "/var/log/auth.log\n" in text


@pytest.mark.parametrize(("init", "what"), [("systemd", "logrotate.timer"), ("sysv", "cron.service")])
def test_something_rotates_every_day(init: Init, what: str) -> None:
    services = [r for r in Logrotate(LogrotateSettings(init)).resources() if isinstance(r, Service)]

    assert [service.unit for service in services] == [what]


def test_own_additions_are_at_the_end() -> None:
    assert (
        rotation("systemd", override="/var/log/mine { daily }").rstrip().endswith("/var/log/mine { daily }")
    )


def test_own_logs_are_for_administrators_only() -> None:
    (directory,) = (r for r in Rsyslog(RsyslogSettings("sysv")).resources() if isinstance(r, Directory))

    assert (directory.path, directory.mode, directory.group) == ("/var/log/mailstead", 0o750, "adm")


def test_rsyslog_has_a_script_where_its_package_has_none() -> None:
    paths = [r.path for r in Rsyslog(RsyslogSettings("sysv")).resources() if isinstance(r, File)]

    assert "/etc/init.d/mailstead-rsyslog" in paths
    assert not any("systemd" in path for path in paths)


def test_a_line_that_does_not_arrive_is_a_failure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("something else\n")
    monkeypatch.setattr(arrival, "MAIL_LOG", log)
    monkeypatch.setattr(arrival, "_PATIENCE", 0.2)

    assert arrival.a_line_arrives().status == "fail"


def test_a_line_that_arrives_is_found_in_a_long_log(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text("something else\n" * 50_000)

    def write(_priority: int, text: str) -> None:
        with log.open("a") as file:
            file.write(f"{text}\n")

    monkeypatch.setattr(arrival, "MAIL_LOG", log)
    monkeypatch.setattr(syslog, "syslog", write)

    assert arrival.a_line_arrives().status == "ok"
