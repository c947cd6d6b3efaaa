"""What is taken as an answer, what it becomes, and what is refused, above all what could break out."""

import copy
import datetime
import string
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from wizard.answers import Answers
from wizard.answers_mistakes import known_keys, read
from wizard.answers_path import Path, dotted, overlaps
from wizard.secrets import SecretReference

FULL: dict[str, Any] = {
    "schema": 1,
    "site": {
        "hostname": "mail.example.test",
        "domains": ["example.test", "example.org"],
        "admin": "admin@example.test",
        "language": "ja",
        "expected_mailboxes": 40,
        "public_addresses": ["192.0.2.25", "2001:db8::25"],
    },
    "hardware": {"accept": ["memory.small"]},
    "certificates": {
        "source": "acme",
        "tls": "modern",
        "acme": {
            "directory": "https://acme.example.test/dir",
            "challenge": "dns-01",
            "email": "admin@example.test",
            "ca_file": "/etc/ssl/pebble.pem",
        },
        "imported": {"certificate": "/etc/ssl/mail.pem", "key": "/etc/ssl/mail.key"},
    },
    "dns": {
        "publish": "rfc2136",
        "forward_to": ["192.0.2.53", "2001:db8::53"],
        "dnssec": False,
        "credentials": [{"name": "auth_token", "secret": "file:/root/token"}],
        "rfc2136": {"server": "ns1.example.test", "key_name": "mail_key.", "key_secret": "file:/root/tsig"},
        "policy": {"dmarc": "reject", "mta_sts": "enforce", "dane": False},
    },
    "protocols": {
        **{
            name: {"enabled": True, "port": port, "allow": ["192.0.2.0/24", "2001:db8::/32"]}
            for name, port in {
                "smtp": 25,
                "submission": 587,
                "submissions": 465,
                "imap": 143,
                "imaps": 993,
                "pop3": 110,
                "pop3s": 995,
                "sieve": 4190,
            }.items()
        },
        "relay": {"host": "192.0.2.9", "port": 465, "username": "us@example.test", "password": "env:RELAY"},
    },
    "clients": {"enabled": True},
    "accounts": {
        "mailboxes": [{"address": "admin@example.test", "password": "secret:admin", "quota": "500M"}],
        "aliases": [{"address": "sales@example.org", "to": ["admin@example.test", "a+b@elsewhere.test"]}],
        "passwords": {"min_length": 14, "min_score": 4, "max_age_days": 90},
    },
    "antispam": {
        "greylisting": False,
        "bayes": False,
        "neural": False,
        "antivirus": True,
        "reject_score": 12.5,
        "blocked_senders": [r"^.*@spam\.example$"],
        "blocked_recipients": ["^old[0-9]{1,3}@"],
        "block_lists": ["zen.spamhaus.org"],
    },
    "logging": {
        "keep_days": 90,
        "remote": "tls://logs.example.test:6514",
        "bans": {"max_retry": 3, "find_time": "90s", "ban_time": "2d", "ignore": ["192.0.2.1/32"]},
        "alerts": {"to": ["ntfys://ntfy.example.test/mail", "secret:alert-url"]},
        "integrity": {"enabled": False},
    },
    "backups": {
        "engine": "restic",
        "schedule": "Mon..Fri *-*-* 02:30",
        "keep": {"daily": 1, "weekly": 2, "monthly": 3},
        "check": "Sun 03:00",
        "drill": "quarterly",
        "repositories": [
            {"name": "away", "url": "sftp:backup@store.example.test:/srv/mail", "password": "generate"}
        ],
    },
}
"""A value that isn't the default for every key there is."""

HOSTILE = [
    "a\nmynetworks = 0.0.0.0/0",
    "a\r\nb",
    "a\0b",
    "a\x1b]52;c;aGk=\x07",
    "$(reboot)",
    "`reboot`",
    "${IFS}",
    "'; drop table mailboxes; --",
    '" } include "/etc/shadow"',
    "}; accept; {",
    "a\\",
    "a b; rm -rf /",
    "a # b",
    "a | b",
    "a > /etc/passwd",
    "\u202egro.elpmaxe",
    "exam\u200bple.org",
    "a\u2028b",
    "пример.example",
    "../../etc/shadow",
    "-oProxyCommand=reboot",
    "%{user}",
    "x" * 4096,
    "\ud800",
]

_HARMLESS = frozenset(string.ascii_letters + string.digits + "._-+=@:/~*, %?&")
_EXPRESSIONS = {"antispam.blocked_senders", "antispam.blocked_recipients"}


