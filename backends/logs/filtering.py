"""Which lines a person wants to see. A regular expression can take for ever, so it gets only so much time."""

import re
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice
from threading import current_thread, main_thread
from types import FrameType

from backends.errors import MailsteadError
from backends.language import _
from backends.logs.lines import LogLine
from backends.logs.services import SERVICES

LOOKED_AT = 2000
"""Characters of a line in which an expression is looked for."""

LONGEST_EXPRESSION = 500
MOST_HITS = 100
"""Places in one line that are shown as found."""

LINES_AT_ONCE = 100
BUDGET = 0.1
"""Seconds of computing that LINES_AT_ONCE lines may take: what people write needs a hundredth of it."""


class BadFilter(MailsteadError):
    """An expression that is none or takes too long, or a service that there is not."""


@dataclass(frozen=True)
class LineFilter:
    """Lines of some services (none: of all) in which every word is, whatever its case, and none of `without`,
    and in which the expression is found, or is not where it `is_inverse`.

    An expression without capitals ignores case. Making one raises BadFilter where it can't be used.
    """

    services: frozenset[str] = frozenset()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    expression: str = ""
    is_inverse: bool = False

    def __post_init__(self) -> None:
        unknown = sorted(self.services - set(SERVICES))
        if unknown:
            raise BadFilter(
                _("there is no service {name} in the logs").format(name=repr(unknown[0][:60])),
                next_step=_("take one of {names}").format(names=", ".join(SERVICES)),
            )
        _compiled(self.expression)

    @property
    def is_everything(self) -> bool:
        """Whether no line is left out."""
        return not (self.services or self.has_text)

    @property
    def has_text(self) -> bool:
        """Whether it asks for anything in the text of lines."""
        return bool(self.words or self.without or self.expression)

    def kept(self, lines: Sequence[LogLine]) -> list[LogLine]:
        """The lines that pass. Raises BadFilter when the expression takes too long."""
        if self.is_everything:
            return list(lines)
        services, texts = [line.service for line in lines], [line.text for line in lines]
        return [lines[place] for place in self.places(services, texts)]

    def places(self, services: Sequence[str], texts: Sequence[str]) -> list[int]:
        """Which lines pass, of lines whose services and texts these are. Raises BadFilter as `kept` does."""
        places = [n for n, name in enumerate(services) if not self.services or name in self.services]
        if not self.has_text:
            return places
        found: list[int] = []
        for start in range(0, len(places), LINES_AT_ONCE):
            with _budget(BUDGET):
                found += [n for n in places[start : start + LINES_AT_ONCE] if self._passes(texts[n])]
        return found

    def hits(self, text: str) -> tuple[tuple[int, int], ...]:
        """Where in a text is what was asked for: first character and the one after the last, of each."""
        if self.expression and not self.is_inverse:
            try:
                with _budget(BUDGET):
                    found = list(islice(_compiled(self.expression).finditer(text, 0, LOOKED_AT), MOST_HITS))
            except BadFilter:
                return ()
            return tuple(match.span() for match in found)
        lowered = text.lower()
        if len(lowered) != len(text):  # a few letters have a lower case of two
            return ()
        spans = (match.span() for word in self._words for match in re.finditer(re.escape(word), lowered))
        return tuple(islice(spans, MOST_HITS))

    def _passes(self, text: str) -> bool:
        if self.words or self.without:
            lowered = text.lower()
            if not all(word in lowered for word in self._words) or any(w in lowered for w in self._without):
                return False
        if not self.expression:
            return True
        return (_compiled(self.expression).search(text, 0, LOOKED_AT) is None) is self.is_inverse

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(word.lower() for word in self.words)

    @cached_property
    def _without(self) -> tuple[str, ...]:
        return tuple(word.lower() for word in self.without)


def filter_from(text: str, services: frozenset[str] = frozenset()) -> LineFilter:
    """What a person typed: words that are all there, `!words` that are not; or `/an expression/`, or
    `!/an expression/` that is not found. Raises BadFilter.
    """
    asked = text.strip()
    if asked.startswith(("/", "!/")):
        expression = asked.removeprefix("!")[1:].removesuffix("/")
        return LineFilter(services, expression=expression, is_inverse=asked.startswith("!"))
    words = asked.split()
    return LineFilter(
        services,
        words=tuple(word for word in words if not word.startswith("!")),
        without=tuple(word[1:] for word in words if word.startswith("!") and len(word) > 1),
    )


@cache
def _compiled(expression: str) -> re.Pattern[str]:
    if len(expression) > LONGEST_EXPRESSION:
        raise BadFilter(_("an expression may have {count} characters").format(count=LONGEST_EXPRESSION))
    try:
        return re.compile(expression, 0 if _has_capitals(expression) else re.IGNORECASE)
    except (re.error, OverflowError, RecursionError) as problem:
        raise BadFilter(
            _("{text} is no regular expression").format(text=repr(expression)),
            seen=str(problem),
            next_step=_(
                "put \\ before a sign that is meant as it is: . * + ? ( ) [ ] {{ }} ^ $ | \\"
            ).format(),
        ) from problem


def _has_capitals(expression: str) -> bool:
    """Whether a capital is meant as one: those after a backslash are none."""
    return any(sign.isupper() for sign in re.sub(r"\\.", "", expression))


@contextmanager
def _budget(seconds: float) -> Iterator[None]:
    """End a search that computes for longer, by a signal: `re` looks for signals while it searches. Only the
    main thread gets them; elsewhere nothing is searched here.
    """
    assert current_thread() is main_thread(), "searching with a limit needs the main thread"

    def too_long(_number: int, _frame: FrameType | None) -> None:
        raise BadFilter(
            _("this expression takes too long to search with"),
            next_step=_("take repetitions out of repetitions, as in (a+)+, or search for words"),
        )

    before = signal.signal(signal.SIGVTALRM, too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
