"""`mailstead queue`: the messages that have not reached everybody, and what to do with them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from backends.language import _, ngettext

if TYPE_CHECKING:
    from backends.postfix.queue import QueuedMessage
    from backends.postfix.queue_filter import QueueFilter

_json = click.option("--json", "as_json", is_flag=True, help=_("Print one JSON document."))
_QUEUES = ("active", "deferred", "hold", "incoming", "maildrop")


@dataclass(frozen=True)
class Chosen:
    """What a command line names: ids, a filter, or with neither everything."""

    ids: tuple[str, ...]
    filter: QueueFilter
    is_all: bool = False

    @property
    def is_named(self) -> bool:
        """Whether anything is named at all."""
        return bool(self.ids or self.filter or self.is_all)

    def messages(self) -> tuple[tuple[QueuedMessage, ...], tuple[str, ...]]:
        """The messages, oldest first, and those ids that are not in the queue."""
        from backends.postfix.queue import list_queue

        everything = list_queue()
        wanted = set(self.ids)
        named = [one for one in everything if one.queue_id in wanted] if wanted else everything
        missing = wanted - {one.queue_id for one in named}
        return self.filter.choose(named, time.time()), tuple(sorted(missing))


def _id(_context: click.Context, _parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    from backends.postfix.queue_id import WrongQueueId, require_queue_id

    try:
        return tuple(require_queue_id(value) for value in values)
    except WrongQueueId as problem:
        raise click.BadParameter(problem.message) from problem


def _age(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int:
    from backends.postfix.queue_filter import WrongFilter, parse_age

    try:
        return parse_age(value) if value is not None else 0
    except WrongFilter as problem:
        raise click.BadParameter(problem.message) from problem


def _choosing(command: Callable[..., None]) -> Callable[..., None]:
    """Gives a command ids and a filter, together as `chosen`."""

    @wraps(command)
    def with_choice(ids: tuple[str, ...], **options: Any) -> None:
        from backends.postfix.queue_filter import QueueFilter

        chosen = QueueFilter(
            sender=options.pop("from_"),
            recipient=options.pop("to"),
            reason=options.pop("reason"),
            older_seconds=options.pop("older"),
            queue=options.pop("queue_name") or "",
        )
        command(chosen=Chosen(ids, chosen, options.pop("is_all", False)), **options)

    pattern = _("Part of it, or with * and ? the whole.")
    for option in (
        click.option("--queue", "queue_name", type=click.Choice(_QUEUES), help=_("Only this queue.")),
        click.option("--older", default=None, callback=_age, metavar="AGE", help=_("At least so old: 2h.")),
        click.option("--reason", default="", metavar="PAT", help=_("Why it waits.") + " " + pattern),
        click.option("--to", default="", metavar="PAT", help=_("A recipient.") + " " + pattern),
        click.option(
            "--from",
            "from_",
            default="",
            metavar="PAT",
            help=_("The sender; <> for bounces.") + " " + pattern,
        ),
        click.argument("ids", metavar="[ID]...", nargs=-1, callback=_id),
    ):
        with_choice = option(with_choice)
    return with_choice


@click.group()
def queue() -> None:
    """The mail queue: messages that have not reached everybody."""


@queue.command("list")
@_choosing
@_json
def list_(*, chosen: Chosen, as_json: bool) -> None:
    """List messages, oldest first."""
    messages, missing = chosen.messages()
    if as_json:
        _print_messages(messages)
    else:
        for one in messages:
            click.echo(_line(one))
    _leave_if(missing)


@queue.command()
@_choosing
@_json
def show(*, chosen: Chosen, as_json: bool) -> None:
    """Show every recipient and the header of messages."""
    from backends.postfix.queue_headers import read_headers

    if not chosen.is_named:
        raise click.UsageError(_("name messages, by their ids or a filter"))
    messages, missing = chosen.messages()
    if as_json:
        _print_messages(messages, lambda one: {"headers": list(read_headers(one.queue_id))})
    else:
        for one in messages:
            _show(one, read_headers(one.queue_id))
    _leave_if(missing)


def _acting(command: Callable[..., None]) -> Callable[..., None]:
    return click.option("--all", "is_all", is_flag=True, help=_("Every message there is."))(
        _choosing(_json(command))
    )


@queue.command()
@_acting
def hold(*, chosen: Chosen, as_json: bool) -> None:
    """Keep messages from being delivered, until they are released."""
    from backends.postfix import queue_actions

    _act(chosen, queue_actions.hold, as_json=as_json)


@queue.command()
@_acting
def release(*, chosen: Chosen, as_json: bool) -> None:
    """Let messages on hold be delivered again; retry tries at once."""
    from backends.postfix import queue_actions

    _act(chosen, queue_actions.release, as_json=as_json)


@queue.command()
@_acting
def retry(*, chosen: Chosen, as_json: bool) -> None:
    """Try at once to deliver deferred messages."""
    from backends.postfix import queue_actions

    _act(chosen, queue_actions.retry, as_json=as_json)


@queue.command()
@_acting
@click.option("--yes", "is_sure", is_flag=True, help=_("Don't ask before deleting."))
def delete(*, chosen: Chosen, as_json: bool, is_sure: bool) -> None:
    """Delete messages. Nobody is told, and nothing brings them back.

    Asks first, unless the messages are named by their ids; without a terminal that takes --yes.
    """
    from backends.postfix import queue_actions

    def ask(count: int) -> None:
        if is_sure or chosen.ids or not count:
            return
        if not sys.stdin.isatty():
            raise click.UsageError(
                ngettext(
                    "this would delete {count} message, and there is no terminal to ask; add --yes",
                    "this would delete {count} messages, and there is no terminal to ask; add --yes",
                    count,
                ).format(count=count)
            )
        question = ngettext("Delete {count} message for good?", "Delete {count} messages for good?", count)
        click.confirm(question.format(count=count), abort=True, err=True)

    _act(chosen, queue_actions.delete, as_json=as_json, ask=ask)


def _act(
    chosen: Chosen,
    act: Callable[[Sequence[QueuedMessage]], tuple[str, ...]],
    *,
    as_json: bool,
    ask: Callable[[int], None] = lambda _count: None,
) -> None:
    """Do it to the messages that are named, and print the ids of those that were changed."""
    from screens.run_lines import print_json

    if not chosen.is_named:
        raise click.UsageError(_("name messages, by their ids or a filter, or say --all"))
    messages, missing = chosen.messages()
    ask(len(messages))
    changed = act(messages)
    if as_json:
        print_json({"messages": list(changed), "changed": len(changed), "chosen": len(messages)})
    else:
        for name in changed:
            click.echo(name)
        if len(changed) < len(messages):
            words = _("{count} of {all} messages were changed").format(count=len(changed), all=len(messages))
            click.echo(words, err=True)
    _leave_if(missing)


def _leave_if(missing: Sequence[str]) -> None:
    """Exit status 1 where an id was named that is not in the queue."""
    for name in missing:
        click.echo(_("{id} is not in the queue").format(id=name), err=True)
    if missing:
        sys.exit(1)


def _print_messages(
    messages: Sequence[QueuedMessage], more: Callable[[QueuedMessage], dict[str, object]] = lambda _one: {}
) -> None:
    from screens.run_lines import print_json

    print_json({"messages": [_record(one) | more(one) for one in messages]})


def _record(one: QueuedMessage) -> dict[str, object]:
    return {
        "id": one.queue_id,
        "queue": one.queue,
        "arrived": one.arrived.isoformat(),
        "size": one.size_bytes,
        "sender": one.sender,
        "recipients": [
            {"address": address, "reason": reason}
            for address, reason in zip(one.recipients, one.reasons, strict=True)
        ],
    }


def _line(one: QueuedMessage) -> str:
    from screens.amounts import short_age, short_size

    age, size = short_age(time.time() - one.arrived_at), short_size(one.size_bytes)
    others = len(one.recipients) - 1
    to = (one.recipients[0] if one.recipients else "") + (f" (+{others})" if others > 0 else "")
    columns = f"{one.queue_id:<16} {one.queue:<8} {age:>4} {size:>4}"
    return f"{columns}  {one.sender or '<>'} > {to}  {one.reason}".rstrip()


def _show(one: QueuedMessage, headers: Sequence[str]) -> None:
    click.echo(
        _("{queue_id}  {queue}  {arrived:%Y-%m-%d %H:%M:%S} UTC  {size_bytes} bytes").format(
            queue_id=one.queue_id, queue=one.queue, arrived=one.arrived, size_bytes=one.size_bytes
        )
    )
    click.echo(_("  from {sender}").format(sender=one.sender or "<>"))
    for address, reason in zip(one.recipients, one.reasons, strict=True):
        click.echo(f"  to   {address}" + (f"  ({reason})" if reason else ""))
    for line in headers:
        click.echo(f"    {line}")
    click.echo()
