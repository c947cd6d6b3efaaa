"""Proves that mail flows: sends real messages, reads them back, and tries what must be refused."""

import imaplib
import secrets
import smtplib
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from backends.proof import reading, sending, signatures
from backends.proof.endpoint import Endpoint
from backends.text import clean

_LOOPBACK = "127.0.0.1"
_LOOK_AGAIN_AFTER = 0.05


@dataclass(frozen=True)
class DkimKey:
    """A key that signs, as it lies on the disk."""

    selector: str
    path: Path
    """The private key, PEM."""


@dataclass(frozen=True)
class ProofSettings:
    """The account that writes to itself, and where the server listens. A port that is None is not offered."""

    address: str
    password_file: Path
    hostname: str
    """The name in the server's certificate."""
    own_address: str
    """An own address that is not loopback: from it this machine is a stranger to its own port 25."""
    smtp_port: int = 25
    submission_port: int | None = 587
    submissions_port: int | None = 465
    imaps_port: int | None = 993
    imap_port: int | None = None
    """Read here, after STARTTLS, where there is no IMAPS."""
    ca_file: Path | None = None
    """What the certificate must lead to; the system's own trust where None."""
    dkim_keys: tuple[DkimKey, ...] = ()
    patience: float = 30.0
    """Seconds that a message may take to arrive."""

    @property
    def domain(self) -> str:
        """The domain of the account."""
        return self.address.rpartition("@")[2]

    @property
    def submission(self) -> tuple[Endpoint, ...]:
        """Where mail can be submitted."""
        offered = ((self.submission_port, "starttls"), (self.submissions_port, "tls"))
        return tuple(
            Endpoint(self.hostname, port, "tls" if security == "tls" else "starttls", self.ca_file)
            for port, security in offered
            if port is not None
        )

    @property
    def mailbox(self) -> Endpoint | None:
        """Where mail is read: IMAPS, else IMAP after STARTTLS."""
        if self.imaps_port is not None:
            return Endpoint(self.hostname, self.imaps_port, "tls", self.ca_file)
        if self.imap_port is not None:
            return Endpoint(self.hostname, self.imap_port, "starttls", self.ca_file)
        return None


@dataclass(frozen=True)
class ProofResult:
    """What was tried, and how it came out."""

    id: str
    title: str
    is_ok: bool
    seen: str


def prove(settings: ProofSettings) -> Iterator[ProofResult]:
    """Try everything at once; the results come in the same order each time, each as soon as it is known.

    Nothing is raised: what goes wrong is a result. The account's address never gets banned for the wrong
    passwords, because they come from loopback.
    """
    try:
        password = settings.password_file.read_text(encoding="utf-8").strip()
    except OSError as problem:
        yield ProofResult("proof.account", "The account for proofs can log in", False, _words(problem))
        return
    with ThreadPoolExecutor(max_workers=8) as trying:
        journeys = [_Journey(settings, password, endpoint) for endpoint in settings.submission]
        sent = [trying.submit(journey.send) for journey in journeys]
        read = trying.submit(_read_all, settings, password, journeys)
        refusals = [
            trying.submit(
                _result, "proof.relay", "Port 25 takes mail for us and refuses to relay", _relay(settings)
            )
        ]
        if settings.submission:
            words = "A user who is logged in can't send as someone else"
            refusals.append(trying.submit(_result, "proof.impostor", words, _impostor(settings, password)))
        words = "A wrong password is refused"
        refusals.append(trying.submit(_result, "proof.password", words, _wrong_password(settings, trying)))
        yield from _journeys_told(settings, journeys, sent, read)
        yield from (refusal.result() for refusal in refusals)


@dataclass
class _Journey:
    """One message on its way: sent over one port, then read."""

    settings: ProofSettings
    password: str
    endpoint: Endpoint
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    begun_at: float = field(default_factory=time.monotonic)
    arrived_at: float = 0.0
    content: bytes = b""
    problem: str = ""

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return bool(self.content or self.problem)

    def send(self) -> None:
        """Submit it; why it can't be sent is kept for the result."""
        address = self.settings.address
        try:
            proof = sending.message(address, self.token)
            sending.submit(self.endpoint, address, self.password, proof, self.settings.patience)
        except (OSError, smtplib.SMTPException) as problem:
            self.problem = f"it can't be sent: {_words(problem)}"

    def look(self, mailbox: reading.Mailbox) -> None:
        """Take it out of the mailbox if it is there."""
        self.content = mailbox.take(sending.message_id(self.settings.address, self.token))
        self.arrived_at = time.monotonic()


