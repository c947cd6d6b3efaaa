"""The answers file: written whole, read back the same, every mistake named with its key and line."""

import itertools
import json
import stat
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backends.text import clean
from wizard.answers import SCHEMA, Answers, Listener
from wizard.answers_file import dump, json_schema, load, parse, save, upgrade
from wizard.answers_mistakes import known_keys
from wizard.errors import AnswersError, Mistake
from wizard.quickstart import starting_answers

SITE = """\
[site]
hostname = "mail.example.test"
domains = ["example.test"]
admin = "admin@example.test"
"""

TWENTY_MISTAKES = """\
schema = 1
colour = "red"

[site]
hostname = "mail_1.example.test"
domains = ["example.test", "example.test"]
admin = "admin@example.test"
language = "de"
expected_mailboxs = 3

[certificates]
source = "acme"
tls = true
[certificates.acme]
challenge = "http01"

[protocols]
smtp = { enabled = "true", port = 70000, allow = [
    "10.0.0.0/8",
    "10.0.0.1/8",
] }

[[accounts.mailboxes]]
address = "anna@example.test"
password = "hunter2"

[[accounts.mailboxes]]
address = "Anna@example.test"
quota = "2GB"

[[accounts.mailboxes]]
password = "generate"

[[accounts.aliases]]
address = "sales@example.test"
to = ["x$(id)@example.org"]

[antispam]
blocked_senders = ["("]
reject_score = "high"

[logging.bans]
find_time = 600
ignore = "10.0.0.0/8"

[backups]
schedule = "daily; rm -rf /"
keep = { daily = -1 }
"""

THEIR_PLACES = [
    ("colour", 2),
    ("site.hostname", 5),
    ("site.domains[1]", 6),
    ("site.language", 8),
    ("site.expected_mailboxs", 9),
    ("certificates.tls", 13),
    ("certificates.acme.email", 14),
    ("certificates.acme.challenge", 15),
    ("protocols.smtp.enabled", 18),
    ("protocols.smtp.port", 18),
    ("protocols.smtp.allow[1]", 20),
    ("accounts.mailboxes[0].password", 25),
    ("accounts.mailboxes[1].address", 28),
    ("accounts.mailboxes[1].quota", 29),
    ("accounts.mailboxes[2].address", 31),
    ("accounts.aliases[0].to[0]", 36),
    ("antispam.blocked_senders[0]", 39),
    ("antispam.reject_score", 40),
    ("logging.bans.find_time", 43),
    ("logging.bans.ignore", 44),
    ("backups.schedule", 47),
    ("backups.keep.daily", 48),
]


def _mistakes(text: str | bytes) -> tuple[Mistake, ...]:
    with pytest.raises(AnswersError) as caught:
        parse(text)
    return caught.value.mistakes


def test_every_one_of_more_than_twenty_mistakes_is_named_with_its_key_and_line() -> None:
    assert sorted((mistake.key, mistake.line or 0) for mistake in _mistakes(TWENTY_MISTAKES)) == sorted(
        THEIR_PLACES
    )


def test_mistakes_come_in_the_order_of_the_file() -> None:
    lines = [mistake.line or 0 for mistake in _mistakes(TWENTY_MISTAKES)]
    assert lines == sorted(lines)


def test_a_mistake_never_repeats_a_password() -> None:
    with pytest.raises(AnswersError) as caught:
        parse(TWENTY_MISTAKES)
    assert "hunter2" not in caught.value.describe()
    assert "hunter2" not in repr(caught.value)


def test_mistakes_speak_plainly() -> None:
    jargon = (
        "input should",
        "pydantic",
        "validation",
        "extra inputs",
        "str_type",
        "tuple",
        "none of the following",
    )
    for mistake in _mistakes(TWENTY_MISTAKES):
        assert not any(word in mistake.problem.lower() for word in jargon), mistake


