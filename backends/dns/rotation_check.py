"""Whether a change of DKIM keys goes on, or waits for somebody."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from backends.checks import Check, Finding, ok, warn
from backends.dns.rotation import Coming, Rotation, signs_from
from backends.dns.rotation_file import load_rotation
from backends.language import _
from backends.rspamd.settings import selectors

_LONG = timedelta(days=1)
"""From then on it is no longer a matter of name servers that take their time."""


def rotation_checks() -> Iterator[Check]:
    """One, while new keys wait to sign."""
    if load_rotation().coming:
        yield Check("dkim.rotation", _("The change of DKIM keys goes on"), _finding)


def _finding() -> Finding:
    return judged(load_rotation(), datetime.now(UTC))


def judged(rotation: Rotation, now: datetime) -> Finding:
    """How it stands with the keys that come."""
    coming = rotation.coming
    if coming is None:
        return ok(_("no new keys wait"))
    names = " + ".join(selectors(coming.pair))
    if coming.is_held:
        seen = _("the switch to {selectors} was taken back").format(selectors=names)
        return warn(seen, _("that they sign, or that you know why not"), _("mailstead dkim rotate goes on"))
    start = signs_from(rotation)
    if start:
        seen = _("{selectors} sign from {when:%Y-%m-%d %H:%M} UTC on").format(selectors=names, when=start)
        return ok(seen) if now < start + _LONG else warn(seen, _("that they sign by now"), _mend())
    return _unseen(coming, names, now)


def _unseen(coming: Coming, names: str, now: datetime) -> Finding:
    seen = _("{selectors} are not seen everywhere yet").format(selectors=names)
    if coming.waits_for:
        seen = f"{seen}: {coming.waits_for}"
    if now - coming.made_at < _LONG:
        return ok(seen)
    return warn(seen, _("their records at every name server"), _mend())


def _mend() -> str:
    return _("mailstead dkim status says what is missing; mailstead dkim refresh looks again now")
