"""Reports out of a mailbox into the store, each once, and the mailbox as it was."""

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from backends.errors import MailsteadError
from backends.reports import collecting
from backends.reports.collecting import Collected, Inbox, collect
from backends.reports.letter import may_bring_report, open_letter, read_report
from backends.reports.store import KEEP, Store, open_store
from tests.unit.report_samples import (
    BEGIN,
    END,
    HOST,
    NOW,
    deliver,
    dmarc,
    failure,
    mail,
    row,
    tls,
    tls_bytes,
    zipped,
)

DOMAIN = "example.test"
LONG_AGO = NOW - timedelta(days=365)
PROVEN = (f"{HOST};\r\n\tdkim=pass header.d=reporter.test;\r\n\tdmarc=pass (policy=reject) header.from=x",)


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    return Inbox(tmp_path / "Maildir", HOST, (DOMAIN, "second.test"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with open_store(tmp_path / "reports" / "reports.db") as opened:
        yield opened


def messages(store: Store, domain: str = DOMAIN) -> int:
    return sum(sum(kept.report.rows.values()) for kept in store.dmarc(domain, LONG_AGO))


def refusals(store: Store) -> list[str]:
    return [one.why for one in store.refusals(LONG_AGO)]


def listing(top: Path) -> dict[str, tuple[int, bytes]]:
    return {
        str(path.relative_to(top)): (path.stat().st_mtime_ns, path.read_bytes())
        for path in top.rglob("*")
        if path.is_file()
    }


def test_a_report_is_found_in_any_folder_and_read_or_not(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc(number="1")))
    deliver(inbox.maildir, "2.b.mail:2,S", mail(zipped(("a.xml", dmarc(number="2")))), "cur")
    deliver(inbox.maildir, "3.c.mail:2,", mail(dmarc(number="3")), ".Reports/cur")

    assert collect(inbox, store, NOW) == Collected(looked_at=3, new=3)
    assert messages(store) == 9


def test_what_is_kept_is_what_was_read(inbox: Inbox, store: Store) -> None:
    text = dmarc(
        row(),
        row("192.0.2.1", 1, ("fail", "fail"), ("pass", "a b.test", "pass", "c.test"), reason="mailing_list"),
        row("192.0.2.1", 2, ("fail", "fail"), ("fail", "example.test", "fail", "x.test")),
    )
    deliver(inbox.maildir, "1.a.mail", mail(text))
    collect(inbox, store, NOW)

    assert [kept.report for kept in store.dmarc(DOMAIN, LONG_AGO)] == [read_report(text)]


def test_a_tls_report_is_found_by_its_media_type(inbox: Inbox, store: Store) -> None:
    letter = mail(
        tls_bytes(tls(failure())),
        media_type="application/tlsrpt+gzip",
        name="report.json.gz",
        subject="Your report",
    )
    deliver(inbox.maildir, "1.a.mail", letter)

    assert collect(inbox, store, NOW).new == 1
    ((kept,),) = [one.policies for one in store.tls(DOMAIN, LONG_AGO)]
    assert (kept.kind, kept.successful, kept.failed) == ("sts", 420, 3)
    assert list(kept.failures.values()) == [3]


def test_danes_policy_domain_is_the_host_and_counts_for_the_mail_domain(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(tls_bytes(tls(domain=HOST, kind="tlsa")), subject="TLSRPT"))

    assert collect(inbox, store, NOW).new == 1
    assert [one.policies[0].kind for one in store.tls(DOMAIN, LONG_AGO)] == ["tlsa"]


def test_the_mailbox_stays_as_it_was(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc()))
    deliver(inbox.maildir, "2.b.mail:2,", mail(b"no report"), "cur")
    before = listing(inbox.maildir)

    collect(inbox, store, NOW)

    assert listing(inbox.maildir) == before


