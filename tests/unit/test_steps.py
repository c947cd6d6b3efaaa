"""The wizard's questions: one for every key of the answers, in words, asked when they are needed."""

import math
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import ip_address
from types import SimpleNamespace
from typing import Any, Literal, cast, get_args, get_origin

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from backends.certificates.found import FoundCertificate
from backends.checks import Status
from backends.machine.disks import Disk, MailPlace
from backends.machine.facts import MachineFacts
from backends.machine.port_25 import Port25
from backends.machine.surroundings import Surroundings
from wizard import preflight, suggestions
from wizard.answers import Answers
from wizard.answers_file import save
from wizard.answers_mistakes import known_keys
from wizard.draft import ROW_MODELS, Draft
from wizard.errors import AnswersError
from wizard.needs import needs_of
from wizard.quickstart import quickstart_answers
from wizard.secrets import SecretReference
from wizard.steps import STEPS, step, steps
from wizard.steps.hardware import OTHER_MAIL_SERVER
from wizard.steps.question import Kind, Question, StepFinding
from wizard.suggestions import answered, draft_to_begin_with, suggested_draft

GIBIBYTE = 1 << 30
MACHINE = Surroundings(hostname="mail.example.org")
LETSENCRYPT = FoundCertificate(
    "/etc/letsencrypt/live/example.org/fullchain.pem",
    "/etc/letsencrypt/live/example.org/privkey.pem",
    ("*.example.org", "example.org"),
    60,
)


def all_questions() -> Iterator[tuple[str, Question]]:
    """Every question with its whole key; 0 stands for a row."""
    for each in steps():
        for question in each.questions:
            yield question.key, question
            for column in question.columns:
                yield f"{question.key}.0.{column.key}", column


def shown(name: str, draft: Draft, *, is_expert: bool = False) -> list[str]:
    return [question.key for question in step(name).shown(draft, is_expert=is_expert)]


def ids(name: str, draft: Draft, surroundings: Surroundings) -> dict[str, Status]:
    return {each.id: each.status for each in step(name).findings(draft, surroundings)}


def test_the_steps_come_in_their_order() -> None:
    assert tuple(each.name for each in steps()) == STEPS


def test_every_key_of_the_answers_has_one_question_and_nothing_else_has() -> None:
    paths = set(known_keys())
    tables = {path[:end] for path in paths for end in range(1, len(path))} - set(ROW_MODELS)
    keys = {".".join(map(str, path)) for path in paths - tables} - {"schema"}  # the file's format, no answer
    asked = [key for key, _ in all_questions()]
    assert sorted(asked) == sorted(keys)


def test_every_section_of_the_answers_belongs_to_one_step() -> None:
    owned = [section for each in steps() for section in each.sections]
    assert sorted(owned) == sorted(set(Answers.model_fields) - {"schema_version"})
    for each in steps():
        assert {question.key.partition(".")[0] for question in each.questions} == set(each.sections)


@pytest.mark.parametrize(("key", "question"), list(all_questions()))
def test_every_question_says_what_it_is_why_and_where_that_comes_from(key: str, question: Question) -> None:
    for text in (question.label, question.why, question.help, question.source):
        assert text.strip() == text != "", key
        assert "\n" not in text
    assert len(question.label) <= 42
    assert len(question.why) <= 100
    assert question.why.endswith(".")
    assert question.help.endswith(".")
    assert len(question.help) > len(question.why) or question.is_expert or ".0." in key


def test_no_two_questions_of_a_step_are_called_the_same() -> None:
    for each in steps():
        labels = [question.label for question in each.questions]
        assert len(set(labels)) == len(labels)
        assert each.title
        assert each.why
        assert each.help


