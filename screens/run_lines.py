"""A run as lines of text: what a person sees who has no screen, or a script with --json."""

import json
import sys

import click

from backends.language import _
from backends.text import clean, clean_lines
from wizard.journal import Event
from wizard.launch import event_for_people

_MARKS = {"ok": "ok  ", "warn": "WARN", "fail": "FAIL", "skip": "skip"}
_COLOURS = {"warn": "yellow", "fail": "red"}


class RunLines:
    """Prints events as they come; `is_ok` is how the run ended.

    As text, a line a stage, every warning and failure, and each part of the proof; with `is_detailed` also
    every change.
    """

    def __init__(self, *, as_json: bool, is_detailed: bool = False) -> None:
        self.is_ok = False
        self._as_json = as_json
        self._is_detailed = is_detailed
        self._changes = 0

    def show(self, event: Event) -> None:
        """Print one event."""
        if event.name == "finished":
            self.is_ok = bool(event.fields["ok"])
        if self._as_json:
            click.echo(event_for_people(event))
            sys.stdout.flush()
            return
        handler = getattr(self, f"_show_{event.name}", None)
        if handler is not None:
            handler(event)
            sys.stdout.flush()

    def _show_planned(self, event: Event) -> None:
        click.echo(_("{count} changes to make").format(count=len(event.fields["changes"])))

    def _show_resumed(self, _event: Event) -> None:
        click.echo(_("going on with the run that was interrupted"))

    def _show_intent(self, event: Event) -> None:
        self._changes += 1
        if self._is_detailed or event.fields["action"] == "install":
            click.echo(f"      {clean(event.fields['summary'])}")

    def _show_waiting(self, event: Event) -> None:
        click.echo(f"      {_('waiting for {what}').format(what=clean(event.fields['awaited']))}")

    def _show_stage_done(self, event: Event) -> None:
        click.echo(f"  {_MARKS['ok']}  {event.fields['stage']}: {_count(self._changes, 'change')}")
        self._changes = 0

    def _show_stage_failed(self, event: Event) -> None:
        click.secho(f"  {_MARKS['fail']}  {event.fields['stage']}", fg="red")
        click.echo(_indented(event.fields["problem"]))
        self._changes = 0

    def _show_stage_reverted(self, event: Event) -> None:
        click.echo(_("        {stage} is back as it was before this run").format(stage=event.fields["stage"]))

    def _show_checked(self, event: Event) -> None:
        status = event.fields["status"]
        if status in _COLOURS:
            self._verdict(status, event.fields["title"], event.fields["seen"])

    def _show_proved(self, event: Event) -> None:
        self._verdict("ok" if event.fields["ok"] else "fail", event.fields["title"], event.fields["seen"])

    def _show_left_alone(self, event: Event) -> None:
        self._verdict("warn", event.fields["key"].partition(":")[2], "changed since that run; left as it is")

    def _show_problem(self, event: Event) -> None:
        click.secho(clean_lines(event.fields["text"]), fg="red", err=True)

    def _show_finished(self, event: Event) -> None:
        is_ok = event.fields["ok"]
        click.secho(_("done") if is_ok else _("not done"), fg="green" if is_ok else "red")

    def _verdict(self, status: str, title: str, seen: str) -> None:
        click.secho(f"  {_MARKS[status]}  {clean(title)}: {clean(seen)}", fg=_COLOURS.get(status))


def print_json(value: object) -> None:
    """One JSON document on standard output."""
    click.echo(json.dumps(value, indent=2))


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _indented(text: str) -> str:
    return "\n".join(f"        {line}" for line in clean_lines(text).splitlines())
