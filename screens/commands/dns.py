"""`mailstead dns`: the DNS records to publish, and what the world sees of them."""

import os
from collections.abc import Sequence

import click

from backends.dns.records import DnsRecord, Need, block_text, domain_of, records_for, zone_text
from backends.language import _
from backends.machine.facts import gather_facts
from screens.run_lines import print_json
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import dns_settings

Groups = Sequence[tuple[str, Sequence[DnsRecord]]]
"""Each domain and the records in it; the host's own name where that is in none of the domains."""


@click.group()
def dns() -> None:
    """The DNS records to publish, and what the world sees of them."""


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
        print_json({"records": [_record(one, domain) for domain, each in groups for one in each]})
    elif as_zone:
        click.echo("".join(zone_text(each) for _domain, each in groups), nl=False)
    elif as_block:
        click.echo("\n".join(f"# {domain}\n{block_text(each, domain)}" for domain, each in groups), nl=False)
    else:
        click.echo("\n".join(_readable(domain, each) for domain, each in groups))


def _groups(only: str | None) -> Groups:
    settings = dns_settings(answers_in_force(), gather_facts(os.environ.get("SSH_CONNECTION")))
    groups: dict[str, list[DnsRecord]] = {}
    for record in records_for(settings):
        groups.setdefault(domain_of(record.name, settings), []).append(record)
    return [(domain, groups[domain]) for domain in chosen(groups, only)]


def chosen(domains: Sequence[str] | dict[str, list[DnsRecord]], only: str | None) -> Sequence[str]:
    """All of these domains, or the one that was asked for; raises UsageError where that is none of them."""
    if only is None:
        return list(domains)
    wanted = only.lower().rstrip(".")
    if wanted not in domains:
        raise click.UsageError(
            _("{name} is none of this server's domains: {domains}").format(
                name=only, domains=", ".join(domains)
            )
        )
    return [wanted]


def _readable(domain: str, records: Sequence[DnsRecord]) -> str:
    needs = {
        Need.REQUIRED: _("required"),
        Need.RECOMMENDED: _("recommended"),
        Need.DNSSEC: _("recommended, needs DNSSEC"),
    }
    lines = [f"[{domain}]"]
    for one in records:
        lines += [f"{one.name}  {one.type}", f"    {one.value}", f"    ({needs[one.need]}: {one.why})"]
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
