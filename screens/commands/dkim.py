"""`mailstead dkim`: the keys that sign mail, and their change for new ones."""

import os
import sys
from datetime import datetime

import click

from backends.dns.record import zone_text
from backends.dns.rotation import Rotation, retires_at, signs_from
from backends.dns.rotation_file import load_rotation
from backends.language import _
from backends.machine.facts import gather_facts
from backends.rspamd.settings import selectors
from screens.run_lines import RunLines, print_json
from wizard.answers import Answers
from wizard.answers_in_force import answers_in_force
from wizard.audit import record
from wizard.dkim_rotation import Work, begin, carry_on, names, record_names, records_of, settle
from wizard.dkim_rotation import retire as retire_old
from wizard.dns_settings import is_automatic
from wizard.launch import start


@click.group()
def dkim() -> None:
    """The keys that sign mail, and their change for new ones."""


@dkim.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
def status(*, as_json: bool) -> None:
    """Say which keys sign, which will and what they wait for, and which did until lately."""
    _show(answers_in_force(), load_rotation(), as_json=as_json)


@dkim.command()
@click.option("--yes", is_flag=True, help=_("Do not ask."))
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document: how it stands then."))
def rotate(*, yes: bool, as_json: bool) -> None:
    """Make new keys and publish them; a timer then carries the change on.

    The new keys sign once every name server has shown them for as long as caches remember. The old ones stay
    published for seven days more, and are deleted then. A change whose switch was taken back goes on.
    """
    answers = answers_in_force()
    if not yes and not _does_agree(answers):
        sys.exit(1)
    work = _work(answers, is_quiet=as_json)
    begin(work)
    sys.exit(_carry_on(work, as_json=as_json))


@dkim.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document: how it stands then."))
def refresh(*, as_json: bool) -> None:
    """Carry a change of keys on by what is due. Called by a timer."""
    if load_rotation().is_idle:
        return
    done: list[str] = []

    def told(words: str) -> None:
        done.append(words)
        if not as_json:
            click.echo(words)

    machine = gather_facts(os.environ.get("SSH_CONNECTION"))
    is_ok = False
    try:
        is_ok = _carry_on(Work(answers_in_force(), machine, os.environ, told), as_json=as_json) == 0
    finally:
        if done:
            record(["dkim", "refresh", *done], 0 if is_ok else 1)
    sys.exit(0 if is_ok else 1)


@dkim.command()
@click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document: how it stands then."))
def retire(*, as_json: bool) -> None:
    """Delete old keys whose seven days are over, and take their records away."""
    answers = answers_in_force()
    retire_old(_work(answers, is_quiet=as_json))
    _show(answers, load_rotation(), as_json=as_json)


def _work(answers: Answers, *, is_quiet: bool) -> Work:
    machine = gather_facts(os.environ.get("SSH_CONNECTION"))
    return Work(answers, machine, os.environ, (lambda _words: None) if is_quiet else click.echo)


def _does_agree(answers: Answers) -> bool:
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo(_("nothing was changed: there is nobody to ask, so say --yes"), err=True)
        sys.exit(2)
    how = (
        _("Their records are published by this server.")
        if is_automatic(answers)
        else _("Their records are for you to publish.")
    )
    domains = ", ".join(answers.site.domains)
    return click.confirm(
        _("New DKIM keys are made for {domains}. {how} Go on?").format(domains=domains, how=how)
    )


def _carry_on(work: Work, *, as_json: bool) -> int:
    """One step on, the run included where it is time for it; then how it stands."""
    is_ok = True
    due = carry_on(work)
    if due:
        lines = RunLines(as_json=False)
        for event in start(*due):
            if not as_json:
                lines.show(event)
            elif event.name == "finished":
                lines.is_ok = bool(event.fields["ok"])
        is_ok = lines.is_ok
    _show(work.answers, settle(), as_json=as_json)
    return 0 if is_ok else 1


def _show(answers: Answers, rotation: Rotation, *, as_json: bool) -> None:
    if as_json:
        print_json(_document(rotation))
        return
    click.echo(_("{selectors} sign").format(selectors=names(rotation.signing)))
    if rotation.coming:
        _show_coming(answers, rotation)
    for one in rotation.leaving:
        words = _(
            "{selectors} signed until {since:%Y-%m-%d %H:%M}, and stay until {until:%Y-%m-%d %H:%M} UTC"
        )
        click.echo(words.format(selectors=names(one.pair), since=one.since, until=retires_at(one)))
    for pair in rotation.gone:
        click.echo(
            _("{selectors} are deleted; their records are still published").format(selectors=names(pair))
        )
        if not is_automatic(answers):
            for name in record_names(answers.site.domains, pair):
                click.echo(_("      take away: {name} TXT").format(name=name))


def _show_coming(answers: Answers, rotation: Rotation) -> None:
    coming, start_at = rotation.coming, signs_from(rotation)
    if coming is None:
        return
    if start_at:
        words = _("{selectors} are seen everywhere, and sign from {when:%Y-%m-%d %H:%M} UTC on")
        click.echo(words.format(selectors=names(coming.pair), when=start_at))
    elif coming.is_held:
        click.echo(_("{selectors} wait for you: mailstead dkim rotate").format(selectors=names(coming.pair)))
    else:
        click.echo(_("{selectors} are not seen everywhere yet").format(selectors=names(coming.pair)))
    if coming.waits_for:
        click.echo(f"      {coming.waits_for}")
    if not start_at and not is_automatic(answers):
        click.echo(_("publish these, then wait: a timer looks for them"))
        click.echo(zone_text(records_of(answers.site.domains, coming.pair)), nl=False)


def _document(rotation: Rotation) -> dict[str, object]:
    coming = rotation.coming
    return {
        "signing": list(selectors(rotation.signing)),
        "coming": {
            "selectors": list(selectors(coming.pair)),
            "made_at": coming.made_at.isoformat(),
            "seen_since": _moment(coming.seen_since),
            "signs_from": _moment(signs_from(rotation)),
            "waits_for": coming.waits_for,
            "is_held": coming.is_held,
        }
        if coming
        else None,
        "leaving": [
            {
                "selectors": list(selectors(one.pair)),
                "since": one.since.isoformat(),
                "until": retires_at(one).isoformat(),
            }
            for one in rotation.leaving
        ],
        "gone": [list(selectors(pair)) for pair in rotation.gone],
    }


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
