"""`mailstead dns`: the DNS records to publish."""

import os

import click

from backends.dns.records import DnsRecord, records_for, zone_text
from backends.language import _
from backends.machine.facts import gather_facts
from screens.run_lines import print_json
from wizard.answers_in_force import answers_in_force
from wizard.blueprint import dns_settings


@click.group()
def dns() -> None:
    """The DNS records to publish."""


@dns.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
@click.option("--zone", "as_zone", is_flag=True, help=_("Print lines of a zone file."))
def records(*, as_json: bool, as_zone: bool) -> None:
    """List the records that this server's mail needs, to copy to where the domains' DNS is kept."""
    if as_json and as_zone:
        raise click.UsageError(_("choose one of --json and --zone"))
    facts = gather_facts(os.environ.get("SSH_CONNECTION"))
    found = records_for(dns_settings(answers_in_force(), facts))
    if as_json:
        print_json({"records": [_record(one) for one in found]})
    elif as_zone:
        click.echo(zone_text(found), nl=False)
    else:
        for one in found:
            click.echo(f"{one.name}  {one.type}\n    {one.value}")


def _record(one: DnsRecord) -> dict[str, object]:
    return {"name": one.name, "type": one.type, "value": one.value, "zone": one.presentation, "ttl": one.ttl}
