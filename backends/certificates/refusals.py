"""Why an ACME authority issued nothing: what certbot said, in words, and kept until it goes well."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from backends.language import _
from backends.machine import files
from backends.text import clean, clean_lines

_NAME = "refusal.json"
_LONGEST = 600
_LONGEST_LOG = 1 << 20
LOG = "/var/log/letsencrypt/letsencrypt.log"
"""certbot begins it anew with each call, or goes on in it where it is told to keep no old ones."""


@dataclass(frozen=True)
class Refusal:
    """What went wrong, what was seen, what to do; `at` is the moment in ISO 8601."""

    message: str
    seen: str
    next_step: str
    at: str


def explain(output: str, directory_url: str, *, is_rehearsal: bool = False) -> Refusal:
    """What certbot's words mean for a person (RFC 8555 section 6.7 has the kinds of errors)."""
    seen = _essence(output)
    message, next_step = _meaning(output)
    if is_rehearsal:
        message = _("in the rehearsal, which costs nothing: {message}").format(message=message)
    message = f"{message} ({directory_url})"
    return Refusal(message, seen, next_step, datetime.now(UTC).isoformat(timespec="seconds"))


@dataclass(frozen=True)
class EndOfLog:
    """Where certbot's log ended at some moment: `size` octets into the file with that inode."""

    inode: int = 0
    size: int = 0

    @classmethod
    def now(cls, path: str = LOG) -> "EndOfLog":
        """The end as it is; of a log that is not there, the beginning of the next one."""
        try:
            found = Path(path).stat()
        except OSError:
            return cls()
        return cls(found.st_ino, found.st_size)

    def problem_since(self, path: str = LOG) -> str:
        """The last problem document (RFC 7807) that certbot was answered since then, on one line."""
        try:
            with Path(path).open("rb") as log:
                found = os.fstat(log.fileno())
                is_the_same = found.st_ino == self.inode and found.st_size >= self.size
                log.seek(max(self.size if is_the_same else 0, found.st_size - _LONGEST_LOG))
                text = log.read().decode(errors="replace")
        except OSError:
            return ""
        kinds = re.findall(r'"type": "(urn:ietf:params:acme:error:\w+)",?\s+"detail": "([^"]*)"', text)
        return " :: ".join(kinds[-1]) if kinds else ""


def keep(refusal: Refusal, directory: str) -> None:
    """Write it down for checks and the next look."""
    content = json.dumps(asdict(refusal)).encode()
    files.write_atomically(Path(directory, _NAME), content, mode=0o600)


def forget(directory: str) -> None:
    """All went well since."""
    if Path(directory).is_dir():
        files.remove(Path(directory, _NAME))


def last_refusal(directory: str) -> Refusal | None:
    """The last one that nothing good came after."""
    try:
        return Refusal(**json.loads(Path(directory, _NAME).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _meaning(output: str) -> tuple[str, str]:
    """The message and the next step: of the first pattern that fits."""
    for pattern, message, next_step in _meanings():
        if re.search(pattern, output, re.IGNORECASE):
            return message, next_step
    return (_("the authority refused"), _("see {log}, then: mailstead replay").format(log=LOG))


def _meanings() -> Iterator[tuple[str, str, str]]:
    """What certbot and its libraries say, most telling first."""
    yield (
        r"rateLimited|too many",
        _("the authority issues no more for now: a rate limit is reached"),
        _(
            "wait as long as it says, then: mailstead replay. Let's Encrypt issues 5 certificates a week "
            "for the same names (this server needs 2 at a time) and 50 a week below one registered "
            "domain, and takes 5 failed proofs an hour for a name; its staging server has wide limits: "
            '[certificates.acme] directory = "letsencrypt-staging"'
        ),
    )
    yield (
        r"could not bind|address already in use|problem binding to port",
        _("another program holds port 80, so the authority's question can't be answered"),
        _('stop it, or prove the name by DNS: [certificates.acme] challenge = "dns-01"'),
    )
    yield (
        r"no space left on device|Errno 28",
        _("the disk is full"),
        _("make room, then: mailstead replay"),
    )
    yield (
        r"another instance of certbot",
        _("another certbot is at work"),
        _("wait for its end, then: mailstead replay"),
    )
    yield (
        r"acme:error:caa|type: +caa|CAA record",
        _("a CAA record forbids this authority to issue for the name"),
        _("publish the authority's name in CAA (RFC 8659), then: mailstead replay"),
    )
    yield (
        r"dns_rfc2136|NOTAUTH|BADKEY|BADSIG|exception when making .* (record|query)|TSIG",
        _("the name server did not take the record that proves the name"),
        _(
            "see that [dns.rfc2136] has its address, and that it lets this HMAC-SHA256 key change TXT "
            "records of _acme-challenge; then: mailstead replay"
        ),
    )
    yield (
        r"failed to authenticate|acme:error:(unauthorized|connection|dns)|challenges have failed",
        _("the authority could not prove that this server has its name"),
        _(
            "see that the name's A and AAAA records lead here and that port 80 is reachable from outside, "
            "or by DNS that every name server has the record; then: mailstead replay"
        ),
    )
    yield (
        r"certificate verify failed|CERTIFICATE_VERIFY_FAILED",
        _("the authority's own certificate is not trusted here"),
        _("name the root certificate of a private authority in [certificates.acme] ca_file"),
    )
    yield (
        r"Connection|max retries|name or service|temporary failure|refused|timeout|did not end within",
        _("the authority can't be reached"),
        _("see that this machine gets out to port 443 and resolves names, then: mailstead replay"),
    )


def _essence(output: str) -> str:
    """The lines that say something of this case, cleaned."""
    boring = re.compile(
        r"^(Saving debug log|Ask for help|Requesting a certificate|Account registered|Simulating|Renewing|"
        r"Certbot failed to authenticate|Some challenges|Hint:|Plugins selected|Attempting to|"
        r"See the logfile|- - -|Processing /etc|The Certificate Authority failed to download)"
    )
    lines = [line.strip() for line in output.splitlines()]
    telling = [line for line in lines if line and not boring.match(line)]
    return clean_lines("\n".join(clean(line, 300) for line in telling))[:_LONGEST]