@pytest.mark.parametrize(("key", "question"), list(all_questions()))
def test_every_question_is_of_the_kind_that_its_answer_is(key: str, question: Question) -> None:
    annotation = _annotation(key)
    values = [choice.value for choice in question.choices]
    if get_origin(annotation) is Literal:
        assert (question.kind, values) == (Kind.CHOICE, list(get_args(annotation)))
        return
    default = Draft().value(key)
    kinds = {
        bool: {Kind.SWITCH},
        int: {Kind.WHOLE},
        float: {Kind.NUMBER},
        str: {Kind.TEXT, Kind.SECRET},
        list: {Kind.LINES, Kind.ROWS},
    }
    if default is not None:
        assert question.kind in kinds[type(default)], key
    assert (question.kind is Kind.SECRET) == (annotation is SecretReference), key
    assert bool(question.columns) == (question.kind is Kind.ROWS)


@pytest.mark.parametrize(("key", "question"), list(all_questions()))
def test_every_choice_that_is_offered_is_taken(key: str, question: Question) -> None:
    draft = suggested_draft(MACHINE).with_row(
        "accounts.aliases", {"address": "a@example.org", "to": ["b@c.de"]}
    )
    for choice in question.choices:
        value = [choice.value] if question.kind is Kind.LINES else choice.value
        assert key not in draft.with_value(key, value).mistakes()
        assert choice.label


@pytest.mark.parametrize(("key", "question"), list(all_questions()))
def test_every_default_is_typed_as_it_is_read(key: str, question: Question) -> None:
    default = Draft().value(key)
    if question.kind is not Kind.ROWS and default is not None:
        assert question.value_of(question.text_of(default)) == default


@given(text=st.text(max_size=30))
def test_whatever_is_typed_becomes_a_value_and_never_an_error(text: str) -> None:
    for _, question in all_questions():
        value = question.value_of(text)
        assert isinstance(value, str | int | float | bool | list)
        assert question.value_of(question.text_of(value)) == value or question.kind is Kind.LINES


@pytest.mark.parametrize(
    ("text", "value"),
    [("25", 25), (" 25 ", 25), ("-1", -1), ("", ""), ("2.5", "2.5"), ("١", "١"), ("9" * 30, "9" * 30)],
)
def test_a_whole_number_is_read_from_digits_only(text: str, value: object) -> None:
    assert _question("logging.keep_days").value_of(text) == value


def test_a_score_may_be_typed_with_a_comma() -> None:
    assert _question("antispam.reject_score").value_of("7,5") == 7.5


def test_blanks_around_a_secret_belong_to_it() -> None:
    assert _question("protocols.relay.password").value_of(" a b ") == " a b "


def test_experts_are_shown_every_key_of_a_step() -> None:
    for each in steps():
        assert shown(each.name, Draft(), is_expert=True) == [question.key for question in each.questions]


def test_only_what_the_chosen_path_needs_is_asked() -> None:
    draft = suggested_draft(MACHINE)
    assert shown("certificates", draft) == ["certificates.source", "dns.publish", "dns.policy.dmarc"]
    acme = draft.with_value("certificates.source", "acme")
    assert shown("certificates", acme)[1:3] == ["certificates.acme.email", "certificates.acme.challenge"]
    imported = draft.with_value("certificates.source", "imported").without("certificates.imported")
    assert shown("certificates", imported)[1:3] == [
        "certificates.imported.certificate",
        "certificates.imported.key",
    ]
    update = draft.with_value("dns.publish", "rfc2136")
    assert [key for key in shown("certificates", update) if "rfc2136" in key] == [
        "dns.rfc2136.server",
        "dns.rfc2136.key_name",
        "dns.rfc2136.key_secret",
    ]
    assert "dns.credentials" not in shown("certificates", update)
    provider = draft.with_value("dns.publish", "cloudflare")
    assert "dns.credentials" in shown("certificates", provider)
    assert "dns.rfc2136.server" not in shown("certificates", provider)


def test_a_smarthost_is_asked_about_step_by_step() -> None:
    draft = suggested_draft(MACHINE)

    def relay(draft: Draft) -> list[str]:
        return [key.rpartition(".")[2] for key in shown("protocols", draft) if ".relay." in key]

    assert relay(draft) == ["host"]
    draft = draft.with_value("protocols.relay.host", "smtp.example.net")
    assert relay(draft) == ["host", "port", "username"]
    assert relay(draft.with_value("protocols.relay.username", "anna")) == [
        "host",
        "port",
        "username",
        "password",
    ]