def test_a_mail_is_looked_at_once_also_when_its_flags_change(inbox: Inbox, store: Store) -> None:
    path = deliver(inbox.maildir, "1.a.mail", mail(dmarc()))
    collect(inbox, store, NOW)
    (inbox.maildir / "cur").mkdir()
    path.rename(inbox.maildir / "cur" / "1.a.mail:2,S")

    assert collect(inbox, store, NOW) == Collected()
    assert messages(store) == 3


def test_the_same_report_in_another_mail_counts_once(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc()))
    deliver(inbox.maildir, "2.b.mail", mail(dmarc(row(count=1000))))

    assert collect(inbox, store, NOW) == Collected(looked_at=2, new=1, known=1)
    assert messages(store) == 3


def test_a_report_about_another_domain_is_refused(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc(domain="victim.test")))
    deliver(inbox.maildir, "2.b.mail", mail(tls_bytes(tls(domain="victim.test")), subject="tlsrpt"))

    assert collect(inbox, store, NOW) == Collected(looked_at=2, refused=2)
    assert all("victim.test, not about a domain of this server" in why for why in refusals(store))
    assert messages(store, "victim.test") == 0


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (BEGIN - 400 * 86400, END - 400 * 86400),
        (BEGIN, END + 30 * 86400),
    ],
)
def test_a_report_about_a_time_long_ago_or_to_come_is_refused(
    inbox: Inbox, store: Store, begin: int, end: int
) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc(begin=begin, end=end)))

    assert collect(inbox, store, NOW).refused == 1
    assert "not lately" in refusals(store)[0]


def test_a_refused_mail_does_not_keep_the_next_from_being_read(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(b"\x1f\x8b broken", sender="evil@\x1b[2J"))
    deliver(inbox.maildir, "2.b.mail", b"Subject: Re: Report Domain: example.test\r\n\r\nThank you.")
    nested = b"Content-Type: multipart/mixed; boundary=a\n\n"
    deliver(inbox.maildir, "3.c.mail", b"Subject: TLSRPT\n" + nested + (b"--a\n" + nested) * 3000)
    deliver(inbox.maildir, "4.d.mail", mail(dmarc()))

    done = collect(inbox, store, NOW)

    assert done == Collected(looked_at=4, new=1, refused=1)
    assert all(one.why.isprintable() and one.sender.isprintable() for one in store.refusals(LONG_AGO))


