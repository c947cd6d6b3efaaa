"""`mailstead dns`: the DNS records to publish, and what the world sees of them."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from backends.dns.addresses import name_the_public_ones, only_inside
from backends.dns.records import DnsRecord, Need, block_text, domain_of, records_for, zone_text
from backends.language import _
from backends.machine.facts import gather_facts
from screens.commands.dns_publish import publish
from wizard.answers_in_force import answers_in_force
from wizard.dns_settings import dns_settings

if TYPE_CHECKING:  # the command itself imports it late: `records` has no use for what asks the DNS
    from backends.dns.judging import Judgement

Groups = Sequence[tuple[str, Sequence[DnsRecord]]]
"""Each domain and the records in it; the host's own name where that is in none of the domains."""


@click.group()
def dns() -> None:
    """The DNS records to publish, and what the world sees of them."""


dns.add_command(publish)


@dns.command()
@click.option("--domain", "only", metavar="DOMAIN", help=_("Only the records in this domain."))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
@click.option("--zone", "as_zone", is_flag=True, help=_("Print lines of a zone file."))
@click.option(
    "--block",
    "as_block",
    is_flag=True,
    help=_("Print lines for a provider's form: names relative to the domain, values without quotes."),
)
def records(*, only: str | None, as_json: bool, as_zone: bool, as_block: bool) -> None:
    """List the records that this server's mail needs, to copy to where the domains' DNS is kept.

    Each with what it is for. Those that are required carry the mail; the recommended ones make it safer or
    easier. Those for DNSSEC count only where the domain's zone is signed.
    """
    if as_json + as_zone + as_block > 1:
        raise click.UsageError(_("choose one of --json, --zone and --block"))
    groups = _groups(only)
    if as_json:
        _print_json({"records": [_record(one, domain) for domain, each in groups for one in each]})
    elif as_zone:
        click.echo("".join(zone_text(each) for _domain, each in groups), nl=False)
    elif as_block:
        click.echo("\n".join(f"# {domain}\n{block_text(each, domain)}" for domain, each in groups), nl=False)
    else:
        click.echo("\n".join(_readable(domain, each) for domain, each in groups))


@dns.command()
@click.option("--domain", "only", metavar="DOMAIN", help=_("Only the records in this domain."))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def check(*, only: str | None, as_json: bool) -> None:
    """Look whether the world sees the records as they should be.

    Each is asked of every name server of its domain, and of this machine's resolver: right, wrong, missing,
    not yet everywhere, or could not be asked. Beside the records: what receivers make of SPF, whether
    addresses lead to the host's name and back, whether block lists name them, whether the MTA-STS policy can
    be fetched, and whether the served keys are those in the DNS.

    Where the network blocks port 53 to all name servers, the resolver alone is asked, and what is right
    there is told apart: whether it is so everywhere can't be known then.

    Exit status 1 when something required is not right, as far as can be seen.
    """
    from wizard.dns_check import domains_with_records, look

    answers = answers_in_force()
    machine = gather_facts(os.environ.get("SSH_CONNECTION"))
    domains = domains_with_records(answers, machine)
    judged = look(answers, machine, _chosen(domains, only)[0] if only else "")
    if as_json:
        _print_json({"checks": [_checked(one) for one in judged]})
    else:
        for domain in dict.fromkeys(one.domain for one in judged):
            click.echo(f"[{domain}]")
            for one in judged:
                if one.domain == domain:
                    _print_checked(one)
            click.echo()
        _print_count(judged)
    sys.exit(1 if any(one.is_amiss for one in judged) else 0)


def _print_json(value: object) -> None:
    # As in screens.run_lines, which loads much that this command has no use for.
    click.echo(json.dumps(value, indent=2))


def _groups(only: str | None) -> Groups:
    settings = dns_settings(answers_in_force(), gather_facts(os.environ.get("SSH_CONNECTION")))
    if not settings.addresses:
        words = _("no address is among the records: {seen}; {mend}")
        click.secho(
            words.format(seen=only_inside(settings.inside), mend=name_the_public_ones()),
            fg="yellow",
            err=True,
        )
    groups: dict[str, list[DnsRecord]] = {}
    for record in records_for(settings):
        groups.setdefault(domain_of(record.name, settings), []).append(record)
    return [(domain, groups[domain]) for domain in _chosen(tuple(groups), only)]


def _chosen(domains: Sequence[str], only: str | None) -> Sequence[str]:
    """All of these domains, or the one that was asked for, which has to be among them."""
    if only is None:
        return domains
    wanted = only.lower().rstrip(".")
    if wanted not in domains:
        raise click.UsageError(
            _("{name} is none of this server's domains: {domains}").format(
                name=only, domains=", ".join(domains)
            )
        )
    return [wanted]


def _readable(domain: str, records: Sequence[DnsRecord]) -> str:
    lines = [f"[{domain}]"]
    for one in records:
        lines += [f"{one.name}  {one.type}", f"    {one.value}", f"    ({_need(one.need)}: {one.why})"]
    return "".join(f"{line}\n" for line in lines)


def _record(one: DnsRecord, domain: str) -> dict[str, object]:
    return {
        "name": one.name,
        "type": one.type,
        "value": one.value,
        "zone": one.presentation,
        "ttl": one.ttl,
        "domain": domain,
        "need": one.need,
        "why": one.why,
    }


def _checked(one: "Judgement") -> dict[str, object]:
    return {
        "domain": one.domain,
        "name": one.name,
        "type": one.type,
        "need": one.need,
        "status": one.standing,
        "seen": one.seen,
        "wanted": one.wanted,
        "mend": one.mend,
    }


def _print_checked(one: "Judgement") -> None:
    from backends.dns.judging import Standing

    words, colour = {
        Standing.RIGHT: (_("right"), "green"),
        Standing.WRONG: (_("WRONG"), "red"),
        Standing.MISSING: (_("MISSING"), "red"),
        Standing.PARTIAL: (_("NOT YET EVERYWHERE"), "yellow"),
        Standing.RESOLVER: (_("RESOLVER ONLY"), "yellow"),
        Standing.UNASKED: (_("COULD NOT BE ASKED"), "yellow"),
    }[one.standing]
    if one.standing is Standing.RIGHT:
        click.secho(f"{words}  {one.type}  {one.name}", fg=colour)
        return
    click.secho(f"{words}  {one.type}  {one.name}  ({_need(one.need)})", fg=colour)
    click.echo(_("      seen: {seen}").format(seen=one.seen))
    click.echo(_("      wanted: {wanted}").format(wanted=one.wanted))
    click.echo(_("      mend: {mend}").format(mend=one.mend))


def _print_count(judged: "Sequence[Judgement]") -> None:
    from backends.dns.judging import Standing

    left = [one for one in judged if one.standing is not Standing.RIGHT]
    if not left:
        click.echo(_("all {count} are right").format(count=len(judged)))
        return
    required = sum(one.is_amiss for one in left)
    click.echo(
        _("{left} of {count} are not right; {required} of these are required").format(
            left=len(left), count=len(judged), required=required
        )
    )


def _need(need: Need) -> str:
    return {
        Need.REQUIRED: _("required"),
        Need.RECOMMENDED: _("recommended"),
        Need.DNSSEC: _("recommended, needs DNSSEC"),
    }[need]
