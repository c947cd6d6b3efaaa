"""The types that answers are made of: each takes what a person writes in TOML and gives the value that code
uses.

Reading is strict: `"true"` is no truth and `"25"` no number. What each text may be made of stands in
text_checks.py.
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, Strict, WithJsonSchema

from backends.dns.addresses import is_private, is_public
from backends.language import _
from wizard import text_checks
from wizard.secrets import SecretInTheOpenError, SecretReference, parse_reference

Item = TypeVar("Item")

Several = Annotated[tuple[Item, ...], Strict(False), Field(max_length=1000)]
"""A TOML array; frozen once read."""
Many = Annotated[tuple[Item, ...], Strict(False), Field(max_length=20000)]

_SECONDS = {"w": 604800, "d": 86400, "h": 3600, "m": 60, "s": 1}
_BYTES = {"T": 1 << 40, "G": 1 << 30, "M": 1 << 20, "K": 1 << 10}
_LARGEST_SIZE = 1 << 50
_OWN_RESOLVER = frozenset({IPv4Address("127.0.0.1"), IPv6Address("::1")})

_WEEKDAY = r"(mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6}"
_WEEKDAYS = rf"{_WEEKDAY}((\.\.|,){_WEEKDAY})*"
_NUMBERS = r"(\*|\d{1,4}(\.\.\d{1,4})?)(/\d{1,4})?"
_COMPONENT = rf"{_NUMBERS}(,{_NUMBERS})*"
_DATE = rf"({_COMPONENT}-)?{_COMPONENT}[-~]{_COMPONENT}"
_TIME = rf"{_COMPONENT}:{_COMPONENT}(:{_COMPONENT})?"
_CALENDAR = re.compile(
    rf"minutely|hourly|daily|weekly|monthly|quarterly|semiannually|yearly|annually"
    rf"|{_WEEKDAYS}( {_DATE})?( {_TIME})?|{_DATE}( {_TIME})?|{_TIME}",
    re.IGNORECASE,
)
_REPOSITORY_HOST = r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?(:\d{1,5})?"
_REPOSITORY = re.compile(
    rf"sftp:(//)?([a-z0-9_][a-z0-9._-]{{0,31}}@)?{_REPOSITORY_HOST}[:/]/?[A-Za-z0-9._/@+-]{{1,512}}"
    rf"|s3:(https?://)?{_REPOSITORY_HOST}/[A-Za-z0-9._/-]{{1,512}}"
    rf"|rest:https?://{_REPOSITORY_HOST}(/[A-Za-z0-9._/-]{{0,512}})?"
)


def parse_duration(text: object) -> int:
    """Seconds, from a number and one of the units s, m, h, d, w, as in `10m`."""
    found = re.fullmatch(r"([1-9]\d{0,7})([smhdw])", text) if isinstance(text, str) else None
    if not found:
        raise ValueError(_('is no length of time; write a number and s, m, h, d or w, like "10m"'))
    return int(found[1]) * _SECONDS[found[2]]


def format_duration(seconds: int) -> str:
    """The shortest text that means so many seconds."""
    return next(f"{seconds // size}{unit}" for unit, size in _SECONDS.items() if seconds % size == 0)


def parse_size(text: object) -> int:
    """Bytes, from a number and one of the units K, M, G, T (powers of 1024), as in `2G`; `0` is no limit."""
    if text == "0":
        return 0
    found = re.fullmatch(r"([1-9]\d{0,7})([KMGT])", text) if isinstance(text, str) else None
    if not found or int(found[1]) * _BYTES[found[2]] > _LARGEST_SIZE:
        raise ValueError(_('is no size; write a number and K, M, G or T, like "2G", or "0" for no limit'))
    return int(found[1]) * _BYTES[found[2]]


def format_size(size: int) -> str:
    """The shortest text that means so many bytes; raises StopIteration for what no text means."""
    return (
        "0"
        if size == 0
        else next(f"{size // unit}{name}" for name, unit in _BYTES.items() if size % unit == 0)
    )


def _optional(check: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: check(text) if text else ""


def _key_name(text: str) -> str:
    text_checks.only(text, "._-", 253, _("the name of a key"))
    if not text[0].isalnum():
        raise ValueError(_("must start with a letter or a digit"))
    return text.lower()


def _login(text: str) -> str:
    text_checks.only(text, "._-+=@", 255, _("a login name"))
    if not text[0].isalnum():
        raise ValueError(_("must start with a letter or a digit"))
    return text


def _calendar(text: str) -> str:
    text_checks.only(text, " *,:./~-", 100, _("a schedule"))
    if not _CALENDAR.fullmatch(text):
        raise ValueError(_('is no schedule that systemd knows; write "daily", "Sun 03:00" or "*-*-* 02:30"'))
    return text


def _acme_directory(text: str) -> str:
    if text in {"letsencrypt", "letsencrypt-staging"}:
        return text
    return _url(
        text, ("https",), _('write "letsencrypt", "letsencrypt-staging" or the https:// URL of the directory')
    )


def _log_target(text: str) -> str:
    found = re.fullmatch(r"tls://(.*):(\d{1,5})", text)
    if not found or not 1 <= int(found[2]) <= 65535:
        raise ValueError(_('is no log server; write it like "tls://logs.example.org:6514"'))
    return f"tls://{text_checks.host_name(found[1])}:{int(found[2])}"


def _alert_target(text: object) -> str | SecretReference:
    if isinstance(text, SecretReference):
        return text
    text = _as_text(text, "ntfys://ntfy.example.org/mail")
    if text.startswith(("secret:", "file:", "env:")):
        return parse_reference(text)
    if re.search(r"//[^/]*:[^/]*@", text):
        raise SecretInTheOpenError(
            _(
                'has a password in it; put the whole URL on one line of a file and write "secret:NAME" or '
                '"file:/path" here'
            )
        )
    return _url(text, None, _('write an apprise URL like "ntfys://ntfy.example.org/mail"'))


def _url(text: str, schemes: tuple[str, ...] | None, advice: str) -> str:
    text_checks.only(text, "-._~:/?&=@+,%", 500, _("a URL"))
    scheme, separator, rest = text.partition("://")
    is_known = scheme in schemes if schemes else re.fullmatch(r"[a-z][a-z0-9+]{1,19}", scheme)
    if not separator or not rest or not is_known:
        raise ValueError(_("is no URL for this; {advice}").format(advice=advice))
    return text


def _repository(text: str) -> str:
    if text.startswith("/"):
        return text_checks.absolute_path(text)
    if re.search(r"//[^/]*:[^/]*@", text):
        raise SecretInTheOpenError(
            _("has a password in it; leave it out of the URL, it doesn't belong into the answers")
        )
    text_checks.only(text, ":/._@+-", 600, _("a repository"))
    if not _REPOSITORY.fullmatch(text) or "/../" in f"{text}/":
        raise ValueError(
            _(
                "is no repository; write a path, sftp:user@host:/path, s3:https://host/bucket or "
                "rest:https://host/path"
            )
        )
    return text


def _reference(text: object) -> SecretReference:
    if isinstance(text, SecretReference):
        return text
    if not isinstance(text, str):
        raise SecretInTheOpenError(_('must be a reference in quotes, like "generate" or "secret:NAME"'))
    return parse_reference(text)


def _as_text(value: object, example: str) -> str:
    if isinstance(value, str):
        return value
    raise ValueError(_('must be text in quotes, like "{example}"').format(example=example))


def _text(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **schema})


def _network(value: object) -> text_checks.IPNetwork:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    return text_checks.network(_as_text(value, "192.0.2.0/24"))


def _resolver(value: object) -> text_checks.IPAddress:
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    found = text_checks.address(_as_text(value, "192.0.2.53"))
    if found in _OWN_RESOLVER:
        raise ValueError(
            _("is this server's own resolver, which would ask itself; write another one's address")
        )
    if found.is_unspecified or found.is_multicast:
        raise ValueError(_("is no address of one machine; write a resolver's own address"))
    return found


def _public_address(value: object) -> text_checks.IPAddress:
    if isinstance(value, IPv4Address | IPv6Address):
        return value
    found = text_checks.address(_as_text(value, "192.0.2.25"))
    if is_private(found):
        raise ValueError(
            _("is reached from its own network only; write the address that the internet sees, the router's")
        )
    if not is_public(found):
        raise ValueError(_("is no address of a machine in the internet; write the one that mail comes in at"))
    return found


_SECRET_PATTERN = "^(generate|secret:[a-z0-9][a-z0-9._@-]*|file:/.+|env:[A-Za-z_][A-Za-z0-9_]*)$"  # noqa: S105

HostName = Annotated[
    str, AfterValidator(text_checks.host_name), _text(maxLength=253, examples=["mail.example.org"])
]
OptionalHost = Annotated[str, AfterValidator(_optional(text_checks.host_or_address)), _text(maxLength=253)]
Domain = Annotated[str, AfterValidator(text_checks.domain), _text(maxLength=253, examples=["example.org"])]
MailboxAddress = Annotated[
    str, AfterValidator(text_checks.mailbox_address), _text(maxLength=240, examples=["anna@example.org"])
]
MailAddress = Annotated[str, AfterValidator(text_checks.mail_address), _text(maxLength=240)]
OptionalMailAddress = Annotated[
    str, AfterValidator(_optional(text_checks.mail_address)), _text(maxLength=240)
]
OptionalPath = Annotated[str, AfterValidator(_optional(text_checks.absolute_path)), _text(pattern="^(/.+)?$")]
Identifier = Annotated[
    str, AfterValidator(text_checks.identifier), _text(pattern="^[a-z0-9][a-z0-9._-]*$", maxLength=64)
]
OptionalKeyName = Annotated[str, AfterValidator(_optional(_key_name)), _text(maxLength=253)]
OptionalLogin = Annotated[str, AfterValidator(_optional(_login)), _text(maxLength=255)]
RegularExpression = Annotated[
    str, AfterValidator(text_checks.regular_expression), _text(format="regex", maxLength=200)
]
Calendar = Annotated[str, AfterValidator(_calendar), _text(maxLength=100, examples=["daily", "Sun 03:00"])]
AcmeDirectory = Annotated[str, AfterValidator(_acme_directory), _text(maxLength=500)]
OptionalLogTarget = Annotated[
    str, AfterValidator(_optional(_log_target)), _text(pattern="^(tls://.+:[0-9]+)?$")
]
RepositoryUrl = Annotated[
    str, AfterValidator(_repository), _text(pattern="^(/|sftp:|s3:|rest:https?://).+", maxLength=1024)
]
AlertTarget = Annotated[
    str | SecretReference, PlainValidator(_alert_target), PlainSerializer(str), _text(maxLength=1100)
]
SecretRef = Annotated[
    SecretReference, PlainValidator(_reference), PlainSerializer(str), _text(pattern=_SECRET_PATTERN)
]
Network = Annotated[
    text_checks.IPNetwork, PlainValidator(_network), PlainSerializer(str), _text(examples=["192.0.2.0/24"])
]
ResolverAddress = Annotated[
    text_checks.IPAddress, PlainValidator(_resolver), PlainSerializer(str), _text(examples=["192.0.2.53"])
]
PublicAddress = Annotated[
    text_checks.IPAddress,
    PlainValidator(_public_address),
    PlainSerializer(str),
    _text(examples=["192.0.2.25", "2001:db8::25"]),
]
Duration = Annotated[
    int,
    PlainValidator(parse_duration),
    PlainSerializer(format_duration),
    _text(pattern="^[1-9][0-9]{0,7}[smhdw]$"),
]
"""Seconds."""
Size = Annotated[
    int,
    PlainValidator(parse_size),
    PlainSerializer(format_size),
    _text(pattern="^(0|[1-9][0-9]{0,7}[KMGT])$"),
]
"""Bytes; 0 is no limit."""
Port = Annotated[int, Field(ge=1, le=65535)]
