"""How far a step is: what is wrong, what has to be decided, what should be known."""

from dataclasses import replace

import pytest

from backends.checks import Status
from backends.machine.disks import MailPlace
from backends.machine.port_25 import Port25
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.readiness import (
    Readiness,
    StepReadiness,
    accept,
    all_readiness,
    is_ready_to_install,
    readiness,
)
from wizard.steps import STEPS, step, steps
from wizard.steps.question import StepFinding
from wizard.suggestions import suggested_draft

GIBIBYTE = 1 << 30
GOOD = Surroundings(
    hostname="mail.example.org",
    release="trixie",
    cores=4,
    memory_bytes=4 * GIBIBYTE,
    mail_place=MailPlace("/var/vmail", 200 * GIBIBYTE, 180 * GIBIBYTE, ("sda",)),
    port_25=Port25(True, "mx.example.net answered on port 25"),
)
AWAY = {"name": "away", "url": "sftp:backup@store.example.net:/mail"}


def fresh() -> Draft:
    return suggested_draft(GOOD).with_row("backups.repositories", AWAY)


def finding(name: str, draft: Draft, surroundings: Surroundings, finding_id: str) -> StepFinding:
    return next(each for each in step(name).findings(draft, surroundings) if each.id == finding_id)


def test_nothing_is_in_the_way_on_a_good_machine_and_nobody_was_there_yet() -> None:
    found = all_readiness(fresh(), GOOD)
    assert tuple(found) == STEPS
    assert set(found.values()) == {StepReadiness(Readiness.UNTOUCHED)}
    assert is_ready_to_install(fresh(), GOOD)


def test_a_step_that_was_visited_is_ready() -> None:
    draft = fresh().with_visited("site").with_visited("site")
    assert readiness(step("site"), draft, GOOD).state is Readiness.READY
    assert readiness(step("hardware"), draft, GOOD).state is Readiness.UNTOUCHED


def test_mistakes_are_counted_and_the_first_is_told_in_words() -> None:
    draft = fresh().with_value("site.hostname", "mail").with_value("site.domains", ["example.org", "e x"])
    found = readiness(step("site"), draft, GOOD)
    assert (found.state, found.count) == (Readiness.NEEDS_YOU, 2)
    assert found.first.startswith('Host name: "mail" is only a short name')
    assert not is_ready_to_install(draft, GOOD)


def test_a_mistake_in_a_row_names_row_and_column() -> None:
    draft = fresh().with_row("accounts.mailboxes", {"address": "anna@example.org", "quota": "lots"})
    assert readiness(step("accounts"), draft, GOOD).first.startswith('Mailboxes 2, Limit: "lots" is no size')


def test_a_mistake_of_a_whole_table_belongs_to_its_step() -> None:
    draft = fresh()
    for key in ("daily", "weekly", "monthly"):
        draft = draft.with_value(f"backups.keep.{key}", 0)
    found = readiness(step("backups"), draft, GOOD)
    assert (found.state, found.first.partition(":")[0]) == (Readiness.NEEDS_YOU, "Days kept")


@pytest.mark.parametrize("key", ["site.admin", "protocols.imaps.port", "logging.alerts.to", "dns.publish"])
def test_each_mistake_is_at_exactly_one_step(key: str) -> None:
    draft = fresh().with_value(key, ["?"] if key.endswith(".to") else "?" if "port" not in key else 0)
    states = [each.state for each in all_readiness(draft, GOOD).values()]
    assert states.count(Readiness.NEEDS_YOU) == 1


def test_a_warning_stands_until_it_is_accepted() -> None:
    blocked = replace(GOOD, port_25=Port25(False, "mx.example.net did not answer"))
    draft = fresh().with_visited("hardware")
    found = readiness(step("hardware"), draft, blocked)
    assert (found.state, found.count) == (Readiness.WARNING, 1)
    assert "mx.example.net did not answer" in found.first
    assert is_ready_to_install(draft, blocked)
    accepted = accept(draft, finding("hardware", draft, blocked, "port-25-out"))
    assert readiness(step("hardware"), accepted, blocked).state is Readiness.READY
    assert accepted.answers().hardware.accept == ("port-25-out",)
    assert accept(accepted, finding("hardware", draft, blocked, "port-25-out")) == accepted


def test_what_needs_a_decision_stands_in_the_way_until_it_is_taken() -> None:
    other = replace(GOOD, other_mail_server="exim4-daemon-light")
    draft = fresh().with_visited("hardware")
    assert readiness(step("hardware"), draft, other).state is Readiness.NEEDS_YOU
    accepted = accept(draft, finding("hardware", draft, other, "other-mail-server"))
    assert readiness(step("hardware"), accepted, other).state is Readiness.READY
    assert is_ready_to_install(accepted, other)


def test_what_would_fail_can_not_be_accepted() -> None:
    other = replace(GOOD, other_mail_server="exim4-daemon-light", waiting_messages=3)
    waiting = finding("hardware", fresh(), other, "waiting-mail")
    with pytest.raises(ValueError, match="waiting-mail"):
        accept(fresh(), waiting)
    forced = fresh().with_value("hardware.accept", ["waiting-mail", "other-mail-server"])
    assert readiness(step("hardware"), forced, other).state is Readiness.NEEDS_YOU


def test_what_is_not_known_is_neither_a_warning_nor_in_the_way() -> None:
    unknown = Surroundings(hostname="mail.example.org", port_25=Port25(None, "the DNS gave no answer"))
    assert readiness(step("hardware"), fresh(), unknown).state is Readiness.UNTOUCHED


def test_a_wrong_list_of_accepted_warnings_is_a_mistake_and_no_crash() -> None:
    for value in ("port-25-out", [3], {"a": 1}):
        draft = fresh().with_value("hardware.accept", value)
        assert readiness(step("hardware"), draft, GOOD).state is Readiness.NEEDS_YOU


def test_every_step_says_how_to_mend_what_it_finds() -> None:
    bad = Surroundings(
        problem="this is neither Debian 12 (bookworm) nor Debian 13 (trixie)",
        cores=1,
        memory_bytes=GIBIBYTE // 2,
        mail_place=MailPlace("/var/vmail", GIBIBYTE, GIBIBYTE // 4, ()),
        port_25=Port25(False, "mx.example.net did not answer"),
        ports_held={80: "apache2", 993: "stunnel", 465: ""},
    )
    draft = (
        fresh()
        .with_value("site.hostname", "mail.example.internal")
        .with_value("site.expected_mailboxes", 2000)
        .with_value("certificates.source", "acme")
        .with_value("protocols.smtp.enabled", False)
        .with_value("dns.forward_to", ["192.0.2.53"])
        .with_value("logging.bans.ignore", ["0.0.0.0/0"])
        .with_value("backups.repositories", [])
    )
    found = [each for one in steps() for each in one.findings(draft, bad) if each.status is not Status.OK]
    assert {each.id for each in found} == {
        "private-name",
        "release",
        "cores",
        "memory",
        "free-space",
        "port-25-out",
        "port-80-held",
        "port-held.imaps",
        "port-held.submissions",
        "no-smtp",
        "block-lists-through-resolver",
        "nobody-is-banned",
        "no-backup",
    }
    assert all(each.seen and each.wanted and each.mend for each in found)