def _leaves(value: Any, path: Path = ()) -> Iterator[Path]:
    """The path of every value that is no table: those in arrays as well."""
    inner = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else None
    )
    if inner is None:
        yield path
        return
    for key, item in inner:
        yield from _leaves(item, (*path, key))


def _with(path: Path, value: Any) -> dict[str, Any]:
    raw = copy.deepcopy(FULL)
    inner: Any = raw
    for part in path[:-1]:
        inner = inner[part]
    inner[path[-1]] = value
    return raw


def _at(answers: Answers, path: Path) -> object:
    value: Any = answers
    for part in path:
        value = (
            value[part]
            if isinstance(part, int)
            else getattr(value, "schema_version" if part == "schema" else part)
        )
    return value


LEAVES = list(_leaves(FULL))
TEXTS = [
    path for path in LEAVES if isinstance(_at(Answers.model_validate(FULL), path), str | SecretReference)
]


def test_the_full_example_has_every_key_and_no_default() -> None:
    written = {tuple(0 if isinstance(part, int) else part for part in path) for path in LEAVES}
    for key in known_keys():
        assert any(path[: len(key)] == key for path in written), dotted(key)
    full, plain = Answers.model_validate(FULL), Answers.model_validate({"site": FULL["site"]})
    for section in ("hardware", "certificates", "dns", "clients", "antispam", "logging", "backups"):
        assert getattr(full, section) != getattr(plain, section)


@pytest.mark.parametrize("path", LEAVES, ids=dotted)
def test_hostile_text_is_refused_in_every_field(path: Path) -> None:
    for hostile in HOSTILE:
        found = read(_with(path, hostile))
        if isinstance(found, Answers):
            is_expression = any(dotted(path).startswith(key) for key in _EXPRESSIONS)
            assert is_expression, f"{dotted(path)} takes {hostile!r}"
            assert _at(found, path) == hostile
            assert hostile.isascii()
            assert hostile.isprintable()
            assert len(hostile) <= 200
        else:
            assert any(overlaps(path, [mistake.path]) for mistake in found)
            assert all(mistake.problem.isprintable() and len(mistake.problem) < 400 for mistake in found)


@settings(deadline=None)
@given(
    path=st.sampled_from(TEXTS),
    at=st.integers(0, 40),
    piece=st.one_of(
        st.text(min_size=1, max_size=3), st.text("\n\0'\"{}\\$;#`|<>()!\u202e[]^", min_size=1, max_size=2)
    ),
)
def test_text_that_is_taken_holds_no_character_that_means_something_elsewhere(
    path: Path, at: int, piece: str
) -> None:
    inner: Any = FULL
    for part in path:
        inner = inner[part]
    found = read(_with(path, f"{inner[:at]}{piece}{inner[at:]}"))
    if isinstance(found, Answers) and not any(dotted(path).startswith(key) for key in _EXPRESSIONS):
        assert set(str(_at(found, path))) <= _HARMLESS


@pytest.mark.parametrize("path", LEAVES, ids=dotted)
def test_a_value_of_another_type_is_refused_in_every_field(path: Path) -> None:
    right: Any = FULL
    for part in path:
        right = right[part]
    fitting = {float, int} if isinstance(right, float) else {type(right)}
    values = [True, 7, 2.5, 10**30, [], {}, ["a"], {"a": 1}, "text", datetime.date(2030, 1, 1)]
    for wrong in values:
        if type(wrong) not in fitting:
            found = read(_with(path, wrong))
            assert not isinstance(found, Answers), f"{dotted(path)} takes {wrong!r}"
            assert any(overlaps(path, [mistake.path]) for mistake in found)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), float("-inf")])
def test_a_score_is_a_finite_number(score: float) -> None:
    assert not isinstance(read(_with(("antispam", "reject_score"), score)), Answers)


@pytest.mark.parametrize("text", ["true", "yes", "1", "25", "15.0"])
def test_text_is_neither_truth_nor_number(text: str) -> None:
    paths: list[Path] = [("dns", "dnssec"), ("protocols", "smtp", "port"), ("antispam", "reject_score")]
    for path in paths:
        assert not isinstance(read(_with(path, text)), Answers)


def test_a_truth_is_no_schema_number() -> None:
    assert not isinstance(read(_with(("schema",), True)), Answers)


