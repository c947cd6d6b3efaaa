"""How lexicon's providers write a record's value, and how they want it."""

from backends.dns.publish import normal, text_of
from backends.dns.record import txt_strings

_WITH_NAMES = frozenset({"CNAME", "MX", "NS", "SRV"})
"""Types whose value ends with a name, which many give without its last dot."""

_PREFERENCE_APART = frozenset(
    {
        *("cloudflare", "cloudns", "conoha", "dnsimple", "dnsservices", "easyname", "euserv", "exoscale"),
        *("gransy", "henet", "hostingde", "httpnet", "infoblox", "namecom", "netcup", "online", "porkbun"),
        *("regfish", "zonomi"),
    }
)
"""Those that take an MX record's preference beside its value (as of lexicon 3.25), and show it nowhere."""

_PREFERENCE_AS_TEXT = frozenset({"cloudflare", "regfish"})
_USUAL_PREFERENCE = "10"
_LONGEST_STRING = 255


def hides_preference(provider: str) -> bool:
    """Whether the preference of an MX record is not shown there, so that it could not be brought back."""
    return provider in _PREFERENCE_APART


def read(kind: str, content: str) -> str:
    """A value that a provider shows, as in a zone file; raises ValueError where that is not sure."""
    if kind == "TXT":
        return _read_text(content)
    if kind == "MX" and len(content.split()) == 1:
        content = f"{_USUAL_PREFERENCE} {content}"
    if kind in _WITH_NAMES and not content.endswith("."):
        if "." not in content.split()[-1]:
            raise ValueError(f"{kind} {content}: of which zone is that name?")
        content += "."
    return normal(kind, content)


def given(provider: str, kind: str, value: str) -> tuple[str, str | int | None]:
    """A value as a provider takes it, and the preference where that one goes beside it."""
    if kind == "MX" and hides_preference(provider):
        preference, host = value.split()
        return host.rstrip("."), preference if provider in _PREFERENCE_AS_TEXT else int(preference)
    text = text_of(kind, value)
    is_plain = len(text.encode()) <= _LONGEST_STRING and not set(text) & {'"', "\\"}
    return (text, None) if kind == "TXT" and is_plain else (value, None)


def _read_text(content: str) -> str:
    """A text, be it in quotes, without them, or, as powerdns has it, without the outermost alone.

    However it was cut into strings, it is cut as ours are, so that the same texts are equal.
    """
    if not set(content) & {'"', "\\"}:
        return normal("TXT", txt_strings(content))
    is_whole = content.startswith('"') and content.endswith('"') and len(content) > 1
    value = normal("TXT", content if is_whole else f'"{content}"')
    text = text_of("TXT", value)
    return value if "\ufffd" in text else normal("TXT", txt_strings(text))