def test_whatever_reading_a_mail_raises_it_is_refused(
    inbox: Inbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def explode(_attachment: bytes) -> None:
        raise RecursionError

    monkeypatch.setattr(collecting, "read_report", explode)
    deliver(inbox.maildir, "1.a.mail", mail(dmarc()))

    assert collect(inbox, store, NOW) == Collected(looked_at=1, refused=1)
    assert "RecursionError" in refusals(store)[0]


def test_a_mail_that_ends_the_program_does_so_once(
    inbox: Inbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "reports" / "reports.db"
    deliver(inbox.maildir, "1.a.mail", mail(dmarc()))

    def die(*_arguments: object) -> None:
        raise KeyboardInterrupt

    def collect_once() -> Collected:
        with open_store(path) as store:
            return collect(inbox, store, NOW)

    with monkeypatch.context() as patched:
        patched.setattr(collecting, "_take", die)
        with pytest.raises(KeyboardInterrupt):
            collect_once()

    assert collect_once() == Collected()


def test_too_large_a_mail_is_refused_by_its_beginning(
    inbox: Inbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "LARGEST_MAIL", 1000)
    deliver(inbox.maildir, "1.a.mail", mail(dmarc()))

    assert collect(inbox, store, NOW).refused == 1


def test_other_mail_is_not_opened(inbox: Inbox, store: Store) -> None:
    invoice = mail(dmarc(), media_type="application/zip", name="invoice.zip", subject="Your invoice")
    deliver(inbox.maildir, "1.a.mail", invoice)

    assert collect(inbox, store, NOW) == Collected(looked_at=1)


@pytest.mark.parametrize(
    "head",
    [
        b"Subject: Report Domain: example.test Submitter: google.com Report-ID: 1",
        b"Subject: =?utf-8?q?Report_Domain:_example.test?=",
        b'Content-Disposition: attachment; filename="google.com!example.test!1700000000!1700086399.zip"',
        b"Content-Type: application/gzip; name*=UTF-8''google.com!example.test!1700000000!1700086399.xml.gz",
        b'Content-Type: multipart/report; report-type="tlsrpt"',
    ],
)
def test_report_mails_are_told_by_what_the_standards_say(head: bytes) -> None:
    assert may_bring_report(head)
    assert not may_bring_report(b'Subject: a good deal!\r\nContent-Type: text/plain; name="!!!"\r\n\r\nHi')


def test_links_and_pipes_in_the_mailbox_are_not_followed(inbox: Inbox, store: Store, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(mail(dmarc()))
    (inbox.maildir / "new").mkdir(parents=True)
    (inbox.maildir / "new" / "1.a.mail").symlink_to(outside)
    os.mkfifo(inbox.maildir / "new" / "2.b.mail")
    deliver(tmp_path / "elsewhere", "3.c.mail", mail(dmarc()))
    (inbox.maildir / ".Link").symlink_to(tmp_path / "elsewhere")

    assert collect(inbox, store, NOW) == Collected()


def test_a_mailbox_that_is_not_there_yet_has_no_reports(inbox: Inbox, store: Store) -> None:
    assert collect(inbox, store, NOW) == Collected()
    assert store.collected_at() == NOW


def test_what_one_collection_leaves_the_next_takes(
    inbox: Inbox, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "MOST_LETTERS", 2)
    for number in range(3):
        deliver(inbox.maildir, f"{number}.a.mail", mail(dmarc(number=str(number))))

    assert [collect(inbox, store, NOW).new for _ in range(3)] == [2, 1, 0]


def test_names_of_mail_that_is_gone_are_forgotten(inbox: Inbox, store: Store) -> None:
    path = deliver(inbox.maildir, "1.a.mail", mail(dmarc()))
    collect(inbox, store, NOW)
    path.unlink()
    collect(inbox, store, NOW)

    assert store.looked_at() == set()
    assert messages(store) == 3


@pytest.mark.parametrize(
    ("results", "is_proven"),
    [
        (PROVEN, True),
        ((f"{HOST}; dmarc=none", *PROVEN), False),
        (("other.test; dmarc=pass",), False),
        ((f"{HOST}; dkim=pass header.d=x; dmarc=fail reason=x",), False),
        ((f'{HOST}; spf=pass smtp.mailfrom="dmarc=pass "@evil.test',), False),
        ((f"{HOST}; dmarc=passable",), False),
        ((), False),
    ],
)
def test_a_sender_is_proven_by_this_servers_own_word_only(results: tuple[str, ...], is_proven: bool) -> None:
    assert open_letter(mail(dmarc(), results=results), HOST).is_proven is is_proven


def test_old_reports_go(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc()))
    collect(inbox, store, NOW)
    store.tidy(NOW + KEEP)

    assert messages(store) == 0


def test_a_flood_of_reports_pushes_out_those_without_a_proven_sender(inbox: Inbox, store: Store) -> None:
    deliver(inbox.maildir, "1.a.mail", mail(dmarc(row(count=1), number="1"), results=PROVEN))
    for number in (2, 3):
        deliver(inbox.maildir, f"{number}.a.mail", mail(dmarc(row(count=100), number=str(number))))
    collect(inbox, store, NOW)

    store.tidy(NOW, most_rows=1)

    assert messages(store) == 1


def test_only_root_may_read_the_store_and_a_broken_one_says_so(tmp_path: Path) -> None:
    path = tmp_path / "reports" / "reports.db"
    with open_store(path):
        pass
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    path.write_bytes(b"no database at all, but long enough to be taken for one" * 40)

    with pytest.raises(MailsteadError, match=r"reports\.db can't be used"), open_store(path):
        pass
