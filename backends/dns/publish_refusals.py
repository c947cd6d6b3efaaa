"""Why a name server did not do what it was asked by DNS UPDATE, in words."""

import dns.exception
import dns.rcode
import dns.tsig

from backends.errors import MailsteadError
from backends.language import _
from backends.text import clean

_CHANGED = frozenset({dns.rcode.NXRRSET, dns.rcode.YXRRSET, dns.rcode.NXDOMAIN, dns.rcode.YXDOMAIN})
"""What a prerequisite that does not hold is answered with (RFC 2136 section 3.2)."""


class NotPublished(MailsteadError):
    """The records could not be published."""


class UpdateRefused(NotPublished):
    """A name server refused: nothing was changed."""


class ChangedInBetween(UpdateRefused):
    """Somebody else changed the zone since it was looked at: nothing was changed."""


class UpdateUnknown(NotPublished):
    """No answer came, so that it is not known whether the records were changed."""


def by_rcode(rcode: dns.rcode.Rcode, server: str, about: str) -> UpdateRefused:
    """What a response code means for who asked about this zone or name."""
    seen = f"{server}: {dns.rcode.to_text(rcode)} ({about})"
    match rcode:
        case dns.rcode.NOTAUTH | dns.rcode.NOTZONE:
            message = _("{server} is not the primary server of {zone}").format(server=server, zone=about)
            step = _("give [dns.rfc2136] server the name server that holds the zone and takes its updates")
        case dns.rcode.REFUSED:
            message = _("{server} refuses: this key may not do that in {zone}").format(
                server=server, zone=about
            )
            step = _("let the key update the zone (BIND: update-policy; Knot: an acl), and ask again")
        case dns.rcode.SERVFAIL:
            message = _("{server} failed over {zone}").format(server=server, zone=about)
            step = _("look at that server's log; often it can't write the zone's file or journal")
        case dns.rcode.NOTIMP:
            message = _("{server} takes no DNS UPDATE").format(server=server)
            step = _("use a name server that does, or publish by hand: mailstead dns records")
        case _:
            message = _("{server} did not understand the request").format(server=server)
            step = _("look at that server's log")
    return UpdateRefused(message, seen=seen, next_step=step)


def changed_in_between(server: str, zone: str, rcode: dns.rcode.Rcode) -> ChangedInBetween:
    """Some of what was seen is otherwise by now."""
    return ChangedInBetween(
        _("the zone {zone} was changed by somebody else in between; nothing was changed").format(zone=zone),
        seen=f"{server}: {dns.rcode.to_text(rcode)}",
        next_step=_("look at what is there now, and say yes again: mailstead dns publish"),
    )


def is_change(rcode: dns.rcode.Rcode) -> bool:
    """Whether a response code says that a prerequisite does not hold."""
    return rcode in _CHANGED


def by_exception(problem: Exception, server: str, key_name: str) -> NotPublished:
    """What went wrong on the way, or with the key (RFC 8945 section 5.2)."""
    match problem:
        case dns.tsig.PeerBadKey():
            return UpdateRefused(
                _("{server} does not know the key {key}").format(server=server, key=key_name),
                seen="BADKEY",
                next_step=_(
                    "look whether [dns.rfc2136] key_name is spelled as on that server, and the key is one "
                    "for hmac-sha256"
                ),
            )
        case dns.tsig.PeerBadSignature() | dns.tsig.BadSignature():
            return UpdateRefused(
                _("the secret of the key {key} is not the one that {server} has").format(
                    server=server, key=key_name
                ),
                seen="BADSIG",
                next_step=_("put the secret that server has where [dns.rfc2136] key_secret says"),
            )
        case dns.tsig.PeerBadTime() | dns.tsig.BadTime():
            return UpdateRefused(
                _("this machine's clock and that of {server} differ too much").format(server=server),
                seen="BADTIME",
                next_step=_("set both clocks right: timedatectl"),
            )
        case dns.exception.Timeout():
            return UpdateUnknown(
                _("{server} does not answer").format(server=server),
                next_step=_("look whether [dns.rfc2136] server is right, and port 53 open on the way"),
            )
        case dns.exception.FormError() if "TSIG" in str(problem):
            return unsigned(server)
        case OSError():
            return UpdateUnknown(
                _("{server} can't be reached").format(server=server),
                seen=clean(problem.strerror or str(problem), 200),
                next_step=_("look whether [dns.rfc2136] server is right, and port 53 open on the way"),
            )
    return UpdateUnknown(
        _("what {server} said can't be read").format(server=server),
        seen=clean(f"{type(problem).__name__}: {problem}", 300),
        next_step=_("look at that server's log"),
    )


def unsigned(server: str) -> UpdateUnknown:
    """An answer without a signature may come from anybody."""
    return UpdateUnknown(
        _("the answer of {server} is not signed, so that it can't be believed").format(server=server),
        next_step=_("look whether that server knows the key, and that nothing on the way answers for it"),
    )
