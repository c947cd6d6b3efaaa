"""Why an ACME authority issued nothing: what certbot said, in words, and kept until it goes well."""

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from backends.language import _
from backends.machine import files
from backends.text import clean, clean_lines

_NAME = "refusal.json"
_LONGEST = 600


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
    """The message and the next step."""
    if "rateLimited" in output or "too many" in output.lower():
        return (
            _("the authority issues no more for now: a rate limit is reached"),
            _(
                "wait as long as it says, then: mailstead replay. Let's Encrypt issues 5 certificates a week "
                "for the same names (this server needs 2 at a time) and 50 a week below one registered "
                "domain, and takes 5 failed proofs an hour for a name; its staging server has wide limits: "
                '[certificates.acme] directory = "letsencrypt-staging"'
            ),
        )
    if re.search(r"could not bind|address already in use|problem binding to port", output, re.IGNORECASE):
        return (
            _("another program holds port 80, so the authority's question can't be answered"),
            _('stop it, or prove the name by DNS: [certificates.acme] challenge = "dns-01"'),
        )
    if re.search(r"No space left on device|disk (is )?full|Errno 28", output, re.IGNORECASE):
        return (_("the disk is full"), _("make room, then: mailstead replay"))
    if re.search(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|SSLError", output):
        return (
            _("the authority's own certificate is not trusted here"),
            _("name the root certificate of a private authority in [certificates.acme] ca_file"),
        )
    if (
        re.search(
            r"NewConnectionError|ConnectionError|ConnectTimeout|Max retries|Name or service|"
            r"Temporary failure|Connection refused|Connection aborted|RemoteDisconnected|ReadTimeout|"
            r"An unexpected error.*50\d",
            output,
        )
        and "Certificate Authority failed" not in output
    ):
        return (
            _("the authority can't be reached"),
            _("see that this machine gets out to port 443 and resolves names, then: mailstead replay"),
        )
    if "already running" in output:
        return (_("another certbot is at work"), _("wait for its end, then: mailstead replay"))
    if re.search(r"urn:ietf:params:acme:error:caa|CAA record", output):
        return (
            _("a CAA record forbids this authority to issue for the name"),
            _("publish the authority's name in CAA (RFC 8659), then: mailstead replay"),
        )
    if re.search(
        r"dns_rfc2136|NOTAUTH|BADKEY|BADSIG|Encountered exception when making .* record|TSIG", output
    ):
        return (
            _("the name server did not take the record that proves the name"),
            _(
                "see that [dns.rfc2136] has its address, and that it lets this HMAC-SHA256 key change TXT "
                "records of _acme-challenge; then: mailstead replay"
            ),
        )
    if re.search(r"failed to authenticate|unauthorized|Challenge failed|error:(connection|dns)", output):
        return (
            _("the authority could not prove that this server has its name"),
            _(
                "see that the name's A and AAAA records lead here and that port 80 is reachable from "
                "outside, then: mailstead replay"
            ),
        )
    return (_("the authority refused"), _("see /var/log/letsencrypt/letsencrypt.log, then: mailstead replay"))


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
