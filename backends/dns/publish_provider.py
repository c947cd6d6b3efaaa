"""Publishing at a DNS provider through its own interface, by lexicon: record by record, each looked at."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus

from backends.dns.provider_text import given, hides_preference, read
from backends.dns.publish import Held, Key, Left, RecordSet, SetChange, record_set, text_of
from backends.dns.publish_refusals import ChangedInBetween, UpdateRefused, UpdateUnknown
from backends.dns.publish_update import Seen
from backends.dns.record import TTL, txt_strings
from backends.errors import CommandFailed
from backends.language import _
from backends.lexicon.extra import ask, present_extra
from backends.text import clean

Ask = Callable[[dict[str, Any]], dict[str, Any]]

_LONGEST = 300
"""Characters of what a provider said."""


@dataclass(frozen=True)
class Found:
    """What a provider holds: record sets, the rows that each is made of, and what can't be read for sure."""

    zones: Mapping[str, str]
    held: Held
    rows: Mapping[Key, Sequence[Mapping[str, Any]]]
    unclear: Mapping[Key, tuple[str, ...]]


@dataclass(frozen=True)
class Provider:
    """A DNS provider by lexicon's name for it, with what it wants to know of who is asking."""

    name: str
    credentials: Mapping[str, str] = field(repr=False)
    ask: Ask = field(default=ask, repr=False)

    def look(self, keys: Collection[Key]) -> Seen:
        """What the provider itself holds, whatever resolvers say; raises NotPublished."""
        found = self._look(keys)
        elsewhere = {
            name: _(
                "{provider} holds no zone that it lies in, or none that these credentials may see"
            ).format(provider=self.name)
            for name, _kind in keys
            if name not in found.zones
        }
        return Seen(found.held, found.zones, elsewhere, found.unclear)

    def apply(self, zone: str, changes: Sequence[SetChange]) -> tuple[Left, ...]:
        """Make the changes, and take back each that the provider made otherwise; gives those, and why.

        Raises ChangedInBetween, with nothing changed, where anything is otherwise than it was `before`. After
        UpdateUnknown, some may have been made; after another NotPublished, none.
        """
        keys = [change.key for change in changes]
        before = self._look(keys)
        for change in changes:
            if not _says(before.held.get(change.key), change.before):
                raise self._changed_in_between(zone, change)
        possible = [change for change in changes if not self._would_lose_preference(change)]
        reasons = dict.fromkeys(
            (change.key for change in changes if change not in possible), _hidden(self.name)
        )
        results = self._change(zone, before, possible)
        after = self._look_again(keys)
        failed = [change for change in possible if not _says(after.held.get(change.key), change.after)]
        for change, result in zip(possible, results, strict=True):
            if change in failed:
                reasons[change.key] = self._reason(change, result, after.held.get(change.key))
        self._undo(zone, after, failed)
        self._stop_where_all_was_refused(zone, changes, failed, results)
        return tuple(
            Left(*change.key, change.after.shown if change.after else (), reasons[change.key])
            for change in changes
            if change.key in reasons
        )

    def _look(self, keys: Collection[Key]) -> Found:
        names = sorted({name for name, _kind in keys})
        answer = self._answer({"names": names})
        wanted = {*keys, *((name, "CNAME") for name in names)}
        rows: dict[Key, list[Mapping[str, Any]]] = {}
        for row in answer["records"]:
            if (row["name"], row["type"]) in wanted:
                rows.setdefault((row["name"], row["type"]), []).append(row)
        held, unclear = dict[Key, RecordSet](), dict[Key, tuple[str, ...]]()
        for (name, kind), each in rows.items():
            try:
                values = [read(kind, row["content"]) for row in each]
                held[name, kind] = record_set(name, kind, _ttl(each[0]["ttl"]), values)
            except ValueError:
                raw = sorted(clean(row["content"], _LONGEST) for row in each)
                unclear[name, kind] = tuple(raw)
                as_values = tuple(map(txt_strings, raw)) if kind == "TXT" else tuple(raw)
                held[name, kind] = RecordSet(name, kind, TTL, as_values)
        return Found(answer["zones"], held, rows, unclear)

    def _look_again(self, keys: Collection[Key]) -> Found:
        """The same once something was changed: without an answer, it is not known how that came out."""
        try:
            return self._look(keys)
        except UpdateRefused as problem:
            raise UpdateUnknown(
                problem.message, seen=problem.seen, next_step=_("see what is there: mailstead dns publish")
            ) from problem

    def _change(self, zone: str, found: Found, changes: Sequence[SetChange]) -> list[Mapping[str, str]]:
        """How each came out; where the provider stopped them all, that for the rest too."""
        if not changes:
            return []
        request = {"zone": zone, "changes": [self._act(found, change) for change in changes]}
        results: list[Mapping[str, str]] = self._answer(request, may_have_acted=True)["results"]
        return [*results, *(results[-1] for _change in changes[len(results) :])]

    def _act(self, found: Found, change: SetChange) -> dict[str, Any]:
        """New values first: what says the same in other words is never gone, and a set keeps its TTL."""
        name, kind = change.key
        before, after = _values(change.before), _values(change.after)
        forms = [given(self.name, kind, value) for value in after if value not in before]
        rows = [row for row in found.rows.get(change.key, ()) if _reading(kind, row["content"]) not in after]
        return {
            "name": name,
            "type": kind,
            "ttl": change.after.ttl if change.after else TTL,
            "add": [{"content": content, "priority": priority} for content, priority in forms],
            "remove": [{"content": row["content"], "id": row["id"]} for row in rows],
        }

    def _undo(self, zone: str, found: Found, failed: Sequence[SetChange]) -> None:
        """Bring back what was there before a change that the provider did not make as it should."""
        undo = [
            SetChange(present, change.before)
            for change in failed
            if not _says(present := found.held.get(change.key), change.before)
        ]
        if not undo:
            return
        self._change(zone, found, undo)
        now = self._look_again([change.key for change in undo]).held
        amiss = [" ".join(one.key) for one in undo if not _says(now.get(one.key), one.after)]
        if amiss:
            raise UpdateUnknown(
                _(
                    "{provider} did not make the changes in {zone} as they should be, nor bring back what was"
                ).format(provider=self.name, zone=zone),
                seen=clean(", ".join(amiss), _LONGEST),
                next_step=_("look at these names at the provider, and put them right by hand"),
            )

    def _would_lose_preference(self, change: SetChange) -> bool:
        return change.key[1] == "MX" and change.before is not None and hides_preference(self.name)

    def _reason(self, change: SetChange, result: Mapping[str, str], present: RecordSet | None) -> str:
        seen = self._scrubbed(result["words"]) or ", ".join(present.shown if present else ())
        words = _("{provider} does not do this {type} record; publish it there by hand").format(
            provider=self.name, type=change.key[1]
        )
        return f"{words} ({seen})" if seen else words

    def _stop_where_all_was_refused(
        self,
        zone: str,
        changes: Sequence[SetChange],
        failed: Sequence[SetChange],
        results: Sequence[Mapping[str, str]],
    ) -> None:
        stops = [result for result in results if result["kind"] in {"refused", "silent"}]
        if not stops:
            return
        if len(failed) == len(changes):
            raise self._refusal(stops[0]["kind"], stops[0]["words"])
        raise UpdateUnknown(
            _("{provider} stopped in the midst of the changes in {zone}").format(
                provider=self.name, zone=zone
            ),
            seen=self._scrubbed(stops[0]["words"]),
            next_step=_("try again: mailstead dns publish shows what is still to do"),
        )

    def _answer(self, request: Mapping[str, Any], *, may_have_acted: bool = False) -> dict[str, Any]:
        whole = {"provider": self.name, "credentials": dict(self.credentials), **request}
        try:
            answer = self.ask(whole)
        except CommandFailed as problem:
            if not present_extra().exists():
                raise UpdateRefused(
                    _("lexicon, which speaks with {provider}, is not installed").format(provider=self.name),
                    next_step=_("replay the answers, which installs it: mailstead replay"),
                ) from problem
            kind = UpdateUnknown if may_have_acted else UpdateRefused
            raise kind(
                _("lexicon did not come to an end with {provider}").format(provider=self.name),
                seen=self._scrubbed(problem.seen.splitlines()[-1] if problem.seen else problem.message),
                next_step=_("try again; if it stays so, publish by hand: mailstead dns records"),
            ) from None  # what it said may hold a secret
        if "error" in answer:
            raise self._refusal(answer["error"], answer["words"])
        return answer

    def _refusal(self, kind: str, words: str) -> UpdateRefused | UpdateUnknown:
        seen, provider = self._scrubbed(words), self.name
        match kind:
            case "unknown":
                message = _("lexicon knows no provider {provider}").format(provider=provider)
                step = _("give [dns] publish one of these names, or publish by hand: mailstead dns records")
            case "unavailable":
                message = _("what {provider} needs besides lexicon is not here").format(provider=provider)
                step = _("publish by hand: mailstead dns records")
            case "incomplete":
                message = _("{provider} needs other credentials than those in [[dns.credentials]]").format(
                    provider=provider
                )
                step = _("look at what lexicon's page on this provider names, and give all of it")
            case "refused":
                message = _("{provider} refuses these credentials").format(provider=provider)
                step = _(
                    "see that each secret of [[dns.credentials]] is right, and that it may change the zone"
                )
            case "silent":
                message = _("{provider} can't be reached, or does not answer").format(provider=provider)
                step = _("see that this machine gets out by HTTPS, and try again")
            case "elsewhere":
                message = _("{provider} shows none of these domains to these credentials").format(
                    provider=provider
                )
                step = _("see that the domains' DNS is kept there, and that each secret is right")
            case _:
                message = _("{provider} does not show what is there").format(provider=provider)
                step = _("try again; if it stays so, publish by hand: mailstead dns records")
        return UpdateRefused(message, seen=seen, next_step=step)

    def _changed_in_between(self, zone: str, change: SetChange) -> ChangedInBetween:
        return ChangedInBetween(
            _("the zone {zone} was changed by somebody else in between; nothing was changed").format(
                zone=zone
            ),
            seen=" ".join(change.key),
            next_step=_("look at what is there now, and say yes again: mailstead dns publish"),
        )

    def _scrubbed(self, words: str) -> str:
        """What a provider said, without the secrets, which some have in their addresses."""
        for secret in filter(None, self.credentials.values()):
            for form in (secret, quote(secret, safe=""), quote_plus(secret)):
                words = words.replace(form, "…")
        return clean(words, _LONGEST)


def _says(present: RecordSet | None, wanted: RecordSet | None) -> bool:
    """Whether it is the same, however a long text is cut into strings."""
    return set(_texts(present)) == set(_texts(wanted))


def _texts(found: RecordSet | None) -> Iterator[str]:
    if found:
        yield from (text_of(found.type, value) for value in found.values)


def _values(found: RecordSet | None) -> tuple[str, ...]:
    return found.values if found else ()


def _reading(kind: str, content: str) -> str:
    try:
        return read(kind, content)
    except ValueError:
        return ""  # like none of ours


def _ttl(shown: object) -> int:
    text = str(shown)
    return int(text) if text.isdecimal() else TTL


def _hidden(provider: str) -> str:
    return _(
        "{provider} does not say which preference an MX record has, so that it could not be brought back; "
        "change it there by hand"
    ).format(provider=provider)
