"""Answers that need no question: from the host's name alone."""

import re
from collections.abc import Sequence

from wizard.answers import Accounts, Acme, Answers, Certificates, Dns, Mailbox
from wizard.answers_mistakes import read
from wizard.answers_path import dotted
from wizard.errors import AnswersError, Mistake
from wizard.text_checks import LONGEST_ADDRESS, IPAddress, host_name

_NO_NAMES = {"", "localhost", "none", "localhost-localdomain", "localhost4", "localhost6"}
"""What a machine is called that nobody has named; the kernel says "(none)"."""
_UNNAMED = "server"
_LONGEST_LABEL = 63


def starting_answers(hostname: str, domains: Sequence[str], admin: str) -> Answers:
    """All defaults for a server of which the three things without a default are known.

    Raises AnswersError where one of them isn't right.
    """
    found = read({"site": {"hostname": hostname, "domains": list(domains), "admin": admin}})
    if not isinstance(found, Answers):
        raise AnswersError(Mistake(dotted(each.path), None, each.problem) for each in found)
    return Answers(
        site=found.site,
        certificates=Certificates(acme=Acme(email=found.site.admin)),
        accounts=Accounts(mailboxes=(Mailbox(address=found.site.admin),)),
    )


def quickstart_answers(host: str, *, forward_to: Sequence[IPAddress] = (), dnssec: bool = True) -> Answers:
    """The answers for a host of that name, whatever the kernel or a resolver says the name is.

    The mail domain is a full name without its first label where it has three or more; a host with only a
    short name NAME becomes mail.NAME.internal with the domain NAME.internal (`internal` is reserved for
    private use, ICANN 2024). `forward_to` are resolvers to ask instead of the root servers.
    """
    hostname, domain = names_for(host)
    answers = starting_answers(hostname, (domain,), f"admin@{domain}")
    return answers.model_copy(update={"dns": Dns(forward_to=tuple(forward_to), dnssec=dnssec)})


def names_for(host: str) -> tuple[str, str]:
    """Host name and mail domain of a host of that name; both are right, whatever it is called."""
    labels = [label for label in map(_label, re.split(r"[.\s]+", host)) if label]
    if labels and labels[-1] == "localdomain":
        labels.pop()
    full = ".".join(labels)
    domain = full.partition(".")[2] if len(labels) >= 3 else full
    if _is_host_name(full) and _is_host_name(domain) and len(f"admin@{domain}") <= LONGEST_ADDRESS:
        return full, domain
    short = _label("-".join(labels))
    if short in _NO_NAMES:
        short = _UNNAMED
    return f"mail.{short}.internal", f"{short}.internal"


def _label(text: str) -> str:
    """The text as one label of a host name, as close as it goes (RFC 1123 section 2.1); empty where nothing
    is left.
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_LABEL].strip("-")


def _is_host_name(name: str) -> bool:
    try:
        return host_name(name) == name
    except ValueError:
        return False
