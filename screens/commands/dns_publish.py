"""`mailstead dns publish`: bring the records to where the domains' DNS is kept, and take that back."""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from backends.language import _, ngettext

if TYPE_CHECKING:  # loaded late: the group's other commands have no use for it
    from backends.dns.publish import Left, SetChange, ZoneChanges
    from wizard.dns_publishing import Publication

_NOT_ASKED = 2
_WOULD_CHANGE = 3


@click.command()
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.option("--dry-run", is_flag=True, help=_("Only show the difference; exit status 3 when there is one."))
@click.option("--take-back", is_flag=True, help=_("Bring back what was there before the last publication."))
@click.option(
    "--replace-mx", is_flag=True, help=_("Also replace MX records that lead mail to other servers.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def publish(*, yes: bool, dry_run: bool, take_back: bool, replace_mx: bool, as_json: bool) -> None:
    """Publish the records by DNS UPDATE or at a provider, as [dns] publish in the answers says.

    The primary server of each domain, or the provider, is asked what is there. The difference is shown
    first, and made only while nobody changed something in between: by DNS UPDATE in one update a zone; at a
    provider record by record, each looked at afterwards. Only this server's records are touched: other texts
    at a domain, such as proofs of ownership, stay. What was there before is kept for --take-back.

    Exit status 1 when something was refused, or had to be left as it is.
    """
    from wizard.dns_publishing import PublishedByHand

    try:
        if take_back:
            sys.exit(_take_back(yes=yes, dry_run=dry_run, as_json=as_json))
        sys.exit(_publish(yes=yes, dry_run=dry_run, replace_mx=replace_mx, as_json=as_json))
    except PublishedByHand as refusal:
        click.echo(refusal.describe(), err=True)
        sys.exit(2)


def _publish(*, yes: bool, dry_run: bool, replace_mx: bool, as_json: bool) -> int:
    from backends.machine.facts import gather_facts
    from screens.run_lines import print_json
    from wizard import dns_publishing
    from wizard.answers_in_force import answers_in_force

    answers = answers_in_force()
    publisher = dns_publishing.publisher_of(answers, os.environ)
    machine = gather_facts(os.environ.get("SSH_CONNECTION"))

    def prepared(*, may_replace_mail: bool) -> "Publication":
        return dns_publishing.prepare_publication(
            answers, machine, publisher, may_replace_mail=may_replace_mail
        )

    publication = prepared(may_replace_mail=replace_mx)
    asks = not (yes or dry_run or as_json) and _is_terminal()
    if asks and publication.has_foreign_mail:
        _show_left(publication.left)
        if click.confirm(_("Lead this mail to this server instead?")):
            publication = prepared(may_replace_mail=True)
    status = 1 if publication.left else 0
    if not as_json:
        _show(publication.zones)
        _show_left(publication.left)
    may = bool(publication.zones) and not dry_run and (yes or (asks and click.confirm(_("Publish this?"))))
    impossible = dns_publishing.publish(publication) if may else ()
    if as_json:
        print_json(_document(publication, impossible, is_published=may))
    elif may:
        _show_left(impossible)
        click.echo(_("published through {server}").format(server=publisher.name))
    elif not publication.zones:
        click.echo(_("nothing to publish: all of it is there"))
    status = 1 if impossible else status
    return status if may or not publication.zones else _not_made(dry_run=dry_run, asked=asks)


def _take_back(*, yes: bool, dry_run: bool, as_json: bool) -> int:
    from screens.run_lines import print_json
    from wizard import dns_publishing
    from wizard.answers_in_force import answers_in_force

    status = 0

    def confirm(zones: "Sequence[ZoneChanges]") -> bool:
        nonlocal status
        if not as_json:
            _show(zones)
        asks = not (yes or dry_run or as_json) and _is_terminal()
        may = not dry_run and (yes or (asks and click.confirm(_("Bring this back?"))))
        status = 0 if may else _not_made(dry_run=dry_run, asked=asks)
        return may

    undone = dns_publishing.take_back(answers_in_force(), os.environ, confirm)
    if as_json:
        print_json({"zones": [_zone(one) for one in undone or ()], "taken_back": bool(undone)})
    elif undone is None:
        click.echo(_("there is no publication to take back"))
    elif status == 0:
        click.echo(_("the records are as they were before"))
    return status


def _not_made(*, dry_run: bool, asked: bool) -> int:
    """Why nothing was done, and the exit status that says so."""
    if dry_run:
        return _WOULD_CHANGE
    if asked:
        click.echo(_("nothing was changed"), err=True)
        return 1
    click.echo(_("nothing was changed: there is nobody to ask, so say --yes"), err=True)
    return _NOT_ASKED


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _show(zones: "Sequence[ZoneChanges]") -> None:
    for zone in zones:
        count = len(zone.changes)
        heading = ngettext("{zone}: {count} change", "{zone}: {count} changes", count)
        click.echo(heading.format(zone=zone.zone, count=count))
        for change in zone.changes:
            _show_change(change)


def _show_change(change: "SetChange") -> None:
    words = {"add": _("add"), "change": _("change"), "remove": _("remove")}[change.action]
    name, kind = change.key
    click.echo(f"  {words}  {name}  {kind}")
    before = change.before.shown if change.before else ()
    after = change.after.shown if change.after else ()
    for value in before:
        if value not in after:
            click.secho(f"    - {value}", fg="red")
    for value in after:
        is_new = value not in before
        click.secho(f"    {'+' if is_new else ' '} {value}", fg="green" if is_new else None)


def _show_left(left: "Sequence[Left]") -> None:
    for one in left:
        click.secho(_("left as it is: {name}  {type}").format(name=one.name, type=one.type), fg="yellow")
        for value in one.seen:
            click.echo(f"      {value}")
        click.echo(f"      {one.why}")


def _document(
    publication: "Publication", impossible: "Sequence[Left]", *, is_published: bool
) -> dict[str, object]:
    return {
        "zones": [_zone(one) for one in publication.zones],
        "left": [
            {"name": one.name, "type": one.type, "seen": list(one.seen), "why": one.why}
            for one in (*publication.left, *impossible)
        ],
        "published": is_published,
    }


def _zone(one: "ZoneChanges") -> dict[str, object]:
    return {"zone": one.zone, "changes": [_change(change) for change in one.changes]}


def _change(change: "SetChange") -> dict[str, object]:
    name, kind = change.key
    return {
        "name": name,
        "type": kind,
        "action": change.action,
        "before": list(change.before.shown) if change.before else [],
        "after": list(change.after.shown) if change.after else [],
    }
