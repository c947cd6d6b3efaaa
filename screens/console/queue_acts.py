"""What people can do with queued messages, and how each is told."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backends.language import _, ngettext
from backends.postfix import queue_actions
from backends.postfix.queue import QueuedMessage
from screens.console.queue_row import recipients_in_words, sender_of
from screens.widgets.confirm import Confirm

_IDS_IN_AUDIT = 20


@dataclass(frozen=True)
class Act:
    """Something to do with messages: the command's name, the doing, and the queue they are in afterwards."""

    name: str
    do: Callable[[Sequence[QueuedMessage], queue_actions.Told], tuple[str, ...]]
    queue_after: str | None

    def doing(self, done: int, count: int) -> str:
        """What is told while it goes on."""
        words = {
            "hold": _("Holding messages: {done:,} of {count:,} …"),
            "release": _("Releasing messages: {done:,} of {count:,} …"),
            "retry": _("Trying messages again: {done:,} of {count:,} …"),
            "delete": _("Deleting messages: {done:,} of {count:,} …"),
        }
        return words[self.name].format(done=done, count=count)

    def done(self, count: int, asked: int) -> str:
        """What is told afterwards: how many were changed, and that others were not."""
        words = {
            "hold": ngettext("{count:,} message is on hold.", "{count:,} messages are on hold.", count),
            "release": ngettext("{count:,} message is released.", "{count:,} messages are released.", count),
            "retry": ngettext(
                "{count:,} message is tried again now.", "{count:,} messages are tried again now.", count
            ),
            "delete": ngettext("{count:,} message is deleted.", "{count:,} messages are deleted.", count),
        }
        told = [words[self.name].format(count=count)] if count else []
        return "\n".join([*told, *([_nothing_to_do(asked - count)] if count < asked else [])])

    def command(self, messages: Sequence[QueuedMessage]) -> list[str]:
        """The command that does the same, for the audit log; thousands of ids are only counted."""
        ids = [message.queue_id for message in messages[:_IDS_IN_AUDIT]]
        more = len(messages) - len(ids)
        return ["queue", self.name, *ids, *([f"(and {more} more)"] if more else [])]


HOLD = Act("hold", queue_actions.hold, "hold")
RELEASE = Act("release", queue_actions.release, "deferred")
RETRY = Act("retry", queue_actions.retry, "active")
DELETE = Act("delete", queue_actions.delete, None)


def deletion(messages: Sequence[QueuedMessage]) -> Confirm:
    """The question before messages are deleted."""
    count = len(messages)
    question = ngettext("Delete {count:,} message for good?", "Delete {count:,} messages for good?", count)
    what = (
        _("It is from {sender} to {recipients}.")
        if count == 1
        else _("The first of them is from {sender} to {recipients}.")
    )
    return Confirm(
        question.format(count=count),
        what.format(sender=sender_of(messages[0]), recipients=recipients_in_words(messages[0]))
        + " "
        + _("Neither sender nor recipients are told, and nothing brings mail back from here."),
        yes=_("Delete"),
    )


def _nothing_to_do(count: int) -> str:
    return ngettext(
        "For {count:,} message there was nothing to do: it has left the queue, or is in another one.",
        "For {count:,} messages there was nothing to do: they have left the queue, or are in another one.",
        count,
    ).format(count=count)