@pytest.mark.parametrize(
    ("text", "key", "line", "words"),
    [
        (SITE + "hostnam = 'x'\n", "site.hostnam", 5, "did you mean hostname?"),
        ("hostname = 'a.example.test'\n" + SITE, "hostname", 1, "did you mean site.hostname?"),
        (SITE + "[antispm]\nbayes = true\n", "antispm", 5, "did you mean antispam?"),
        (
            SITE + "[certificates.acme]\nsource = 'acme'\n",
            "certificates.acme.source",
            6,
            "certificates.source",
        ),
        (
            SITE + "[accounts]\nmailboxes = [{ adress = 'a@example.test' }]\n",
            "accounts.mailboxes[0].adress",
            6,
            "address",
        ),
        (SITE + "[site.x]\n", "site.x", 5, "known are hostname, domains, admin"),
        (SITE + '"a\\u001b[2J" = 1\n', 'site."a␛[2J"', 5, "not a key"),
    ],
)
def test_an_unknown_key_is_a_mistake_that_names_the_likely_one(
    text: str, key: str, line: int, words: str
) -> None:
    found = next(mistake for mistake in _mistakes(text) if mistake.key == key)
    assert found.line == line
    assert words in found.problem


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[site\n", 1, "no TOML"),
        (SITE + "language = en\n", 5, "quotes"),
        (SITE + 'language = "en\n', 5, "character"),
        (SITE + "language\n", 5, "no = after"),
        (SITE + 'admin = "b@example.test"\n', 5, "twice"),
        (SITE + "[site]\n", 5, "twice"),
        (SITE + "[hardware]\naccept = [\n", 7, "no TOML"),
        (SITE + "[hardware]\naccept = [" + "[" * 5000, None, "brackets"),
        (SITE + "x = " + "9" * 5000 + "\n", None, "no TOML"),
        (SITE.encode() + b'language = "\xff"\n', 5, "UTF-8"),
        (b"#" * (9 << 20), None, "larger"),
    ],
)
def test_a_file_that_is_no_toml_says_where_and_why(text: str | bytes, line: int | None, words: str) -> None:
    (mistake,) = _mistakes(text)
    assert (mistake.key, mistake.line) == ("", line)
    assert words in mistake.problem


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    answers = parse(b"\xef\xbb\xbf" + SITE.replace("\n", "\r\n").encode())
    assert answers.site.hostname == "mail.example.test"


def test_lines_are_right_with_windows_line_ends() -> None:
    text = TWENTY_MISTAKES.replace("\n", "\r\n")
    assert sorted((mistake.key, mistake.line or 0) for mistake in _mistakes(text)) == sorted(THEIR_PLACES)


def test_an_empty_file_lacks_the_site() -> None:
    (mistake,) = _mistakes("")
    assert mistake.key == "site"
    assert "missing" in mistake.problem


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(AnswersError, match=r"no-answers\.toml") as caught:
        load(tmp_path / "no-answers.toml")
    assert "No such file" in caught.value.describe()


def test_a_written_file_holds_every_key_with_a_comment() -> None:
    text = dump(starting_answers("mail.example.test", ["example.test"], "admin@example.test"))
    written = tomllib.loads(text)
    for key in known_keys():
        inner: Any = written
        for part in key:
            if isinstance(inner, list) and not inner:
                break
            assert part in inner if isinstance(inner, dict) else part == 0, key
            inner = inner[part]
    lines = text.splitlines()
    for above, line in itertools.pairwise(lines):
        if " = " in line and not line.startswith("#"):
            assert " # " in line or above.startswith("# "), line
    assert max(map(len, lines)) <= 120


def test_a_saved_file_is_for_its_owner_only_and_reads_back_the_same(tmp_path: Path) -> None:
    answers = starting_answers("mail.example.test", ["example.test"], "admin@example.test")
    path = tmp_path / "etc" / "answers.toml"
    save(answers, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path) == answers
    assert [found.name for found in path.parent.iterdir()] == ["answers.toml"]


@pytest.mark.parametrize(
    ("version", "words"),
    [("2", "newer Mailstead"), ("0", "whole number"), ("'1'", "whole number"), ("true", "whole number")],
)
def test_an_unknown_schema_is_refused_with_a_reason(version: str, words: str) -> None:
    (mistake,) = _mistakes(f"schema = {version}\n{SITE}")
    assert (mistake.key, mistake.line) == ("schema", 1)
    assert words in mistake.problem


