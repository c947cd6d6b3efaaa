"""`mailstead reports`: what others report of this server's mail, and what to do about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from backends.checks import Status
from backends.language import _, ngettext
from screens.run_lines import print_json

if TYPE_CHECKING:
    from backends.reports.judging import Picture, Senders, Source
    from backends.reports.store import Refusal

_LOOK = {Status.OK: ("ok  ", "green"), Status.WARN: ("WARN", "yellow"), Status.FAIL: ("FAIL", "red")}
_MOST_SOURCES = 10
"""Addresses of one kind that are listed; --json has all."""
_MOST_REFUSALS = 5
_DAYS = 30


@click.group(invoke_without_command=True)
@click.option("--domain", default="", help=_("Only this domain."))
@click.option(
    "--days", type=click.IntRange(1, 180), default=_DAYS, show_default=True, help=_("How far back.")
)
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
@click.pass_context
def reports(context: click.Context, /, *, domain: str, days: int, as_json: bool) -> None:
    """Show who sends in your domains' names and how encryption goes, as others report it, and what to do.

    Receivers send DMARC and TLS reports to the admin's mailbox, most of them once a day. A timer collects
    them from there every hour; the mail itself stays as it is.
    """
    if context.invoked_subcommand is None:
        _show(domain.lower(), days, as_json=as_json)


@reports.command()
@click.option("--quiet", is_flag=True, help=_("Print nothing, for a timer."))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def collect(*, quiet: bool, as_json: bool) -> None:
    """Collect the reports that came into the admin's mailbox. Called by a timer."""
    from wizard.reports import collect_reports

    done = collect_reports()
    if as_json:
        print_json(
            {"looked_at": done.looked_at, "new": done.new, "known": done.known, "refused": done.refused}
        )
    elif not quiet:
        words = _("mails looked at: {looked}; new reports: {new}; known before: {known}; refused: {refused}")
        click.echo(words.format(looked=done.looked_at, new=done.new, known=done.known, refused=done.refused))


def _show(domain: str, days: int, *, as_json: bool) -> None:
    from backends.reports.store import open_store
    from wizard.answers_in_force import answers_in_force
    from wizard.reports import own_addresses, pictures, reported_domains

    answers = answers_in_force()
    domains = reported_domains(answers)
    if domain and domain not in domains:
        raise click.BadParameter(
            _("{domain!r:.60} is no domain of this server").format(domain=domain), param_hint="--domain"
        )
    with open_store() as store:
        found = pictures(store, (domain,) if domain else domains, own_addresses(answers), days)
        refusals = store.refusals(datetime.now(UTC) - timedelta(days=days))
        collected_at = store.collected_at()
    if as_json:
        print_json(_document(found, refusals, collected_at, days))
        return
    for number, one in enumerate(found):
        if number:
            click.echo()
        _show_domain(one, days)
    _show_end(refusals, collected_at)


def _show_domain(found: Picture, days: int) -> None:
    if not found.reports:
        words = _(
            "{domain}: nobody reported in the last {days} days; most do so a day or two after the first mail"
        )
        click.echo(words.format(domain=found.domain, days=days))
        return
    told = ngettext("{count} report", "{count} reports", found.reports).format(count=found.reports)
    who = ", ".join(found.reporters[:5])
    words = (
        _("{domain}: {told} in the last {days} days, from {who}")
        if who
        else _("{domain}: {told} in the last {days} days")
    )
    click.echo(words.format(domain=found.domain, told=told, days=days, who=who))
    if found.unproven:
        words = ngettext(
            "      {count} of them came without a proven sender: anybody may have written it",
            "      {count} of them came without a proven sender: anybody may have written them",
            found.unproven,
        )
        click.echo(words.format(count=found.unproven))
    for senders in found.senders:
        _show_senders(senders, found.policy)
    if found.successful or found.failed:
        _show_sessions(found)