def test_what_is_wrong_is_shown_even_where_it_would_not_be_asked() -> None:
    draft = suggested_draft(MACHINE).with_value("certificates.imported.key", "not a path")
    assert "certificates.imported.key" in shown("certificates", draft)
    assert "protocols.pop3.port" in shown("protocols", draft.with_value("protocols.pop3.port", 0))


@settings(deadline=None, max_examples=60)
@given(host=st.one_of(st.text(max_size=60), st.text("ab1-_. (", max_size=100)))
def test_a_machine_gets_the_answers_of_a_quickstart_whatever_it_is_called(host: str) -> None:
    assert suggested_draft(Surroundings(hostname=host)).answers() == quickstart_answers(host)


def test_what_is_known_better_from_the_machine_is_suggested() -> None:
    surroundings = replace(
        MACHINE, certificates=(LETSENCRYPT,), forward_to=(ip_address("192.0.2.53"),), dnssec=False
    )
    answers = suggested_draft(surroundings).answers()
    assert answers.certificates.source == "imported"
    assert answers.certificates.imported.key == LETSENCRYPT.key
    assert (answers.dns.forward_to, answers.dns.dnssec) == (surroundings.forward_to, False)


@pytest.mark.parametrize(
    "certificate",
    [
        replace(LETSENCRYPT, days_left=-1),
        replace(LETSENCRYPT, names=("example.org",)),
        replace(LETSENCRYPT, names=("*.mail.example.org", "*.org")),
    ],
)
def test_a_certificate_that_does_not_fit_is_not_suggested(certificate: FoundCertificate) -> None:
    draft = suggested_draft(replace(MACHINE, certificates=(certificate,)))
    assert draft.value("certificates.source") == "own-ca"


def test_the_rest_follows_the_host_name_until_somebody_decides() -> None:
    machine = Surroundings(hostname="debian", certificates=(LETSENCRYPT,))
    draft = answered(suggested_draft(machine), "accounts.mailboxes.0.quota", "5G", machine)
    draft = answered(draft, "site.hostname", "mail.example.org", machine)
    answers = draft.answers()
    assert answers.site.domains == ("example.org",)
    assert answers.certificates.acme.email == answers.site.admin == "admin@example.org"
    assert [(m.address, m.quota) for m in answers.accounts.mailboxes] == [("admin@example.org", 5 * GIBIBYTE)]
    assert answers.certificates.source == "imported"
    draft = answered(draft, "site.admin", "post@example.org", machine)
    draft = answered(draft, "site.hostname", "mx.example.org", machine)
    assert draft.answers().site.admin == draft.value("accounts.mailboxes.0.address") == "post@example.org"


def test_a_half_typed_host_name_leaves_the_rest_as_it_is() -> None:
    draft = suggested_draft(MACHINE)
    for text in ("", "mail", "mail.", "mail..org", "mail example.org"):
        assert answered(draft, "site.hostname", text, MACHINE).value("site.domains") == ["example.org"]


def test_who_only_passes_through_a_field_decides_nothing() -> None:
    draft = suggested_draft(MACHINE)
    for key in draft.suggested:
        draft = answered(draft, key, draft.value(key), MACHINE)
    assert draft == suggested_draft(MACHINE)