def test_older_answers_are_brought_up_one_schema_after_the_other() -> None:
    def to_two(raw: dict[str, Any]) -> dict[str, Any]:
        return {"site": {"hostname": raw["host"]}}

    def to_three(raw: dict[str, Any]) -> dict[str, Any]:
        return {"site": {**raw["site"], "language": "en"}}

    upgrades: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: to_two, 2: to_three}
    assert upgrade({"schema": 1, "host": "a.b"}, upgrades, newest=3) == {
        "schema": 3,
        "site": {"hostname": "a.b", "language": "en"},
    }
    with pytest.raises(ValueError, match="can't bring up"):
        upgrade({"schema": 1}, {2: to_three}, newest=3)


def test_answers_without_a_schema_are_of_the_newest() -> None:
    assert parse(SITE).schema_version == SCHEMA


def test_the_schema_is_a_json_schema_that_describes_every_key() -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    json.dumps(schema)
    for model in (schema, *schema["$defs"].values()):
        assert model["additionalProperties"] is False
        for name, described in model["properties"].items():
            inner = schema["$defs"].get(described.get("$ref", "").rpartition("/")[2], {})
            assert described.get("description") or inner.get("description"), name


def test_the_schema_refuses_what_is_plainly_wrong() -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    for wrong in (
        {},
        {"site": 1},
        tomllib.loads(SITE + "x = 1\n"),
        tomllib.loads(SITE + "expected_mailboxes = 'a'\n"),
    ):
        assert not validator.is_valid(wrong)


_labels = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
_domains = st.builds(
    lambda label, top: f"{label}.{top}", _labels, st.sampled_from(["test", "example.org", "xn--p1ai"])
)
_users = st.from_regex(r"[a-z0-9]([._-]?[a-z0-9]){0,12}", fullmatch=True)
_networks = st.one_of(
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=6).map(str),
    st.sampled_from(["10.0.0.0/8", "2001:db8::/32"]),
)
_references = st.one_of(
    st.just("generate"),
    st.from_regex(r"secret:[a-z0-9][a-z0-9._@-]{0,20}", fullmatch=True),
    st.from_regex(r"file:(/[A-Za-z0-9_][A-Za-z0-9._@-]{0,8}){1,4}", fullmatch=True),
    st.from_regex(r"env:[A-Za-z_][A-Za-z0-9_]{0,12}", fullmatch=True),
)
_durations = st.builds("{}{}".format, st.integers(1, 5000), st.sampled_from("smhdw"))
_sizes = st.one_of(st.just("0"), st.builds("{}{}".format, st.integers(1, 900), st.sampled_from("KMGT")))
_expressions = st.sampled_from(
    [r"^.*@spam\.example$", "\"quoted\\\\ {2}'", r"^a{1,3}\$@", "#hash@x", "a@[b-c]/d"]
)