def test_values_arrive_in_the_form_that_code_uses() -> None:
    answers = Answers.model_validate(FULL)
    assert answers.logging.bans.find_time == 90
    assert answers.logging.bans.ban_time == 2 * 86400
    assert answers.accounts.mailboxes[0].quota == 500 * 1024 * 1024
    assert answers.accounts.mailboxes[0].password == SecretReference("secret", "admin")
    assert answers.dns.forward_to == (ip_address("192.0.2.53"), ip_address("2001:db8::53"))
    assert answers.logging.bans.ignore == (ip_network("192.0.2.1"),)
    assert answers.logging.alerts.to[1] == SecretReference("secret", "alert-url")


@pytest.mark.parametrize(
    ("path", "written", "meant"),
    [
        (("site", "hostname"), "Mail.Example.TEST", "mail.example.test"),
        (("site", "admin"), "Admin@Example.Test", "admin@example.test"),
        (("accounts", "aliases", 0, "to", 1), "Bob@Elsewhere.test", "bob@elsewhere.test"),
        (("protocols", "relay", "host"), "2001:DB8:0::1", "2001:db8::1"),
        (("dns", "rfc2136", "key_name"), "Mail-Key", "mail-key"),
        (("logging", "bans", "ignore", 0), "192.0.2.7", ip_network("192.0.2.7/32")),
        (("accounts", "mailboxes", 0, "quota"), "0", 0),
    ],
)
def test_what_can_be_written_in_several_ways_becomes_one(path: Path, written: str, meant: object) -> None:
    assert _at(Answers.model_validate(_with(path, written)), path) == meant


@pytest.mark.parametrize(
    ("path", "text", "words"),
    [
        (("site", "hostname"), "mail", "only a short name"),
        (("site", "hostname"), "mail.example.test.", "without"),
        (("site", "hostname"), "192.0.2.1", "ends with a number"),
        (("site", "hostname"), "-mail.example.test", "hyphen"),
        (("site", "hostname"), f"{'a' * 64}.example.test", "1 to 63"),
        (("site", "domains", 0), "bücher.example", "xn--bcher-kva.example"),
        (("site", "admin"), "admin", "anna@example.org"),
        (("accounts", "mailboxes", 0, "address"), "admin+x@example.test", "separates the folder"),
        (("accounts", "mailboxes", 0, "address"), "a..b@example.test", "two dots"),
        (("accounts", "mailboxes", 0, "quota"), "2GB", '"2G"'),
        (("protocols", "imaps", "allow", 0), "10.0.0.1/8", "10.0.0.0/8"),
        (("protocols", "imaps", "allow", 0), "fe80::1%eth0", '"%"'),
        (("site", "public_addresses", 0), "192.168.1.5", "own network only"),
        (("site", "public_addresses", 0), "100.64.1.5", "own network only"),
        (("site", "public_addresses", 0), "fd00::5", "own network only"),
        (("site", "public_addresses", 0), "127.0.0.1", "in the internet"),
        (("site", "public_addresses", 0), "::ffff:192.0.2.1", "in the internet"),
        (("site", "public_addresses", 0), "mail.example.test", "no IP address"),
        (("dns", "forward_to", 0), "127.0.0.1", "own resolver"),
        (("certificates", "acme", "ca_file"), "/etc/../root/ca.pem", '".."'),
        (("certificates", "acme", "ca_file"), "ca.pem", 'from "/" on'),
        (("certificates", "acme", "directory"), "http://acme.example.test/", "https://"),
        (("backups", "schedule"), "rm", "no schedule"),
        (("backups", "schedule"), "every day", "no schedule"),
        (("backups", "repositories", 0, "url"), "ftp://host/path", "sftp:"),
        (("logging", "remote"), "tcp://logs.example.test:514", "tls://"),
        (("logging", "bans", "find_time"), "10", '"10m"'),
        (("antispam", "blocked_senders", 0), "(", "no regular expression"),
        (("antispam", "blocked_senders", 0), ".*", "every address"),
        (("antispam", "blocked_senders", 0), "a{9999}b", "smaller count"),
        (("antispam", "block_lists", 0), "https://zen.spamhaus.org", '":"'),
    ],
)
def test_a_refusal_says_how_to_write_it(path: Path, text: str, words: str) -> None:
    found = read(_with(path, text))
    assert not isinstance(found, Answers)
    assert words in next(mistake.problem for mistake in found if mistake.path == path)


