"""Whether the MTA-STS policy can be fetched as senders fetch it, and says what it should (RFC 8461)."""

import http.client
import ssl
from dataclasses import dataclass

from backends.dns.judging import Judgement, Question, Standing
from backends.dns.mta_sts import POLICY_PATH, PolicyMode, policy_host, policy_text
from backends.dns.record import Need
from backends.language import _
from backends.text import clean

_PATIENCE = 4.0
"""Seconds for each of connecting, TLS and the answer; senders should wait a minute (section 3.3)."""

_LONGEST = 64 * 1024
"""Bytes of a policy (section 3.2)."""


@dataclass(frozen=True)
class Fetched:
    """What came of asking for the policy. `problem` and `distrust` are words, empty where all went well."""

    status: int = 0
    content_type: str = ""
    location: str = ""
    body: str = ""
    problem: str = ""
    """Why there is no answer."""
    distrust: str = ""
    """Why senders would not believe the certificate."""
    is_silent: bool = False
    """Whether nothing came back, not even a refusal."""


def fetch(host: str, ca_file: str = "") -> Fetched:
    """GET the policy by HTTPS, redirects not followed (section 3.3). Takes some seconds at most.

    `ca_file` is what certificates may lead to besides what this machine trusts.
    """
    context = ssl.create_default_context()
    try:
        if ca_file:
            context.load_verify_locations(ca_file)
        connection = http.client.HTTPSConnection(host, timeout=_PATIENCE, context=context)
        try:
            connection.request("GET", POLICY_PATH)
            answer = connection.getresponse()
            return Fetched(
                status=answer.status,
                content_type=clean(answer.getheader("Content-Type", ""), 100),
                location=clean(answer.getheader("Location", ""), 200),
                body=answer.read(_LONGEST).decode("utf-8", errors="replace"),
            )
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as problem:
        return Fetched(distrust=clean(problem.verify_message or str(problem), 200))
    except TimeoutError:
        return Fetched(problem=_("no answer in {seconds:g} s").format(seconds=_PATIENCE), is_silent=True)
    except (OSError, http.client.HTTPException, ValueError) as problem:
        return Fetched(problem=clean(str(problem) or type(problem).__name__, 200))


def judge_policy(domain: str, hostname: str, mode: PolicyMode, fetched: Fetched) -> Judgement:
    """How it stands with the policy of one domain."""
    question = Question(domain, f"https://{policy_host(domain)}{POLICY_PATH}", "policy", Need.RECOMMENDED)
    wanted = _shown(policy_text(hostname, mode))
    mend = _("see what serves this address: mailstead check nginx")
    if fetched.is_silent:
        return question.unasked(fetched.problem)
    if fetched.problem:
        return question.judged(Standing.MISSING, fetched.problem, wanted, mend)
    if fetched.distrust:
        seen = _("senders do not trust its certificate: {reason}").format(reason=fetched.distrust)
        mend = _("let a public authority issue the certificate for this name")
        return question.judged(Standing.WRONG, seen, wanted, mend)
    if fetched.status != http.HTTPStatus.OK:
        seen = f"{fetched.status} {fetched.location}".rstrip()
        if fetched.status // 100 == 3:
            seen = _("it leads elsewhere, where senders don't follow: {answer}").format(answer=seen)
            return question.judged(Standing.WRONG, seen, wanted, mend)
        return question.judged(Standing.MISSING, seen, wanted, mend)
    shown = _shown(fetched.body)
    if fetched.content_type.partition(";")[0].strip().lower() != "text/plain":
        seen = _("it is not plain text but {type}").format(type=fetched.content_type or "?")
        return question.judged(Standing.WRONG, seen, "text/plain", mend)
    if _fields(fetched.body) != _fields(policy_text(hostname, mode)):
        return question.judged(Standing.WRONG, shown, wanted, mend)
    return question.right(shown)


def _fields(text: str) -> list[tuple[str, str]]:
    """The policy's fields, in whatever order they are written; how long it is kept is a matter of taste."""
    pairs = [line.partition(":") for line in text.splitlines() if line.strip()]
    fields = sorted((name.strip().lower(), value.strip().lower()) for name, _colon, value in pairs)
    return [field for field in fields if field[0] != "max_age"]


def _shown(text: str) -> str:
    return ", ".join(line.strip() for line in text.splitlines() if line.strip())