def _show_senders(senders: Senders, policy: str) -> None:
    from backends.reports.advice import advice, status_of, title

    mark, colour = _LOOK[status_of(senders.verdict, policy)]
    count = ngettext("{count} message", "{count} messages", senders.count).format(count=senders.count)
    click.secho(f"{mark}  {title(senders.verdict)}: {count}", fg=colour)
    for source in senders.sources[:_MOST_SOURCES]:
        click.echo(f"      {source.address:<40} {source.count:>8}  {_remarks(source)}".rstrip())
    more = len(senders.sources) - _MOST_SOURCES
    if more > 0:
        click.echo(ngettext("      and {count} more", "      and {count} more", more).format(count=more))
    click.echo(_("      what to do: {advice}").format(advice=advice(senders.verdict, policy)))


def _remarks(source: Source) -> str:
    """What receivers did other than taking it, and for whom it proved to be sending."""
    held = [f"{what}: {count}" for what, count in source.dispositions if what != "none"]
    return "; ".join([*held, *([", ".join(source.passed)] if source.passed else [])])


def _show_sessions(found: Picture) -> None:
    from backends.reports.advice import tls_advice

    mark, colour = _LOOK[Status.FAIL if found.failed else Status.OK]
    words = _("encrypted connections: {successful} succeeded, {failed} failed")
    text = words.format(successful=found.successful, failed=found.failed)
    click.secho(f"{mark}  {text}", fg=colour)
    for one in found.failures[:_MOST_SOURCES]:
        click.echo(f"      {one.kind:<40} {one.count:>8}  {'; '.join([one.mx, *one.details])}".rstrip("; "))
        click.echo(_("      what to do: {advice}").format(advice=tls_advice(one.kind)))


def _show_end(refusals: tuple[Refusal, ...], collected_at: datetime | None) -> None:
    if refusals:
        words = ngettext(
            "{count} mail looked like a report and was not used:",
            "{count} mails looked like reports and were not used:",
            len(refusals),
        )
        click.echo("\n" + words.format(count=len(refusals)))
    for one in refusals[:_MOST_REFUSALS]:
        click.echo(f"      {one.at:%Y-%m-%d %H:%M}  {one.sender or _('unknown sender')}: {one.why}")
    if collected_at:
        words = _("collected at {when:%Y-%m-%d %H:%M} UTC; a timer does it every hour")
        click.echo("\n" + words.format(when=collected_at))
    else:
        click.echo("\n" + _("never collected yet: mailstead reports collect"))


def _document(
    found: tuple[Picture, ...], refusals: tuple[Refusal, ...], collected_at: datetime | None, days: int
) -> dict[str, object]:
    return {
        "days": days,
        "collected_at": collected_at.isoformat() if collected_at else None,
        "domains": [_domain(one) for one in found],
        "refused": [{"at": one.at.isoformat(), "sender": one.sender, "why": one.why} for one in refusals],
    }


def _domain(found: Picture) -> dict[str, object]:
    from backends.reports.advice import advice, status_of, tls_advice

    return {
        "domain": found.domain,
        "reports": found.reports,
        "reporters": list(found.reporters),
        "unproven": found.unproven,
        "policy": found.policy or None,
        "messages": found.messages,
        "senders": [
            {
                "verdict": senders.verdict,
                "status": status_of(senders.verdict, found.policy),
                "messages": senders.count,
                "advice": advice(senders.verdict, found.policy),
                "sources": [
                    {
                        "address": source.address,
                        "messages": source.count,
                        "dispositions": dict(source.dispositions),
                        "passed_for": list(source.passed),
                    }
                    for source in senders.sources
                ],
            }
            for senders in found.senders
        ],
        "tls": {
            "successful": found.successful,
            "failed": found.failed,
            "failures": [
                {
                    "type": one.kind,
                    "mx": one.mx,
                    "sessions": one.count,
                    "details": list(one.details),
                    "advice": tls_advice(one.kind),
                }
                for one in found.failures
            ],
        },
    }