@pytest.mark.parametrize(
    "schedule",
    [
        "daily",
        "hourly",
        "Sun 03:00",
        "Mon,Thu *-*-01..07 04:00:00",
        "*-*-* 02:30",
        "02:30",
        "*:0/15",
        "2030-01-01",
    ],
)
def test_the_usual_schedules_are_taken(schedule: str) -> None:
    assert isinstance(read(_with(("backups", "schedule"), schedule)), Answers)


@pytest.mark.parametrize(
    "url",
    [
        "/var/backups/mailstead",
        "sftp:backup@host.example.test:/srv/mail",
        "sftp://backup@host.example.test:2222//srv/mail",
        "s3:https://s3.example.test/bucket/mail",
        "s3:s3.amazonaws.com/bucket",
        "rest:https://store.example.test:8000/mail/",
    ],
)
def test_the_usual_repositories_are_taken(url: str) -> None:
    assert isinstance(read(_with(("backups", "repositories", 0, "url"), url)), Answers)


@pytest.mark.parametrize(
    "path", [path for path in LEAVES if path[-1] in {"password", "key_secret"}], ids=dotted
)
@pytest.mark.parametrize(
    "password", ["hunter2-hunter2", "secret:hunter2 hunter2", "file:hunter2-hunter2", 23571113]
)
def test_a_password_in_the_answers_is_refused_and_never_repeated(path: Path, password: object) -> None:
    raw = _with(path, password)
    found = read(raw)
    assert not isinstance(found, Answers)
    assert [mistake.path for mistake in found] == [path]
    assert "hunter2" not in found[0].problem
    assert "23571113" not in found[0].problem
    with pytest.raises(ValidationError) as caught:
        Answers.model_validate(raw)
    assert "hunter2" not in str(caught.value)


def test_the_password_within_a_url_is_never_repeated() -> None:
    places: dict[Path, str] = {
        ("logging", "alerts", "to", 0): "mailto://us:hunter2@mail.example.test",
        ("backups", "repositories", 0, "url"): "rest:https://us:hunter2@store.example.test/",
    }
    for path, url in places.items():
        found = read(_with(path, url))
        assert not isinstance(found, Answers)
        assert "hunter2" not in found[0].problem
        assert "password" in found[0].problem


def test_answers_can_not_be_changed() -> None:
    answers = Answers.model_validate(FULL)
    with pytest.raises(ValidationError):
        answers.site.hostname = "other.example.test"  # type: ignore[misc]


def test_client_protocols_have_tls_from_the_start_by_default() -> None:
    listeners = Answers.model_validate({"site": FULL["site"]}).protocols.listeners()
    ports = {name: each.port for name, each in listeners.items() if each.enabled}
    assert ports == {"smtp": 25, "submission": 587, "submissions": 465, "imaps": 993, "sieve": 4190}


def test_a_protocol_keeps_its_usual_port_when_only_something_else_is_said() -> None:
    answers = Answers.model_validate({"site": FULL["site"], "protocols": {"pop3s": {"enabled": True}}})
    assert answers.protocols.pop3s.port == 995


def test_the_admin_gets_a_mailbox_and_the_mail_of_postmaster_and_abuse() -> None:
    answers = Answers.model_validate({"site": FULL["site"]})
    assert [mailbox.address for mailbox in answers.mailboxes] == ["admin@example.test"]
    assert {alias.address for alias in answers.aliases} == {
        "postmaster@example.test",
        "abuse@example.test",
        "postmaster@example.org",
        "abuse@example.org",
    }
    assert {alias.to for alias in answers.aliases} == {("admin@example.test",)}


def test_what_is_listed_is_not_made_a_second_time() -> None:
    raw = _with(("accounts", "aliases", 0, "address"), "postmaster@example.test")
    raw["accounts"]["mailboxes"].append({"address": "abuse@example.test"})
    answers = Answers.model_validate(raw)
    addresses = [each.address for each in answers.mailboxes] + [each.address for each in answers.aliases]
    assert len(addresses) == len(set(addresses))
    assert [mailbox.address for mailbox in answers.mailboxes] == ["admin@example.test", "abuse@example.test"]


def test_an_admin_address_that_is_an_alias_gets_no_mailbox() -> None:
    raw = {
        "site": FULL["site"],
        "accounts": {
            "mailboxes": [{"address": "anna@example.test"}],
            "aliases": [{"address": "admin@example.test", "to": ["anna@example.test"]}],
        },
    }
    assert [mailbox.address for mailbox in Answers.model_validate(raw).mailboxes] == ["anna@example.test"]
