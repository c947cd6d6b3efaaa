"""Sends what must be taken, and tries what must be refused, over SMTP."""

import contextlib
import smtplib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import formatdate

from backends.proof.endpoint import TIMEOUT, Endpoint, open_smtp
from backends.text import clean

_RETRY_AFTER = 0.5
_STRANGER = "stranger@example.org"
"""Of a domain that is nobody's mail domain (RFC 2606)."""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    code: int
    text: str

    @property
    def is_refusal(self) -> bool:
        """Whether it refused what was asked, not how (RFC 5321 section 4.2.3, RFC 4954 section 6).

        454 is how relaying is refused where the administrator chose so.
        """
        return self.code in {454, 535, 550, 551, 553, 554}

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def message(address: str, token: str) -> EmailMessage:
    """A message from an address to itself, to be found by its Message-ID."""
    proof = EmailMessage()
    proof["From"] = proof["To"] = address
    proof["Subject"] = f"Mailstead's proof {token}"
    proof["Date"] = formatdate()
    proof["Message-ID"] = message_id(address, token)
    proof.set_content(
        "This message was sent by Mailstead to see whether mail flows on this server: it was submitted with\n"
        "a login, signed, delivered and read back. It is deleted once it has been read.\n"
    )
    return proof


def message_id(address: str, token: str) -> str:
    """The Message-ID of that message."""
    return f"<mailstead-proof.{token}@{address.rpartition('@')[2]}>"


def submit(endpoint: Endpoint, address: str, password: str, proof: EmailMessage, patience: float) -> None:
    """Log in and send; temporary failures are tried again for `patience` seconds.

    Raises OSError or SMTPException with what happened last.
    """
    give_up = time.monotonic() + patience
    while True:
        try:
            with open_smtp(endpoint) as connection:
                connection.login(address, password)
                connection.send_message(proof, address, [address])
            return
        except (OSError, smtplib.SMTPException) as problem:
            if not _is_temporary(problem) or time.monotonic() > give_up:
                raise
        time.sleep(_RETRY_AFTER)


def login_answer(endpoint: Endpoint, address: str, password: str) -> Answer:
    """What the server says to this login."""
    with open_smtp(endpoint) as connection:
        connection.ehlo_or_helo_if_needed()
        # login() would try every mechanism in turn, and wait each time.
        connection.user, connection.password = address, password
        try:
            return _answer(connection.auth("PLAIN", connection.auth_plain))
        except smtplib.SMTPResponseException as refusal:
            return _answer((refusal.smtp_code, refusal.smtp_error))


def impostor_answer(endpoint: Endpoint, address: str, password: str, pretended: str) -> Answer:
    """What the server says when the owner of `address` sends as someone else. No message is sent."""
    with open_smtp(endpoint) as connection:
        connection.login(address, password)
        return _envelope_answer(connection, pretended, address)


def stranger_answers(source: str, port: int, address: str) -> tuple[Answer, Answer]:
    """What port 25 says to a stranger who writes to `address`, and who writes to someone else through us.

    The connection comes from and goes to `source`, an own address that is not loopback. No message is sent.
    """
    with _plain_smtp(source, port) as connection:
        local = _envelope_answer(connection, "", address)
        connection.rset()
        return local, _envelope_answer(connection, "", _STRANGER)


@contextlib.contextmanager
def _plain_smtp(source: str, port: int) -> Iterator[smtplib.SMTP]:
    literal = f"[IPv6:{source}]" if ":" in source else f"[{source}]"
    with smtplib.SMTP(source, port, literal, TIMEOUT, source_address=(source, 0)) as connection:
        connection.ehlo_or_helo_if_needed()
        yield connection


def _envelope_answer(connection: smtplib.SMTP, sender: str, recipient: str) -> Answer:
    connection.ehlo_or_helo_if_needed()
    answer = _answer(connection.mail(sender))
    return answer if answer.code != 250 else _answer(connection.rcpt(recipient))


def _answer(reply: tuple[int, bytes | str]) -> Answer:
    code, text = reply
    return Answer(code, clean(b" ".join(text.splitlines()) if isinstance(text, bytes) else text, 200))


def _is_temporary(problem: Exception) -> bool:
    match problem:
        case smtplib.SMTPRecipientsRefused(recipients=recipients):
            return all(400 <= code < 500 for code, _ in recipients.values())
        case smtplib.SMTPResponseException(smtp_code=code):
            return 400 <= code < 500
        case _:
            return isinstance(problem, ConnectionError | TimeoutError | smtplib.SMTPServerDisconnected)
