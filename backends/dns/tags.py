"""The texts of TXT records that mail knows: SPF, DKIM, DMARC, MTA-STS, TLS reports."""

from collections.abc import Iterable

_VERSIONS = ("v=DMARC1", "v=STSv1", "v=TLSRPTv1")


def tags(text: str) -> dict[str, str]:
    """The tags of a record like `v=DMARC1; p=reject`, names in lower case, without white space around."""
    parts = (part.split("=", 1) for part in text.split(";") if "=" in part)
    return {name.strip().lower(): value.strip() for name, value in parts}


def addresses_in(rua: str) -> tuple[str, ...]:
    """The mail addresses in a tag like `mailto:a@b.test!10m,mailto:c@d.test` (RFC 7489 section 6.2)."""
    urls = (url.strip().partition("!")[0] for url in rua.split(","))
    return tuple(url[7:].lower() for url in urls if url[:7].lower() == "mailto:")


def is_spf(text: str) -> bool:
    """Whether a TXT record is one for SPF (RFC 7208 section 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def like(wanted: str, texts: Iterable[str]) -> tuple[str, ...]:
    """Those of the texts that are for the same use as `wanted`; the others are not ours to judge."""
    if is_spf(wanted):
        return tuple(text for text in texts if is_spf(text))
    version = next((each for each in _VERSIONS if wanted.startswith(each)), "")
    if version:
        return tuple(text for text in texts if text.replace(" ", "").lower().startswith(version.lower()))
    return tuple(text for text in texts if "p" in tags(text))


def says_the_same(wanted: str, seen: str) -> bool:
    """Whether a record of the same use asks for the same. More places for reports are fine."""
    if is_spf(wanted):
        return wanted.lower().split() == seen.lower().split()
    want, have = tags(wanted), tags(seen)
    if wanted.startswith("v=DKIM1"):
        # With a key "for testing" (t=y) mail counts as if it were not signed (RFC 6376 section 3.6.1).
        is_trial = "y" in have.get("t", "").split(":")
        return _key(want) == _key(have) and not is_trial
    if wanted.startswith("v=DMARC1"):
        is_whole = have.get("pct", "100") == "100"
        is_same = have.get("p", "").lower() == want.get("p", "").lower()
        return is_whole and is_same and _reports_arrive(want, have)
    if wanted.startswith("v=TLSRPTv1"):
        return _reports_arrive(want, have)
    return want == have


def _key(found: dict[str, str]) -> tuple[str, str]:
    return found.get("k", "rsa").lower(), "".join(found.get("p", "").split())


def _reports_arrive(want: dict[str, str], have: dict[str, str]) -> bool:
    return set(addresses_in(want.get("rua", ""))) <= set(addresses_in(have.get("rua", "")))
