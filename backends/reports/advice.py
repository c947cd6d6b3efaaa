"""What to do about what others report, in words."""

from backends.checks import Status
from backends.language import _
from backends.reports.judging import Verdict

_STATUS = {
    Verdict.OWN: Status.OK,
    Verdict.AUTHORISED: Status.OK,
    Verdict.SIGNED_ELSEWHERE: Status.OK,
    Verdict.PASSED_ON: Status.OK,
    Verdict.UNSIGNED_SERVICE: Status.WARN,
    Verdict.OTHER_NAME: Status.WARN,
    Verdict.OWN_UNSIGNED: Status.WARN,
    Verdict.OWN_UNLISTED: Status.WARN,
    Verdict.OWN_BROKEN: Status.FAIL,
}


def status_of(verdict: Verdict, policy: str) -> Status:
    """How bad it is; a forgery only where receivers are told to take it as it comes."""
    if verdict is Verdict.FORGED:
        return Status.WARN if policy == "none" else Status.OK
    return _STATUS[verdict]


def title(verdict: Verdict) -> str:
    """What such a source is."""
    titles = {
        Verdict.OWN: _("this server, all aligned"),
        Verdict.AUTHORISED: _("other addresses, all aligned: a relay, or a service that you set up"),
        Verdict.SIGNED_ELSEWHERE: _("signed by you and sent on by others, or by a service that has a key"),
        Verdict.PASSED_ON: _("sent on and changed on the way, as mailing lists do"),
        Verdict.UNSIGNED_SERVICE: _("a service of yours sends without DKIM"),
        Verdict.OTHER_NAME: _("others that prove to be somebody else send in your name"),
        Verdict.FORGED: _("somebody forges you"),
        Verdict.OWN_UNSIGNED: _("this server, without a DKIM signature that holds"),
        Verdict.OWN_UNLISTED: _("this server, from an address that SPF does not name"),
        Verdict.OWN_BROKEN: _("this server, with neither DKIM nor SPF"),
    }
    return titles[verdict]


def advice(verdict: Verdict, policy: str) -> str:
    """What to do about such a source. `policy` is what receivers find published: none, quarantine, reject."""
    if verdict is Verdict.FORGED:
        return _on_forgery(policy)
    words = {
        Verdict.OWN: _("nothing to do"),
        Verdict.AUTHORISED: _("nothing to do, if you know them"),
        Verdict.SIGNED_ELSEWHERE: _("nothing to do: the signature holds whatever way the mail took"),
        Verdict.PASSED_ON: _("nothing to do: whoever sends it on changes what was signed"),
        Verdict.UNSIGNED_SERVICE: _(
            "have it sign with a key of your domain; if it is none of yours, take it out of the SPF record"
        ),
        Verdict.OTHER_NAME: _(
            "if it is a service that you use, give it a DKIM key of your domain; if not, somebody forges you"
        ),
        Verdict.OWN_UNSIGNED: _("mailstead dns check, and see whether the DKIM keys in the DNS are these"),
        Verdict.OWN_UNLISTED: _("mailstead dns check, and publish the SPF record again"),
        Verdict.OWN_BROKEN: _("mailstead dns check, then mailstead prove"),
    }
    return words[verdict]


def tls_advice(kind: str) -> str:
    """What to do about a way in which encryption failed (RFC 8460 section 4.3)."""
    policy_host = _("mailstead dns check fetches the MTA-STS policy as they do, and says what is wrong")
    pins = _(
        "mailstead dns check compares the TLSA records with the keys that are served; publish them again"
    )
    words = {
        "starttls-not-supported": _(
            "something on the way takes STARTTLS out, or MX names another host: mailstead dns check"
        ),
        "certificate-host-mismatch": _(
            "the certificate has another name than the MX record: mailstead cert status, mailstead dns check"
        ),
        "certificate-expired": _("mailstead cert status, then mailstead cert renew"),
        "certificate-not-trusted": _(
            "others do not know the authority: with MTA-STS set certificates.source to acme, then replay"
        ),
        "validation-failure": _("mailstead cert status and mailstead dns check say which part does not fit"),
        "tlsa-invalid": pins,
        "dnssec-invalid": _(
            "the zone's DNSSEC does not validate: ask who hosts the zone; mailstead dns check"
        ),
        "dane-required": _("they want TLSA records with DNSSEC: mailstead dns check"),
        "sts-policy-fetch-error": policy_host,
        "sts-policy-invalid": policy_host,
        "sts-webpki-invalid": _("the policy host's certificate does not verify: mailstead cert status"),
    }
    return words.get(kind, _("this kind is not in the standard; ask whoever reports it"))


def _on_forgery(policy: str) -> str:
    match policy:
        case "reject":
            return _("nothing to do while DMARC says reject: receivers refuse it")
        case "quarantine":
            return _("nothing to do while DMARC says quarantine: it goes to the spam folder")
    return _("receivers take it, as DMARC says none: set dns.policy.dmarc to quarantine, replay, and publish")