def test_a_machine_that_is_set_up_begins_with_its_answers(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "answers.toml"
    monkeypatch.setattr("wizard.answers_in_force.ANSWERS_FILE", path)
    assert draft_to_begin_with(MACHINE) == suggested_draft(MACHINE)
    answers = quickstart_answers("mx.example.net")
    save(answers, path)
    draft = draft_to_begin_with(MACHINE)
    assert draft.answers() == answers
    assert suggestions.follow(draft, MACHINE) == draft
    path.write_text("no toml")
    with pytest.raises(AnswersError):
        draft_to_begin_with(MACHINE)


@pytest.mark.parametrize(
    ("surroundings", "finding_id", "status"),
    [
        (Surroundings(cores=1), "cores", Status.OK),
        (Surroundings(memory_bytes=GIBIBYTE), "memory", Status.OK),
        (Surroundings(memory_bytes=GIBIBYTE // 2), "memory", Status.WARN),
        (Surroundings(port_25=Port25(True, "x")), "port-25-out", Status.OK),
        (Surroundings(port_25=Port25(False, "x")), "port-25-out", Status.WARN),
        (Surroundings(port_25=Port25(None, "x")), "port-25-out", Status.SKIP),
        (Surroundings(mail_place=MailPlace("/m", 1, 60 * GIBIBYTE, ())), "free-space", Status.OK),
        (Surroundings(mail_place=MailPlace("/m", 1, 50 * GIBIBYTE, ())), "free-space", Status.WARN),
        (Surroundings(mail_place=MailPlace("/m", 1, 1000, ())), "free-space", Status.FAIL),
        (Surroundings(problem="this is no Debian"), "release", Status.FAIL),
        (Surroundings(other_mail_server="exim4-daemon-light"), OTHER_MAIL_SERVER, Status.FAIL),
    ],
)
def test_the_machine_is_measured_against_25_mailboxes(
    surroundings: Surroundings, finding_id: str, status: Status
) -> None:
    assert ids("hardware", suggested_draft(MACHINE), surroundings)[finding_id] is status


def test_nothing_is_said_of_what_is_not_known() -> None:
    assert ids("hardware", suggested_draft(MACHINE), Surroundings()) == {}


@pytest.mark.parametrize(
    ("own", "given", "found"),
    [
        (["192.168.1.5"], [], ["private-addresses"]),
        (["192.168.1.5", "fd00::5"], ["192.0.2.25"], []),
        (["192.168.1.5", "2001:db8::5"], [], []),
        (["192.168.1.5", "2001:db8::5"], ["192.0.2.25"], ["public-address-left-out"]),
        (["192.168.1.5", "2001:db8::5"], ["192.0.2.25", "2001:db8::5"], []),
        (["192.0.2.25"], [], []),
        ([], [], []),
    ],
)
def test_behind_a_router_a_public_address_is_asked_for(
    own: list[str], given: list[str], found: list[str]
) -> None:
    draft = suggested_draft(MACHINE).with_value("site.public_addresses", given)
    behind = replace(MACHINE, addresses=tuple(map(ip_address, own)))
    assert ids("site", draft, behind) == dict.fromkeys(found, Status.WARN)


def test_a_rotating_disk_matters_only_to_many_and_only_beneath_the_mail() -> None:
    disks = (Disk("sda", GIBIBYTE, True), Disk("nvme0n1", GIBIBYTE, False))
    on_disk = Surroundings(disks=disks, mail_place=MailPlace("/m", 1, 9000 * GIBIBYTE, ("sda",)))
    on_ssd = replace(on_disk, mail_place=MailPlace("/m", 1, 9000 * GIBIBYTE, ("nvme0n1",)))
    few = suggested_draft(MACHINE)
    many = few.with_value("site.expected_mailboxes", 500)
    assert ids("hardware", few, on_disk)["rotating-disk"] is Status.OK
    assert ids("hardware", many, on_disk)["rotating-disk"] is Status.WARN
    assert "rotating-disk" not in ids("hardware", many, on_ssd)


def test_a_smarthost_makes_a_blocked_port_harmless() -> None:
    draft = suggested_draft(MACHINE).with_value("protocols.relay.host", "smtp.example.net")
    assert ids("hardware", draft, Surroundings(port_25=Port25(False, "x")))["port-25-out"] is Status.OK


@settings(deadline=None, max_examples=50)
@given(few=st.integers(1, 100_000), more=st.integers(0, 100_000), antivirus=st.booleans())
def test_more_mailboxes_never_need_less(few: int, more: int, antivirus: bool) -> None:
    draft = suggested_draft(MACHINE).with_value("antispam.antivirus", antivirus)
    small = needs_of(draft.with_value("site.expected_mailboxes", few))
    large = needs_of(draft.with_value("site.expected_mailboxes", few + more))
    assert small.cores <= large.cores
    assert small.memory_bytes <= large.memory_bytes
    assert small.space_bytes <= large.space_bytes


def test_needs_can_be_told_of_a_draft_that_is_wrong() -> None:
    draft = suggested_draft(MACHINE).with_value("site.expected_mailboxes", "many")
    draft = draft.with_value("accounts.mailboxes.0.quota", "lots")
    assert needs_of(draft).mail_bytes == 2 * GIBIBYTE


def test_preflight_asks_for_the_same_decision_about_another_mail_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preflight, "other_mail_server", lambda: "exim4-daemon-light")
    monkeypatch.setattr(preflight, "foreign_queue_length", lambda: 0)
    facts = cast(MachineFacts, SimpleNamespace(ports_held={}))
    draft = suggested_draft(MACHINE)
    found = preflight.obstacles(draft.answers(), facts)
    assert [obstacle.id for obstacle in found if obstacle.id] == [OTHER_MAIL_SERVER]


def test_a_port_that_another_holds_is_named_and_those_of_the_mail_server_are_not() -> None:
    held = {993: "stunnel", 25: "master", 465: "", 110: "popd"}
    found = ids("protocols", suggested_draft(MACHINE), Surroundings(ports_held=held))
    assert found == {"port-held.imaps": Status.FAIL, "port-held.submissions": Status.FAIL}
    leaving = Surroundings(ports_held=held, other_mail_server="exim4-daemon-light")
    assert ids("protocols", suggested_draft(MACHINE), leaving) == {}


@pytest.mark.parametrize(
    ("is_wanted", "holder", "is_own", "is_told"),
    [
        (True, "apache2", False, True),
        (True, "nginx", False, True),
        (True, "nginx", True, False),
        (True, None, False, False),
        (False, "apache2", False, False),
    ],
)
def test_another_web_server_on_port_443_is_named(
    is_wanted: bool, holder: str | None, is_own: bool, is_told: bool
) -> None:
    draft = suggested_draft(MACHINE).with_value("clients.enabled", is_wanted)
    held = {443: holder} if holder is not None else {}

    found = ids("protocols", draft, Surroundings(ports_held=held, has_own_web_server=is_own))

    assert found == ({"port-held.clients": Status.FAIL} if is_told else {})


@pytest.mark.parametrize(
    ("names", "finding_id"),
    [
        (["smtp"], "no-smtp"),
        (["submission", "submissions"], "no-submission"),
        (["imap", "imaps", "pop3", "pop3s"], "no-reading"),
    ],
)
def test_a_server_that_nobody_can_use_is_warned_of(names: list[str], finding_id: str) -> None:
    draft = suggested_draft(MACHINE)
    for name in names:
        draft = draft.with_value(f"protocols.{name}.enabled", False)
    assert ids("protocols", draft, MACHINE) == {finding_id: Status.WARN}


def test_a_secret_that_is_nowhere_is_asked_for() -> None:
    draft = suggested_draft(MACHINE).with_value("protocols.relay.host", "smtp.example.net")
    assert ids("protocols", draft, MACHINE) == {}
    draft = draft.with_value("protocols.relay.username", "anna")
    (missing,) = step("protocols").findings(draft, MACHINE)
    assert (missing.status, missing.is_acceptable) == (Status.FAIL, False)
    assert "relay" in missing.seen
    assert ids("protocols", draft, replace(MACHINE, secrets=frozenset({"relay"}))) == {}
    assert ids("protocols", draft.with_secret("protocols.relay.password", "x"), MACHINE) == {}


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("accounts", "accounts.mailboxes.0.password"),
        ("backups", "backups.repositories.0.password"),
        ("logging", "logging.alerts.to.0"),
        ("certificates", "dns.rfc2136.key_secret"),
    ],
)
def test_every_place_of_a_secret_is_looked_at(name: str, key: str) -> None:
    draft = suggested_draft(MACHINE).with_value("dns.publish", "rfc2136").with_value(key, "secret:lost")
    assert ids(name, draft, MACHINE)[f"secret.{key}"] is Status.FAIL
    assert f"secret.{key}" not in ids(name, draft, replace(MACHINE, secrets=frozenset({"lost"})))