@st.composite
def valid_answers(draw: st.DrawFn) -> dict[str, Any]:
    """A table of keys and values as TOML gives it, right in all its parts."""
    domains = draw(st.lists(_domains, min_size=1, max_size=3, unique=True))
    addresses = st.builds("{}@{}".format, _users, st.sampled_from(domains)).filter(
        lambda address: not address.startswith(("mailstead-", "mailer-daemon@", "double-bounce@"))
    )
    own = draw(st.lists(addresses, min_size=1, max_size=6, unique=True))
    split = draw(st.integers(0, len(own)))
    outside = st.lists(st.builds("{}+x@elsewhere.test".format, _users), min_size=1, max_size=3)
    listeners = Answers.model_validate(tomllib.loads(SITE)).protocols.listeners()
    ports = draw(
        st.lists(
            st.integers(1, 65535).filter(lambda port: port not in {22, 53, 80, 443}),
            min_size=len(listeners),
            max_size=len(listeners),
            unique=True,
        )
    )
    protocols: dict[str, Any] = {
        name: {"enabled": draw(st.booleans()), "port": port, "allow": draw(st.lists(_networks, max_size=3))}
        for name, port in zip(listeners, ports, strict=True)
    }
    names = draw(st.lists(st.sampled_from(["local", "away", "s3.cold"]), max_size=3, unique=True))
    return {
        "schema": 1,
        "site": {
            "hostname": f"mail.{domains[0]}",
            "domains": domains,
            "admin": own[0],
            "language": draw(st.sampled_from(["en", "ja"])),
            "expected_mailboxes": draw(st.integers(1, 100_000)),
        },
        "dns": {
            "forward_to": draw(st.lists(st.sampled_from(["192.0.2.53", "2001:db8::53"]), max_size=2)),
            "dnssec": draw(st.booleans()),
            "credentials": [
                {"name": name, "secret": draw(_references)}
                for name in draw(st.lists(st.sampled_from(["auth_token", "auth_key"]), unique=True))
            ],
            "rfc2136": {"key_secret": draw(_references)},
        },
        "protocols": {**protocols, "relay": {"password": draw(_references)}},
        "accounts": {
            "mailboxes": [
                {"address": address, "password": draw(_references), "quota": draw(_sizes)}
                for address in own[:split]
            ],
            "aliases": [{"address": address, "to": draw(outside)} for address in own[split:]],
        },
        "antispam": {
            "reject_score": draw(st.floats(5, 1000)),
            "blocked_senders": draw(st.lists(_expressions, max_size=3)),
        },
        "logging": {
            "bans": {
                "find_time": draw(_durations),
                "ban_time": draw(_durations),
                "ignore": draw(st.lists(_networks, max_size=3)),
            },
            "alerts": {
                "to": draw(st.lists(st.sampled_from(["ntfy://n.example.test/a", "secret:b"]), max_size=2))
            },
        },
        "backups": {
            "schedule": draw(st.sampled_from(["daily", "Sun 03:00", "*-*-* 02:30"])),
            "repositories": [
                {"name": name, "url": f"/var/backups/{name}", "password": draw(_references)} for name in names
            ],
        },
    }


@settings(deadline=None, max_examples=60)
@given(raw=valid_answers())
def test_answers_that_are_written_and_read_are_the_same(raw: dict[str, Any]) -> None:
    answers = Answers.model_validate(raw)
    text = dump(answers)
    assert parse(text) == answers
    assert dump(parse(text)) == text


@settings(deadline=None, max_examples=40)
@given(raw=valid_answers())
def test_every_file_that_is_right_fits_the_json_schema(raw: dict[str, Any]) -> None:
    validator = jsonschema.Draft202012Validator(json_schema())
    validator.validate(raw)
    validator.validate(tomllib.loads(dump(Answers.model_validate(raw))))


@settings(deadline=None)
@given(
    at=st.integers(0, len(TWENTY_MISTAKES)),
    cut=st.integers(0, 30),
    piece=st.one_of(st.text(max_size=8), st.text("[]{}=,.\"'#\n\\ \0a1", max_size=8), st.just("[[")),
)
def test_a_damaged_file_gives_mistakes_and_no_other_error(at: int, cut: int, piece: str) -> None:
    text = f"{TWENTY_MISTAKES[:at]}{piece}{TWENTY_MISTAKES[at + cut :]}"
    with pytest.raises(AnswersError) as caught:
        parse(text)
    last = text.count("\n") + 1
    assert all(1 <= (mistake.line or 1) <= last for mistake in caught.value.mistakes)
    assert all(str(mistake) == clean(str(mistake)) for mistake in caught.value.mistakes)


@given(content=st.binary(max_size=200))
def test_any_bytes_give_mistakes_and_no_other_error(content: bytes) -> None:
    with pytest.raises(AnswersError):
        parse(content)


def test_every_protocol_is_a_listener_or_the_relay() -> None:
    protocols = parse(SITE).protocols
    others = [
        name for name in type(protocols).model_fields if not isinstance(getattr(protocols, name), Listener)
    ]
    assert others == ["relay"]
