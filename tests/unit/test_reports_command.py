"""`mailstead reports`: what reports add up to, what to do about it, and the timer that collects them."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from backends.checks import Status
from backends.reports import store as store_module
from backends.reports.adapter import Reports
from backends.reports.advice import advice, status_of, title, tls_advice
from backends.reports.collecting import Inbox, collect
from backends.reports.judging import Verdict, judge
from backends.reports.letter import read_report
from backends.reports.report import DmarcReport, DmarcRow
from backends.reports.store import open_store
from backends.resources import Directory, File, Service
from screens.commands import reports as command
from tests.unit.report_samples import HOST, NOW, deliver, dmarc, failure, mail, row, tls, tls_bytes
from wizard import answers_in_force, reports

ROOT = Path(__file__).parents[2]
OWN = "198.51.100.10"
PROVEN = (f"{HOST}; dmarc=pass (policy=reject) header.from=reporter.test",)
KINDS = (
    "starttls-not-supported",
    "certificate-host-mismatch",
    "certificate-expired",
    "certificate-not-trusted",
    "validation-failure",
    "tlsa-invalid",
    "dnssec-invalid",
    "dane-required",
    "sts-policy-fetch-error",
    "sts-policy-invalid",
    "sts-webpki-invalid",
)
"""RFC 8460 sections 4.3.1 to 4.3.3."""

Receive = Callable[..., None]


class _Now:
    @staticmethod
    def now(_zone: object) -> object:
        return NOW


@pytest.fixture(autouse=True)
def receive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Receive:
    """A server with two domains; gives what delivers reports to its admin and collects them."""
    path = tmp_path / "reports" / "reports.db"
    site = SimpleNamespace(
        domains=("example.test", "second.test"),
        admin="admin@example.test",
        hostname=HOST,
        public_addresses=(),
    )
    answers = SimpleNamespace(site=site)
    inbox = Inbox(tmp_path / "admin" / "Maildir", HOST, site.domains)
    monkeypatch.setattr(store_module, "open_store", lambda: open_store(path))
    monkeypatch.setattr(reports, "open_store", lambda: open_store(path))
    monkeypatch.setattr(answers_in_force, "answers_in_force", lambda: answers)
    monkeypatch.setattr(reports, "answers_in_force", lambda: answers)
    monkeypatch.setattr(reports, "list_domains", lambda: (SimpleNamespace(name="third.test"),))
    monkeypatch.setattr(reports, "mail_directory", lambda _address: tmp_path / "admin")
    monkeypatch.setattr(reports, "gather_facts", lambda: SimpleNamespace(addresses=(OWN,)))
    for module in (reports, command):
        monkeypatch.setattr(module, "datetime", _Now)

    def deliver_all(*contents: bytes) -> None:
        for content in contents:
            number = len(list(inbox.maildir.rglob("*.mail")))
            deliver(inbox.maildir, f"{number}.mail", content)
        with open_store(path) as opened:
            collect(inbox, opened, NOW)

    return deliver_all


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.reports, arguments)


def verdict(text: str) -> Verdict:
    report = read_report(dmarc(text))
    assert isinstance(report, DmarcReport)
    (one,) = report.rows
    return judge(one, {OWN})


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (row(OWN), Verdict.OWN),
        (row(OWN, aligned=("fail", "pass")), Verdict.OWN_UNSIGNED),
        (row(OWN, aligned=("pass", "fail")), Verdict.OWN_UNLISTED),
        (row(OWN, aligned=("fail", "fail")), Verdict.OWN_BROKEN),
        (row("192.0.2.1"), Verdict.AUTHORISED),
        (row("192.0.2.1", aligned=("pass", "fail")), Verdict.SIGNED_ELSEWHERE),
        (row("192.0.2.1", aligned=("fail", "pass")), Verdict.UNSIGNED_SERVICE),
        (
            row("192.0.2.1", 1, ("fail", "fail"), ("fail", "example.test", "pass", "lists.test")),
            Verdict.PASSED_ON,
        ),
        (row("192.0.2.1", 1, ("fail", "fail"), None, reason="mailing_list"), Verdict.PASSED_ON),
        (row("192.0.2.1", 1, ("fail", "fail"), None, reason="local_policy"), Verdict.FORGED),
        (
            row("192.0.2.1", 1, ("fail", "fail"), ("none", "", "pass", "bounce.service.test")),
            Verdict.OTHER_NAME,
        ),
        (row("192.0.2.1", 1, ("fail", "fail"), ("none", "", "fail", "example.test")), Verdict.FORGED),
        (row("192.0.2.1", 1, ("fail", "fail"), None), Verdict.FORGED),
    ],
    ids=lambda value: value if isinstance(value, Verdict) else "row",
)
def test_a_row_is_judged_by_who_sent_it_and_what_held(text: str, wanted: Verdict) -> None:
    assert verdict(text) is wanted


@pytest.mark.parametrize("one", list(Verdict))
@pytest.mark.parametrize("policy", ["none", "quarantine", "reject", ""])
def test_there_is_something_to_say_of_every_verdict(one: Verdict, policy: str) -> None:
    assert title(one)
    assert advice(one, policy)
    assert isinstance(status_of(one, policy), Status)


def test_a_forgery_is_only_worth_a_warning_while_receivers_take_it() -> None:
    assert status_of(Verdict.FORGED, "none") is Status.WARN
    assert status_of(Verdict.FORGED, "quarantine") is Status.OK
    assert "while DMARC says quarantine" in advice(Verdict.FORGED, "quarantine")


def test_every_kind_of_failure_has_its_own_way_out() -> None:
    unknown = tls_advice("made-up")
    assert all(tls_advice(kind) != unknown for kind in KINDS)
    assert "cert renew" in tls_advice("certificate-expired")


def test_what_was_seen_is_shown_by_source_with_what_to_do(receive: Receive) -> None:
    forged = row("203.0.113.9", 40, ("fail", "fail"), None, disposition="quarantine")
    service = row("192.0.2.1", 5, ("fail", "pass"))
    receive(
        mail(dmarc(row(OWN, 1200), forged, service), results=PROVEN),
        mail(tls_bytes(tls(failure())), subject="tlsrpt"),
    )

    done = run("--domain", "example.test")

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines() == [
        "example.test: 2 reports in the last 30 days, from reporter.test",
        "      1 of them came without a proven sender: anybody may have written it",
        "WARN  a service of yours sends without DKIM: 5 messages",
        f"      {'192.0.2.1':<40}        5",
        f"      what to do: {advice(Verdict.UNSIGNED_SERVICE, 'quarantine')}",
        "ok    somebody forges you: 40 messages",
        f"      {'203.0.113.9':<40}       40  quarantine: 40",
        "      what to do: nothing to do while DMARC says quarantine: it goes to the spam folder",
        "ok    this server, all aligned: 1200 messages",
        f"      {OWN:<40}     1200",
        "      what to do: nothing to do",
        "FAIL  encrypted connections: 420 succeeded, 3 failed",
        f"      {'certificate-expired':<40}        3  {HOST}",
        "      what to do: mailstead cert status, then mailstead cert renew",
        "",
        "collected at 2026-11-24 12:00 UTC; a timer does it every hour",
    ]


def test_scripts_get_the_same_as_one_document(receive: Receive) -> None:
    receive(
        mail(dmarc(row(OWN, 7), row("192.0.2.1", 2, ("fail", "fail"), None)), results=PROVEN),
        mail(tls_bytes(tls(failure())), subject="tlsrpt"),
        mail(dmarc(domain="victim.test", number="2")),
    )

    document = json.loads(run("--json").stdout)

    assert document["days"] == 30
    assert [one["domain"] for one in document["domains"]] == ["example.test", "second.test", "third.test"]
    found = document["domains"][0]
    assert (found["reports"], found["unproven"], found["reporters"]) == (2, 1, ["reporter.test"])
    assert (found["policy"], found["messages"]) == ("quarantine", 9)
    assert {one["verdict"]: one["sources"][0]["address"] for one in found["senders"]} == {
        "forged": "192.0.2.1",
        "own": OWN,
    }
    assert found["tls"]["failures"][0]["type"] == "certificate-expired"
    assert document["domains"][1]["reports"] == 0
    assert [one["sender"] for one in document["refused"]] == ["reporter.test"]


def test_what_a_proven_sender_found_published_counts_more(receive: Receive) -> None:
    receive(mail(dmarc(policy="reject", number="1"), results=PROVEN), mail(dmarc(policy="none", number="2")))

    assert json.loads(run("--json").stdout)["domains"][0]["policy"] == "reject"


def test_long_lists_are_cut_for_people_only(receive: Receive) -> None:
    rows = [row(f"192.0.2.{number}", number, ("fail", "fail"), None) for number in range(1, 14)]
    receive(mail(dmarc(*rows)))

    lines = run("--domain", "example.test").stdout.splitlines()
    document = json.loads(run("--domain", "example.test", "--json").stdout)

    assert sum("192.0.2." in line for line in lines) == 10
    assert "      and 3 more" in lines
    assert len(document["domains"][0]["senders"][0]["sources"]) == 13


def test_reports_before_the_days_asked_for_are_left_out(receive: Receive) -> None:
    before = int((NOW - timedelta(days=10)).timestamp())
    receive(mail(dmarc(begin=before, end=before + 86399)))

    assert "nobody reported in the last 7 days" in run("--domain", "example.test", "--days", "7").stdout
    assert "1 report in the last 20 days" in run("--domain", "example.test", "--days", "20").stdout


def test_before_anything_was_collected_it_says_so() -> None:
    done = run()

    assert done.exit_code == 0, done.output
    assert "third.test: nobody reported in the last 30 days" in done.stdout
    assert "never collected yet" in done.stdout


def test_mails_that_were_refused_are_named(receive: Receive) -> None:
    receive(mail(b"\x1f\x8b broken"))

    assert "reporter.test: the attachment can't be unpacked" in run().stdout


@pytest.mark.parametrize("arguments", [("--domain", "other.test"), ("--days", "0"), ("--days", "1000")])
def test_a_wrong_call_is_a_usage_error(arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_nothing_that_a_stranger_wrote_reaches_the_terminal_as_it_is(receive: Receive) -> None:
    hostile = failure("\x1b]52;c;x\x07", 1, **{"failure-reason-code": "\x1b[2J\u202eevil"})
    receive(mail(tls_bytes(tls(hostile)), subject="tlsrpt"), mail(dmarc(domain="x\u202ey.test")))

    shown = run().stdout

    assert all(line.isprintable() for line in shown.splitlines())
    assert "evil" in shown


def test_the_timers_command_collects_from_the_admins_mailbox(tmp_path: Path) -> None:
    deliver(tmp_path / "admin" / "Maildir", "1.mail", mail(dmarc()))

    first, second, by_timer = run("collect"), run("collect", "--json"), run("collect", "--quiet")

    assert first.exit_code == 0, first.output
    assert first.stdout == "mails looked at: 1; new reports: 1; known before: 0; refused: 0\n"
    assert json.loads(second.stdout) == {"looked_at": 0, "new": 0, "known": 0, "refused": 0}
    assert (by_timer.exit_code, by_timer.output) == (0, "")


def test_a_timer_collects_every_hour() -> None:
    found = list(Reports(has_systemd=True).resources())
    files = {one.path: (one.content or b"").decode() for one in found if isinstance(one, File)}

    assert Directory("/var/lib/mailstead/reports", 0o700) in found
    assert "mailstead-reports.timer" in {one.unit for one in found if isinstance(one, Service)}
    service = files["/etc/systemd/system/mailstead-reports.service"]
    assert "ExecStart=/usr/local/bin/mailstead reports collect --quiet\n" in service
    assert "ReadWritePaths=/var/lib/mailstead\n" in service
    assert "OnCalendar=hourly\n" in files["/etc/systemd/system/mailstead-reports.timer"]


def test_without_systemd_cron_collects() -> None:
    found = list(Reports(has_systemd=False).resources())
    (entry,) = (one for one in found if isinstance(one, File))

    assert entry.path == "/etc/cron.d/mailstead-reports"
    assert b"0 * * * * root /usr/local/bin/mailstead reports collect --quiet\n" in (entry.content or b"")


def test_no_other_command_loads_what_reads_reports() -> None:
    program = (
        "import sys; from screens.command_line import mailstead; import wizard.blueprint;"
        "loaded = {'backends.reports.dmarc', 'backends.reports.letter'} & set(sys.modules);"
        "sys.exit(str(loaded) if loaded else 0)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr


def test_a_row_of_an_unknown_author_is_judged_too() -> None:
    assert judge(DmarcRow("192.0.2.1", "", "none", False, False), {OWN}) is Verdict.FORGED