def test_each_secret_for_a_provider_is_looked_at_and_a_typed_one_is_named_for_what_it_is() -> None:
    row = {"name": "auth_token", "secret": "secret:lost"}
    draft = suggested_draft(MACHINE).with_value("dns.publish", "cloudflare").with_row("dns.credentials", row)
    assert ids("certificates", draft, MACHINE) == {"secret.dns.credentials.0.secret": Status.FAIL}

    typed = draft.with_secret("dns.credentials.0.secret", "t0ken")

    assert ids("certificates", typed, MACHINE) == {}
    assert typed.value("dns.credentials.0.secret") == "secret:dns-auth_token.chosen"


def test_a_strict_policy_with_an_authority_that_nobody_trusts_needs_a_decision() -> None:
    draft = suggested_draft(MACHINE).with_value("dns.policy.mta_sts", "enforce")
    assert ids("certificates", draft, MACHINE) == {"mta-sts-own-ca": Status.FAIL}
    assert ids("certificates", draft.with_value("certificates.source", "acme"), MACHINE) == {}


def test_an_imported_certificate_is_looked_at() -> None:
    other = replace(LETSENCRYPT, names=("www.example.org",), days_left=3)
    machine = replace(MACHINE, certificates=(other,))
    draft = suggested_draft(machine).with_value("certificates.source", "imported")
    draft = draft.with_value("certificates.imported.certificate", other.certificate)
    assert set(ids("certificates", draft, machine)) == {
        "imported-certificate-name",
        "imported-certificate-ends",
    }


