"""Certificates and DNS records of a machine that is always the same."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from backends.certificates.settings import KeyKind
from backends.certificates.status import FileStatus, PortStatus, Served
from backends.dns.judging import Judgement, Standing
from backends.dns.publish import Left, RecordSet, SetChange, ZoneChanges
from backends.dns.publish_update import Primary, UpdateKey
from backends.dns.record import DnsRecord, Need
from backends.dns.rotation import Coming, Rotation
from backends.language import _
from wizard.certificate_list import CertificateList
from wizard.dns_list import DnsList, paired
from wizard.dns_publishing import Publication

_UNTIL = datetime(2027, 12, 25, 12, 0, tzinfo=UTC)
_AUTHORITY = "CN=Mailstead CA of mail.example.test"
_PRINTS = {"ecdsa": "a1b2" * 16, "rsa": "c3d4" * 16}


def on_disk(kind: KeyKind, days_left: int = 396) -> FileStatus:
    """A certificate of the server's own authority."""
    path = f"/etc/mailstead/tls/{kind}/fullchain.pem"
    names = ("mail.example.test", "mta-sts.example.test")
    return FileStatus(kind, path, names, _AUTHORITY, _UNTIL, days_left, _PRINTS[kind])


def port(name: str, number: int) -> PortStatus:
    """A port that serves the ECDSA certificate on disk."""
    served = Served("ecdsa", "TLSv1.3", "TLS_AES_256_GCM_SHA384", _PRINTS["ecdsa"], 396)
    return PortStatus(name, number, served, "")


CERTIFICATES = CertificateList(
    source="own-ca",
    files=(on_disk("ecdsa"), on_disk("rsa")),
    ports=(port("smtp", 25), port("submissions", 465), port("imaps", 993), port("https", 443)),
    authority=FileStatus(
        "ecdsa", "/etc/mailstead/tls/ca/ca.pem", (), _AUTHORITY, _UNTIL, 3600, "0f1e2d3c" * 8
    ),
    page="https://mail.example.test/",
)
SILENT = PortStatus("imaps", 993, None, "127.0.0.1 port 993 does not answer: Connection refused")


def troubled() -> CertificateList:
    """One ends soon, one is gone, and of the ports one is silent and one serves what is not on disk."""
    served = Served("rsa", "TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384", "77" * 32, 12)
    other = PortStatus("smtp", 25, served, _("it serves another certificate than those on disk"))
    return replace(
        CERTIFICATES,
        files=(on_disk("ecdsa", 9),),
        unread=("/etc/mailstead/tls/rsa/fullchain.pem",),
        ports=(other, port("submissions", 465), SILENT),
    )


SPF = DnsRecord(
    "example.test", "TXT", "v=spf1 mx -all", why=_("receivers know which servers send the domain's mail")
)
_RECORDS = (
    (
        "example.test",
        DnsRecord("mail.example.test", "A", "192.0.2.25", why=_("other servers find this one by it")),
    ),
    (
        "example.test",
        DnsRecord("example.test", "MX", "10 mail.example.test.", why=_("mail comes to this server")),
    ),
    ("example.test", SPF),
    (
        "example.test",
        DnsRecord(
            "r1._domainkey.example.test",
            "TXT",
            "v=DKIM1; k=rsa; p=MIIBojANBgkqhkiG9w0BAQEFAAOCAY8AMIIBigKCAYEAu2tV",
            why=_("receivers verify this server's signatures by it"),
        ),
    ),
    (
        "example.test",
        DnsRecord(
            "_smtp._tls.example.test",
            "TXT",
            "v=TLSRPTv1; rua=mailto:admin@example.test",
            need=Need.RECOMMENDED,
            why=_("other servers tell where encryption towards this one failed"),
        ),
    ),
    (
        "example.org",
        DnsRecord("example.org", "MX", "10 mail.example.test.", why=_("mail comes to this server")),
    ),
)


def judged(
    domain: str, name: str, kind: str, standing: Standing, seen: str, need: Need = Need.REQUIRED
) -> Judgement:
    """What was found."""
    is_right = standing is Standing.RIGHT
    wanted = next((one.value for _home, one in _RECORDS if (one.name, one.type) == (name, kind)), "it passes")
    mend = f"publish {name} {kind} {wanted}"
    return Judgement(
        domain, name, kind, need, standing, seen, "" if is_right else wanted, "" if is_right else mend
    )


_JUDGED = (
    judged("example.test", "mail.example.test", "A", Standing.RIGHT, "192.0.2.25"),
    judged("example.test", "example.test", "MX", Standing.RIGHT, "10 mail.example.test."),
    judged("example.test", "example.test", "TXT", Standing.WRONG, "v=spf1 a:old.example.test -all"),
    judged(
        "example.test",
        "r1._domainkey.example.test",
        "TXT",
        Standing.PARTIAL,
        "ns2.example.test: there is none",
    ),
    judged(
        "example.test", "_smtp._tls.example.test", "TXT", Standing.MISSING, "there is none", Need.RECOMMENDED
    ),
    judged("example.test", "example.test", "spf", Standing.WRONG, "192.0.2.25: fail"),
    judged("example.org", "example.org", "MX", Standing.UNASKED, "ns1.example.org does not answer"),
)
UNSEEN = DnsList(paired(_RECORDS, ()), True, Rotation())
SEEN = DnsList(paired(_RECORDS, _JUDGED), True, Rotation())
BY_HAND = replace(SEEN, is_automatic=False)


def coming(now: datetime, *, seen_hours_ago: float | None = None, is_held: bool = False) -> Rotation:
    """New keys that nobody signs by yet; caches remember for an hour."""
    since = None if seen_hours_ago is None else now - timedelta(hours=seen_hours_ago)
    waits = "" if since else "ns2.example.test does not show r2._domainkey.example.test"
    keys = Coming(2, now - timedelta(days=1), since, 3600 if since else 0, waits, is_held=is_held)
    return Rotation(coming=keys, last=2)


def publication(*, foreign_mail: bool = False) -> Publication:
    """What publishing would do: one set is changed, one is added; or other servers' MX stand there."""
    spf = SetChange(
        RecordSet("example.test", "TXT", 3600, ('"v=spf1 a:old.example.test -all"',)),
        RecordSet("example.test", "TXT", 3600, ('"v=spf1 mx -all"',)),
    )
    reports = RecordSet("_smtp._tls.example.test", "TXT", 3600, ('"v=TLSRPTv1"',))
    left = (Left("example.org", "MX", ("10 mx.example.net.",), "mail is led elsewhere", True),)
    return Publication(
        Primary("192.0.2.53", UpdateKey("mailstead", "c2VjcmV0")),
        (ZoneChanges("example.test", (spf, SetChange(None, reports))),),
        left if foreign_mail else (),
        {},
    )


NOTHING_TO_PUBLISH = replace(publication(), zones=())
