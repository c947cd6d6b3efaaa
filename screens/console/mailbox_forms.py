"""What is asked when a mailbox, an alias or a domain is made, or a mailbox is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.css.query import NoMatches
from textual.widgets import Static

from backends.accounts.addresses import WrongAddress, parse_address, parse_destination, parse_domain
from backends.language import _
from screens.widgets.choice_list import ChoiceList
from screens.widgets.form_screen import FormScreen
from screens.widgets.safe_input import SafeInput

if TYPE_CHECKING:
    from wizard.mailbox_list import Kind


_EXAMPLES = {
    "mailbox": _("A name, or a whole address. Left empty, the password is made and shown once."),
    "alias": _("A name, or a whole address; where its mail goes to, with a space between several."),
    "domain": _("A domain, like example.org."),
}


@dataclass(frozen=True)
class NewEntry:
    """What to make. An empty password means: make one."""

    kind: Kind
    name: str
    password: str
    quota: str
    goes_to: tuple[str, ...]


class NewEntryForm(FormScreen[NewEntry]):
    """A mailbox, an alias or a domain. A name without a domain gets `domain`, where there is one."""

    def __init__(self, domains: Collection[str], taken: Collection[str], domain: str) -> None:
        super().__init__(_("New"), _("Make it"))
        self._domains, self._taken, self._domain = domains, taken, domain

    AUTO_FOCUS: ClassVar[str | None] = "#entry-name"

    def fields(self) -> ComposeResult:
        """The kind first; what it needs below."""
        kinds = (
            ("mailbox", _("Mailbox"), _("somebody reads mail here")),
            ("alias", _("Alias"), _("mail goes on to other addresses")),
            ("domain", _("Domain"), _("mail for one more domain is taken")),
        )
        yield self.row("", ChoiceList(kinds, "mailbox"))
        yield self.row(_("Name"), SafeInput(id="entry-name"))
        yield self.row(_("Password"), SafeInput(is_secret=True, id="entry-password"), "row-password")
        yield self.row(_("Quota"), SafeInput("2G", id="entry-quota"), "row-quota")
        yield self.row(_("Goes to"), SafeInput(id="entry-goes-to"), "row-goes-to")

    def on_mount(self) -> None:
        """Show what a mailbox needs."""
        self.changed()
        self.query_one("#form-hint", Static).update(Content(self.advice()))

    @property
    def kind(self) -> Kind:
        """What is to be made."""
        chosen = self.query_one(ChoiceList).value
        return "alias" if chosen == "alias" else "domain" if chosen == "domain" else "mailbox"

    def changed(self) -> None:
        """Show the fields of this kind only."""
        for row, kind in (("password", "mailbox"), ("quota", "mailbox"), ("goes-to", "alias")):
            self.query_one(f"#row-{row}").display = self.kind == kind

    def advice(self) -> str:
        """What is made, as far as it is known."""
        try:
            result = self.result()
        except NoMatches:  # not drawn yet
            return ""
        if not result.name:
            return _EXAMPLES[result.kind]
        match result.kind:
            case "domain":
                return _("{name}: publish its records afterwards; mailstead dns records shows them.").format(
                    name=result.name
                )
            case "alias":
                return _("Mail for {name} will go to {goes_to}.").format(
                    name=result.name, goes_to=", ".join(result.goes_to) or "…"
                )
            case _:
                typed = bool(result.password)
                made = _("the password is strong") if typed else _("a password is made and shown once")
                return f"{result.name}: {made}."

    def is_begun(self) -> bool:
        """Once there is a name."""
        return bool(self.text_of("entry-name"))

    async def problem(self) -> str:
        """The first thing that keeps it from being made."""
        entry = self.result()
        if not entry.name:
            return _("It needs a name.")
        try:
            if entry.kind == "domain":
                parse_domain(entry.name)
                return _("It is here already.") if entry.name in self._domains else ""
            parse_address(entry.name)
            for address in entry.goes_to:
                parse_destination(address)
        except WrongAddress as wrong:
            return f"{wrong.message}; {wrong.next_step}"
        domain = entry.name.rpartition("@")[2]
        if domain not in self._domains:
            return _("{domain} is no domain of this server; make the domain first.").format(domain=domain)
        if entry.name in self._taken and entry.kind == "mailbox":
            return _("{name} is here already.").format(name=entry.name)
        if entry.kind == "alias":
            return "" if entry.goes_to else _("An alias needs somewhere to go to.")
        return await asyncio.to_thread(_wrong_with_mailbox, entry)

    def result(self) -> NewEntry:
        """What the fields say."""
        name = self.text_of("entry-name").lower()
        if name and "@" not in name and self.kind != "domain" and self._domain:
            name = f"{name}@{self._domain}"
        goes_to = self.text_of("entry-goes-to").lower().replace(",", " ").split()
        return NewEntry(
            self.kind,
            name,
            self.query_one("#entry-password", SafeInput).value,
            self.text_of("entry-quota"),
            tuple(address if "@" in address else f"{address}@{self._domain}" for address in goes_to),
        )


class PasswordForm(FormScreen[str]):
    """A new password; an empty one means: make one."""

    def __init__(self, address: str) -> None:
        super().__init__(_("New password for {address}").format(address=address), _("Set it"))
        self._address = address

    def fields(self) -> ComposeResult:
        """One line, hidden."""
        yield self.row(_("Password"), SafeInput(is_secret=True, id="entry-password"))

    def advice(self) -> str:
        """What happens with what is typed."""
        try:
            typed = self.result()
        except NoMatches:
            typed = ""
        return _("Strong enough.") if typed else _("Left empty, one is made and shown once.")

    async def problem(self) -> str:
        """Too short, or too easily guessed."""
        return await asyncio.to_thread(_wrong_with_password, self.result(), self._address)

    def result(self) -> str:
        """What was typed."""
        return self.query_one("#entry-password", SafeInput).value


class QuotaForm(FormScreen[str]):
    """Another limit, as a person writes it: 2G, 500M, 0 for none."""

    def __init__(self, address: str, quota: str) -> None:
        super().__init__(_("Quota of {address}").format(address=address), _("Set it"))
        self._quota = quota

    def fields(self) -> ComposeResult:
        """One line."""
        yield self.row(_("Quota"), SafeInput(self._quota, id="entry-quota"))

    def advice(self) -> str:
        """How to write it."""
        return _("A number and K, M, G or T, like 2G; 0 is no limit. What is over it already stays.")

    async def problem(self) -> str:
        """No size."""
        return await asyncio.to_thread(_wrong_with_quota, self.result())

    def result(self) -> str:
        """What was typed."""
        return self.text_of("entry-quota")


def _wrong_with_mailbox(entry: NewEntry) -> str:
    return _wrong_with_quota(entry.quota) or _wrong_with_password(entry.password, entry.name)


def _wrong_with_quota(text: str) -> str:
    from wizard.value_types import parse_size

    try:
        parse_size(text)
    except ValueError as problem:
        return _("The quota {problem}").format(problem=problem)
    return ""


def _wrong_with_password(password: str, address: str) -> str:
    if not password:
        return ""
    from wizard.mailbox_changes import complaint_about, password_rules

    return complaint_about(password, address, password_rules())