def _read_all(settings: ProofSettings, password: str, journeys: list[_Journey]) -> None:
    endpoint = settings.mailbox
    try:
        if endpoint is None:
            raise ConnectionError("there is no IMAP port to read it from")
        with reading.opened(endpoint, settings.address, password) as mailbox:
            give_up = time.monotonic() + settings.patience
            while time.monotonic() < give_up and not all(journey.is_over for journey in journeys):
                for journey in journeys:
                    if not journey.is_over:
                        journey.look(mailbox)
                time.sleep(_LOOK_AGAIN_AFTER)
            mailbox.clear_left_overs()
    except (OSError, imaplib.IMAP4.error) as problem:
        for journey in journeys:
            journey.problem = journey.problem or f"it can't be read: {_words(problem)}"
    for journey in journeys:
        if not journey.is_over:
            journey.problem = f"it did not arrive within {settings.patience:g} s"


def _journeys_told(
    settings: ProofSettings, journeys: list[_Journey], sent: list[Future[None]], read: Future[None]
) -> Iterator[ProofResult]:
    read_over = "IMAPS" if settings.imaps_port is not None else "IMAP"
    for done in (*sent, read):
        done.result()
    for journey in journeys:
        port = journey.endpoint.port
        title = f"A message sent over port {port} arrives and is read over {read_over}"
        is_ok = bool(journey.content)
        seen = f"arrived in {journey.arrived_at - journey.begun_at:.1f} s" if is_ok else journey.problem
        yield ProofResult(f"proof.port-{port}", title, is_ok, seen)
    arrived = [journey.content for journey in journeys if journey.content]
    if settings.dkim_keys and journeys:
        names = " and ".join(key.selector for key in settings.dkim_keys)
        yield _result("proof.dkim", f"The signatures {names} verify", lambda: _signed(settings, arrived))


def _signed(settings: ProofSettings, messages: list[bytes]) -> tuple[bool, str]:
    if not messages:
        return False, "no message arrived"
    keys = {key.selector: key.path for key in settings.dkim_keys}
    results = [signatures.verified(message, settings.domain, keys) for message in messages]
    bad = [f"{s}: {seen}" for result in results for s, seen in result.items() if seen.startswith("no ")]
    good = [f"{s} ({seen})" for s, seen in results[0].items()]
    return not bad, ", ".join(dict.fromkeys(bad)) or " and ".join(good)


def _relay(settings: ProofSettings) -> Callable[[], tuple[bool, str]]:
    def attempt() -> tuple[bool, str]:
        if settings.own_address == _LOOPBACK:
            return True, "not tried: this machine has no address but loopback, so nobody can reach it"
        local, elsewhere = sending.stranger_answers(
            settings.own_address, settings.smtp_port, settings.address
        )
        if local.code != 250:
            return False, f"mail for {settings.address} is not taken: {local}"
        return elsewhere.is_refusal, _said(elsewhere)

    return attempt


def _impostor(settings: ProofSettings, password: str) -> Callable[[], tuple[bool, str]]:
    def attempt() -> tuple[bool, str]:
        pretended = f"postmaster@{settings.domain}"
        endpoint = settings.submission[0]
        answer = sending.impostor_answer(endpoint, settings.address, password, pretended)
        return answer.is_refusal, _said(answer)

    return attempt


def _wrong_password(settings: ProofSettings, trying: ThreadPoolExecutor) -> Callable[[], tuple[bool, str]]:
    wrong = secrets.token_urlsafe(16)
    by_imap = settings.mailbox and trying.submit(
        reading.login_refusal, settings.mailbox, settings.address, wrong
    )

    def attempt() -> tuple[bool, str]:
        seen: list[str] = []
        is_ok = True
        for endpoint in settings.submission[:1]:
            answer = sending.login_answer(endpoint, settings.address, wrong)
            is_ok = is_ok and answer.is_refusal
            seen.append(f"port {endpoint.port}: {_said(answer)}")
        if by_imap and settings.mailbox:
            refusal = by_imap.result()
            is_ok = is_ok and refusal is not None
            seen.append(f"port {settings.mailbox.port}: {f'refused: {refusal}' if refusal else 'let in'}")
        return is_ok, "; ".join(seen)

    return attempt


def _said(answer: sending.Answer) -> str:
    return f"refused: {answer}" if answer.is_refusal else f"not refused: {answer}"


def _result(name: str, title: str, attempt: Callable[[], tuple[bool, str]]) -> ProofResult:
    try:
        is_ok, seen = attempt()
    except (OSError, ValueError, smtplib.SMTPException, imaplib.IMAP4.error) as problem:
        return ProofResult(name, title, False, _words(problem))
    return ProofResult(name, title, is_ok, clean(seen, 400))


def _words(problem: Exception) -> str:
    """What went wrong, for a person; what servers say is cleaned."""
    match problem:
        case ssl.SSLCertVerificationError():
            return f"the certificate can't be trusted: {clean(problem.verify_message, 200)}"
        case smtplib.SMTPRecipientsRefused():
            code, said = next(iter(problem.recipients.values()))
            return f"{code} {clean(said, 200)}"
        case smtplib.SMTPResponseException():
            return f"{problem.smtp_code} {clean(problem.smtp_error, 200)}"
        case _:
            return clean(f"{type(problem).__name__}: {problem}", 200)