def test_more_mailboxes_than_expected_are_told() -> None:
    draft = suggested_draft(MACHINE).with_value("site.expected_mailboxes", 1)
    assert ids("accounts", draft, MACHINE) == {}
    draft = draft.with_row("accounts.mailboxes", {"address": "anna@example.org"})
    assert ids("accounts", draft, MACHINE) == {"more-mailboxes-than-expected": Status.WARN}


@pytest.mark.parametrize(
    "value",
    [None, True, False, 0, -5, 2.5, math.nan, "", "x", "é\n", [], ["a"], [[]], [1], [{}], {}, {"a": 1}],
    ids=repr,
)
def test_no_wrong_answer_breaks_a_step(value: object) -> None:
    for key, _ in all_questions():
        draft = answered(suggested_draft(MACHINE), key, value, MACHINE)
        for each in steps():
            each.findings(draft, MACHINE)
            each.shown(draft, is_expert=False)
            assert all(each.label_at(key) for key in each.mistakes(draft))


def test_every_id_that_can_be_accepted_fits_into_the_answers() -> None:
    for finding in _everything_acceptable():
        draft = suggested_draft(MACHINE).with_value("hardware.accept", [finding.id])
        assert dict(draft.mistakes()) == {}


def _everything_acceptable() -> Iterator[StepFinding]:
    bad = Surroundings(
        cores=1, memory_bytes=1, port_25=Port25(False, "x"), other_mail_server="exim4", ports_held={80: "x"}
    )
    draft = suggested_draft(Surroundings(hostname="debian")).with_value("certificates.source", "acme")
    draft = draft.with_value("site.expected_mailboxes", 5000).with_value("backups.repositories", [])
    for each in steps():
        yield from (finding for finding in each.findings(draft, bad) if finding.is_acceptable)


def _question(key: str) -> Question:
    return dict(all_questions())[key]


def _annotation(key: str) -> Any:
    """The type of an answer, as its model has it."""
    model: type[BaseModel] = Answers
    annotation: Any = None
    for part in key.split("."):
        if part == "0":
            continue
        field = model.model_fields[part]
        annotation = field.annotation
        inner = [a for a in (annotation, *get_args(annotation)) if isinstance(a, type)]
        model = next((a for a in inner if issubclass(a, BaseModel)), model)
    return annotation
