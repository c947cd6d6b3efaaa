"""Verifies the DKIM signatures of a message against the keys on this machine (RFC 6376, RFC 8463).

The records are made from the keys, so that it also works where nothing is published yet, or never will be.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from backends.rspamd.dkim_keys import public_part
from backends.text import clean

_SIGNATURE = b"dkim-signature"


def verified(message: bytes, domain: str, keys: Mapping[str, Path]) -> dict[str, str]:
    """What became of the signature of each selector: its algorithm where it verifies, else why it doesn't.

    `keys` holds the private keys, PEM, by selector. An answer that is no algorithm starts with "no ".
    """
    import dkim  # takes a tenth of a second, which a caller has while mail is on its way

    records: dict[bytes, bytes] = {}
    for selector, path in keys.items():
        kind, public = public_part(path.read_bytes())
        records[f"{selector}._domainkey.{domain}.".encode()] = f"v=DKIM1; k={kind}; p={public}".encode()

    def look_up(name: bytes, timeout: int = 5) -> bytes | None:  # noqa: ARG001  the shape that dkimpy calls
        return records.get(name)

    verifier = dkim.DKIM(message)
    headers = [value for name, value in verifier.headers if name.lower() == _SIGNATURE]
    results: dict[str, str] = {}
    for selector in keys:
        places = [place for place, value in enumerate(headers) if _tag(value, "s") == selector]
        if not places:
            results[selector] = "no signature"
            continue
        try:
            is_valid = verifier.verify(idx=places[0], dnsfunc=look_up)
            why = "no valid signature"
        except dkim.DKIMException as problem:
            is_valid, why = False, f"no valid signature: {clean(str(problem), 120)}"
        results[selector] = clean(_tag(headers[places[0]], "a"), 40) if is_valid else why
    return results


def _tag(header: bytes, name: str) -> str:
    """The value of a tag of a signature header (RFC 6376 section 3.2)."""
    found = re.search(rf"(?:^|;)\s*{name}\s*=\s*([^;]*)", header.decode("utf-8", errors="replace"))
    return re.sub(r"\s+", "", found[1]) if found else ""
