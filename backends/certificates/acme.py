"""Certificates by ACME (RFC 8555), through Debian's certbot: one lineage for each kind of key."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from backends.certificates import authority, keys, refusals
from backends.certificates.retired import is_retired
from backends.certificates.settings import (
    KEY_KINDS,
    LETS_ENCRYPT,
    STATE,
    AcmeSettings,
    KeyKind,
)
from backends.errors import CommandFailed
from backends.machine import files
from backends.machine.run import run
from backends.resources import Action, Description, FetchImage, KeepImage, Record, Sole, State

ETC = "/etc/letsencrypt"
CREDENTIALS = "/etc/mailstead/acme-dns.ini"

_PATIENCE = 300.0
"""Seconds for one call of certbot: an authority may take its time over a proof."""
_PROPAGATION = 15
"""Seconds until every name server of the zone has the record that proves the name."""
_LAST_PART = 2 / 9
"""certbot renews a certificate in the last third of its life. When it has not by then, we ask ourselves."""


@dataclass(frozen=True)
class Pair:
    """A key and its certificate with the chain, both PEM."""

    key: bytes
    chain: bytes


@dataclass(frozen=True)
class LineagesState(State):
    """The kinds of key for which there is a certificate that need not be asked for, and whether certbot
    renews them.
    """

    current: tuple[str, ...]
    is_renewed: bool

    def record(self, keep: KeepImage) -> Record:  # noqa: ARG002  certbot keeps the files
        """The state as JSON values."""
        return {"current": list(self.current), "is_renewed": self.is_renewed}


@dataclass(frozen=True)
class Lineages(Sole):
    """Our lineages below /etc/letsencrypt: asked for where they are missing or due, or, without `acme`, left
    to lie and renewed no more.

    An authority that refuses is no failure of the run: what was served before is served on, the reason is
    kept, and a check tells it.
    """

    kind = "acme-certificates"

    names: tuple[str, ...] = ()
    acme: AcmeSettings | None = field(default=None, compare=False)
    state_directory: str = field(default=STATE, compare=False)

    @property
    def name(self) -> str:
        """There is one set of lineages on a machine."""
        return "mailstead"

    @classmethod
    def look(cls, resources: Sequence[Self]) -> list[State]:
        """What lies below /etc/letsencrypt."""
        return [resource.state_now() for resource in resources]

    def wanted(self, now: State) -> State:
        """Every kind, renewed; or whatever there is, at rest."""
        if not isinstance(now, LineagesState):
            raise TypeError(now)
        return LineagesState(KEY_KINDS, True) if self.acme else LineagesState(now.current, False)

    def put(self, state: State) -> None:
        """Ask for what is missing. What was issued stays issued when this is taken back."""
        if not isinstance(state, LineagesState):
            raise TypeError(state)
        for kind in KEY_KINDS:
            _set_renewal(kind, is_on=state.is_renewed)
        missing = [kind for kind in KEY_KINDS if kind in state.current and not self._is_current(kind)]
        if self.acme is None or not state.is_renewed:
            return
        refusal = self._ask(missing, self.acme)
        if refusal:
            refusals.keep(refusal, self.state_directory)
        else:
            refusals.forget(self.state_directory)

    def describe(self, now: State, wanted: State) -> Description:  # noqa: ARG002
        """Who is asked for what."""
        if self.acme is None:
            return Description(Action.MODIFY, "let certbot renew the certificates of this server no more")
        names = ", ".join(self.names)
        return Description(
            Action.RUN,
            f"ask {self.acme.directory} for certificates of {names}, and install them",
            is_reversible=False,
        )

    @classmethod
    def state_from_record(cls, record: Record, fetch: FetchImage) -> State:  # noqa: ARG003
        """The recorded state."""
        return LineagesState(tuple(record["current"]), record["is_renewed"])

    def state_now(self) -> LineagesState:
        """The kinds that need not be asked for, and whether any is renewed."""
        current = tuple(kind for kind in KEY_KINDS if self._is_current(kind))
        return LineagesState(current, any(_is_renewed(kind) for kind in KEY_KINDS))

    def _is_current(self, kind: KeyKind) -> bool:
        """Whether what there is comes from this authority, bears these names and is not due."""
        pair = issued(kind, self.names)
        certificate = authority.read_certificate(pair.chain) if pair else None
        if certificate is None or is_retired(certificate, self.state_directory):
            return False
        left = certificate.not_valid_after_utc - authority.now()
        whole = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        is_due = left < whole * _LAST_PART
        return not is_due and (self.acme is None or _is_asked_for_like_this(kind, self.acme))

    def _ask(self, kinds: Sequence[KeyKind], acme: AcmeSettings) -> refusals.Refusal | None:
        if kinds and _needs_rehearsal(acme) and (refusal := self._certbot(kinds[0], acme, "--dry-run")):
            return refusal
        for kind in kinds:
            if refusal := self._certbot(kind, acme):
                return refusal
        return None

    def _certbot(self, kind: KeyKind, acme: AcmeSettings, *more: str) -> refusals.Refusal | None:
        is_rehearsal = bool(more)
        log = refusals.EndOfLog.now()
        try:
            answer = run(
                [*certbot_command(kind, self.names, acme, is_rehearsal=is_rehearsal), *more],
                timeout=_PATIENCE,
                environment=environment(acme),
                check=False,
            )
            said, is_ok = f"{answer.complaint()}\n{answer.text}", answer.is_ok
            # Debian 12's certbot stumbles over a rate limit and says so nowhere but in its log.
            said = said if is_ok or "urn:ietf" in said else f"{log.problem_since()}\n{said}"
        except CommandFailed as late:
            said, is_ok = late.message, False
        return None if is_ok else refusals.explain(said, acme.directory, is_rehearsal=is_rehearsal)


def certbot_command(
    kind: KeyKind, names: Sequence[str], acme: AcmeSettings, *, is_rehearsal: bool = False
) -> list[str]:
    """The call that asks for one certificate (certbot(1)).

    Hooks in directories stay out: they are for renewals that nobody waits for. A rehearsal names no server:
    certbot goes to Let's Encrypt's staging server then.
    """
    key = (
        ["--key-type", "rsa", "--rsa-key-size", str(keys.RSA_BITS)]
        if kind == "rsa"
        else ["--key-type", "ecdsa", "--elliptic-curve", "secp256r1"]
    )
    how = (
        ["--standalone"]
        if acme.challenge == "http-01"
        else [
            *("--dns-rfc2136", "--dns-rfc2136-credentials", CREDENTIALS),
            *("--dns-rfc2136-propagation-seconds", str(_PROPAGATION)),
        ]
    )
    domains = [word for name in names for word in ("--domain", name)]
    return [
        *("certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email"),
        *("--email", acme.email, *(() if is_rehearsal else ("--server", acme.directory))),
        *("--cert-name", lineage(kind), "--renew-with-new-domains", "--no-directory-hooks"),
        *(() if is_rehearsal else ("--force-renewal",)),
        *(("--reuse-key",) if acme.keeps_keys else ()),
        *key,
        *how,
        *domains,
    ]


def environment(acme: AcmeSettings) -> dict[str, str]:
    """What certbot needs to trust a private authority (requests, "SSL Cert Verification")."""
    return {"REQUESTS_CA_BUNDLE": acme.ca_file} if acme.ca_file else {}


def lineage(kind: KeyKind) -> str:
    """What certbot calls the lineage."""
    return f"mailstead-{kind}"


def issued(kind: KeyKind, names: Sequence[str]) -> Pair | None:
    """What was issued last for these names, if it is whole and has not ended."""
    live = Path(ETC, "live", lineage(kind))
    try:
        pair = Pair((live / "privkey.pem").read_bytes(), (live / "fullchain.pem").read_bytes())
    except OSError:
        return None
    certificate = authority.read_certificate(pair.chain)
    is_whole = (
        certificate is not None
        and keys.is_key_of(kind, pair.key)
        and authority.belong_together(certificate, pair.key)
        and all(authority.covers(authority.names_in(certificate), name) for name in names)
        and certificate.not_valid_after_utc > authority.now()
    )
    return pair if is_whole else None


def server_of(kind: KeyKind) -> str:
    """The directory that the lineage was issued by; empty where there is none."""
    found = re.search(r"^server = (\S+)$", _renewal(kind), re.MULTILINE)
    return found[1] if found else ""


def _is_asked_for_like_this(kind: KeyKind, acme: AcmeSettings) -> bool:
    """Whether certbot will renew it from that authority, by that proof, and for the same key if need be."""
    text = _renewal(kind)
    plugin = "standalone" if acme.challenge == "http-01" else "dns-rfc2136"
    return (
        server_of(kind) == acme.directory
        and re.search(rf"^authenticator = {plugin}$", text, re.MULTILINE) is not None
        and (not acme.keeps_keys or re.search(r"^reuse_key = True$", text, re.MULTILINE) is not None)
    )


def _needs_rehearsal(acme: AcmeSettings) -> bool:
    """Before the first real request to Let's Encrypt; other authorities have nowhere to rehearse."""
    return acme.directory == LETS_ENCRYPT and LETS_ENCRYPT not in map(server_of, KEY_KINDS)


def _renewal_path(kind: KeyKind) -> Path:
    return Path(ETC, "renewal", f"{lineage(kind)}.conf")


def _renewal(kind: KeyKind) -> str:
    try:
        return _renewal_path(kind).read_text(errors="replace")
    except OSError:
        return ""


def _is_renewed(kind: KeyKind) -> bool:
    text = _renewal(kind)
    return bool(text) and "autorenew = False" not in text


def _set_renewal(kind: KeyKind, *, is_on: bool) -> None:
    """Let certbot's timer renew the lineage or not: `autorenew` below [renewalparams] of its own file."""
    text = _renewal(kind)
    if not text or _is_renewed(kind) == is_on:
        return
    rest = re.sub(r"^autorenew = .*\n", "", text, flags=re.MULTILINE)
    if not is_on:
        rest = rest.replace("[renewalparams]\n", "[renewalparams]\nautorenew = False\n", 1)
    files.write_atomically(_renewal_path(kind), rest.encode())
