"""How a change of the keys that sign mail stands, and what comes next, in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from backends.dns.rotation import Rotation, retires_at, signs_from
from backends.language import _
from backends.rspamd.settings import selectors
from backends.text import clean
from screens.console.moments import date_and_time

if TYPE_CHECKING:
    from wizard.dkim_next_step import Step


def standing(rotation: Rotation) -> str:
    """Which keys sign, which will, and which did until lately: a line each."""
    return "\n".join(_lines(rotation))


def question(step: Step) -> str:
    """What is asked before the step, or said where only time does it."""
    return {
        "begin": _("Make new DKIM keys?"),
        "go on": _("Let the change to the new DKIM keys go on?"),
        "look": _("Look whether the new DKIM keys are seen everywhere?"),
        "switch": _("Let the new DKIM keys sign?"),
        "wait": _("The new DKIM keys are seen everywhere"),
        "delete": _("Delete the old DKIM keys?"),
        "keep": _("The old DKIM keys are kept for a while"),
        "look away": _("Look whether the records of the old DKIM keys are gone?"),
    }[step]


def consequence(step: Step, *, is_automatic: bool) -> str:
    """What follows from the step, or what is being waited for."""
    by_whom = (
        _("Their records are published from here.")
        if is_automatic
        else _("Their records are for you to publish: they stand in the list, where y copies one.")
    )
    return {
        "begin": _("Nothing signs by them yet. {by_whom} A timer looks for the records.").format(
            by_whom=by_whom
        ),
        "go on": _("Its switch was taken back. {by_whom}").format(by_whom=by_whom),
        "look": _("{by_whom} They sign once every name server shows them; a timer looks, too.").format(
            by_whom=by_whom
        ),
        "switch": _("Every name server has shown them for long enough. The old ones stay published."),
        "wait": _("They sign once no cache can know otherwise. A timer does that by itself."),
        "delete": _("No mail that they signed is under way any more. Their records are wanted no more."),
        "keep": _("Mail that they signed may still be under way. A timer deletes them by itself."),
        "look away": _("The keys are deleted.")
        if is_automatic
        else _("The keys are deleted. Take their records away where the domains' DNS is kept."),
    }[step]


def verb(step: Step) -> str:
    """What the button says."""
    return {
        "begin": _("Make them"),
        "go on": _("Go on"),
        "switch": _("Let them sign"),
        "delete": _("Delete them"),
    }.get(step) or _("Look now")


def _lines(rotation: Rotation) -> Iterator[str]:
    yield _("{selectors} sign").format(selectors=_names(rotation.signing))
    if coming := rotation.coming:
        start_at = signs_from(rotation)
        if start_at:
            yield _("{selectors} are seen everywhere, and sign from {time} on").format(
                selectors=_names(coming.pair), time=date_and_time(start_at)
            )
        elif coming.is_held:
            yield _("{selectors} wait for you").format(selectors=_names(coming.pair))
        else:
            yield _("{selectors} are not seen everywhere yet").format(selectors=_names(coming.pair))
        if coming.waits_for:
            yield f"  {clean(coming.waits_for, 300)}"
    for one in rotation.leaving:
        yield _("{selectors} signed until {since}, and stay until {until}").format(
            selectors=_names(one.pair), since=date_and_time(one.since), until=date_and_time(retires_at(one))
        )
    for pair in rotation.gone:
        yield _("{selectors} are deleted; their records are still published").format(selectors=_names(pair))


def _names(pair: int) -> str:
    return " + ".join(selectors(pair))
