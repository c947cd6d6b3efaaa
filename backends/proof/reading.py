"""Reads messages back over IMAP, as a mail program does, and deletes them."""

import contextlib
import imaplib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from backends.proof.endpoint import Endpoint, open_imap
from backends.text import clean

_FOLDERS = ("INBOX", "Junk")
_LEFT_OVER_AFTER = timedelta(days=2)


class Mailbox:
    """An open mailbox: the account's folders, as far as a proof needs them."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection

    def take(self, message_id: str) -> bytes:
        """The whole message, deleted from the mailbox; empty where it isn't there yet."""
        for folder in _FOLDERS:
            found = self._find(folder, f'HEADER Message-ID "{message_id}"')
            if found:
                content = self._fetch(found[0])
                self._delete(found)
                return content
        return b""

    def clear_left_overs(self) -> None:
        """Delete what earlier proofs that were killed have left."""
        before = (datetime.now(UTC) - _LEFT_OVER_AFTER).strftime("%d-%b-%Y")
        for folder in _FOLDERS:
            self._delete(self._find(folder, f"BEFORE {before}"))

    def _find(self, folder: str, criteria: str) -> Sequence[bytes]:
        status, _ = self._connection.select(folder)
        if status != "OK":
            return ()
        _, found = self._connection.uid("SEARCH", criteria)
        return found[0].split() if found and found[0] else ()

    def _fetch(self, uid: bytes) -> bytes:
        _, parts = self._connection.uid("FETCH", uid.decode(), "(BODY.PEEK[])")
        content = next(part[1] for part in parts if isinstance(part, tuple))
        return bytes(content)

    def _delete(self, uids: Sequence[bytes]) -> None:
        if uids:
            self._connection.uid("STORE", b",".join(uids).decode(), "+FLAGS.SILENT", r"(\Deleted)")
            self._connection.expunge()


@contextlib.contextmanager
def opened(endpoint: Endpoint, address: str, password: str) -> Iterator[Mailbox]:
    """The mailbox, logged in; raises OSError or IMAP4.error."""
    connection = open_imap(endpoint)
    try:
        connection.login(address, password)
        yield Mailbox(connection)
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            connection.logout()


def login_refusal(endpoint: Endpoint, address: str, password: str) -> str | None:
    """What the server says when it refuses this login; None when it lets it in."""
    connection = open_imap(endpoint)
    try:
        connection.login(address, password)
    except imaplib.IMAP4.error as refusal:
        return clean(str(refusal.args[0] if refusal.args else "").removeprefix("b'").removesuffix("'"), 200)
    finally:
        with contextlib.suppress(OSError, imaplib.IMAP4.error):
            connection.logout()
    return None
