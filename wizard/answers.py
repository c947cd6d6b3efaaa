"""The answers: all that a person decides about the server, one section per step of the wizard.

They are read from and written to /etc/mailstead/answers.toml (answers_file.py). The description of each field
is its comment in that file and its description in the JSON Schema. Only `site` has fields without a default.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from wizard import answers_conflicts
from wizard.answers_path import dotted
from wizard.secrets import GENERATE, SecretReference
from wizard.value_types import (
    AcmeDirectory,
    AlertTarget,
    Calendar,
    Domain,
    Duration,
    HostName,
    Identifier,
    MailAddress,
    MailboxAddress,
    Many,
    Network,
    OptionalHost,
    OptionalKeyName,
    OptionalLogin,
    OptionalLogTarget,
    OptionalMailAddress,
    OptionalPath,
    Port,
    PublicAddress,
    RegularExpression,
    RepositoryUrl,
    ResolverAddress,
    SecretRef,
    Several,
    Size,
)

SCHEMA = 1
"""The version of the answers that this program writes. answers_file.UPGRADES leads older ones here."""


class Section(BaseModel):
    """Read strictly, unknown keys refused, never changed once made; its errors never show a value."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, hide_input_in_errors=True, allow_inf_nan=False
    )
    is_one_line: ClassVar[bool] = False
    """Whether the answers file writes it as `name = { … }`."""


class Site(Section):
    """Which server this is, and for whom."""

    hostname: HostName = Field(description="the full name of this server, as its MX record has it")
    domains: Several[Domain] = Field(min_length=1, description="the domains whose mail lives here")
    admin: MailboxAddress = Field(description="gets reports and alerts; its mailbox is made")
    language: Literal["en", "ja"] = Field("en", description="en | ja")
    expected_mailboxes: int = Field(
        25, ge=1, le=100_000, description="how many there will be, to size the server"
    )
    public_addresses: Several[PublicAddress] = Field(
        (), description="all that others reach it at, where a router is before it; empty: its own addresses"
    )


class Hardware(Section):
    """What was found wanting on the machine and accepted."""

    accept: Several[Identifier] = Field((), description="ids of warnings that were read and accepted")


class Acme(Section):
    """Certificates from Let's Encrypt or another ACME authority (RFC 8555)."""

    directory: AcmeDirectory = Field("letsencrypt", description="letsencrypt | letsencrypt-staging | a URL")
    challenge: Literal["http-01", "dns-01"] = Field("http-01", description="http-01 | dns-01")
    email: OptionalMailAddress = Field("", description="where the authority writes to; needed with acme")
    ca_file: OptionalPath = Field("", description="trust for a private ACME server: a PEM file")


class Imported(Section):
    """Certificates that somebody else issues and renews."""

    certificate: OptionalPath = Field("", description="PEM file, leaf first; needed with imported")
    key: OptionalPath = Field("", description="PEM file; needed with imported")


class Certificates(Section):
    """Where TLS certificates come from, and how old TLS may be."""

    source: Literal["own-ca", "acme", "imported"] = Field("own-ca", description="own-ca | acme | imported")
    tls: Literal["intermediate", "modern"] = Field(
        "intermediate", description="intermediate: TLS 1.2 and 1.3 | modern: 1.3 only"
    )
    acme: Acme = Field(Acme(), description="certificates from Let's Encrypt or another ACME authority")
    imported: Imported = Field(Imported(), description="certificates from elsewhere, already on this machine")


class Rfc2136(Section):
    """DNS UPDATE (RFC 2136), signed with TSIG (RFC 8945)."""

    server: OptionalHost = Field("", description="the name server that takes updates; needed with rfc2136")
    key_name: OptionalKeyName = Field("", description="the TSIG key's name; needed with rfc2136")
    key_secret: SecretRef = Field(
        SecretReference("secret", "dns-update"), description="the TSIG key: secret:NAME | file:PATH | env:VAR"
    )


class Credential(Section):
    """One thing that a DNS provider wants to know of who is asking, by lexicon's name for it."""

    name: Identifier = Field(description="auth_token, auth_username …: as lexicon names it for this provider")
    secret: SecretRef = Field(description="what it is: secret:NAME | file:PATH | env:VAR")

    @property
    def secret_name(self) -> str:
        """A name below /etc/mailstead/secrets, by which it is spoken of."""
        return f"dns-{self.name}"


class DnsPolicy(Section):
    """What other servers are asked to do with forged mail and bad TLS."""

    dmarc: Literal["none", "quarantine", "reject"] = Field(
        "quarantine", description="none | quarantine | reject"
    )
    mta_sts: Literal["off", "testing", "enforce"] = Field("testing", description="off | testing | enforce")
    dane: bool = Field(True, description="publish TLSA records, where the zone has DNSSEC")


class Dns(Section):
    """How names are looked up, and how this server's records are published."""

    publish: Identifier = Field("by-hand", description="by-hand | rfc2136 | the name of a provider")
    forward_to: Several[ResolverAddress] = Field(
        (),
        description="ask these resolvers, where a network lets only its own through; empty: the root servers",
    )
    dnssec: bool = Field(
        True, description="validate answers; off only where those resolvers can't pass DNSSEC on"
    )
    credentials: Several[Credential] = Field(
        (), description="for a provider, [[dns.credentials]] with name and secret; none: published by hand"
    )
    rfc2136: Rfc2136 = Field(Rfc2136(), description="publishing by DNS UPDATE, signed with TSIG")
    policy: DnsPolicy = Field(
        DnsPolicy(), description="what other servers are told to do with forged mail and bad TLS"
    )


Enabled = Annotated[bool, Field(description="whether the server speaks it")]
ListenPort = Annotated[Port, Field(description="the TCP port it is spoken on")]


class Listener(Section):
    """One protocol that clients or other servers speak to this server, on one TCP port."""

    is_one_line: ClassVar[bool] = True
    enabled: Enabled = True
    port: ListenPort
    allow: Several[Network] = Field((), description="the networks that may connect; empty: everyone")


class Smtp(Listener):
    """Mail from other servers."""

    port: ListenPort = 25


class Submission(Listener):
    """Mail from users, STARTTLS (RFC 6409)."""

    port: ListenPort = 587


class Submissions(Listener):
    """Mail from users, TLS from the start (RFC 8314)."""

    port: ListenPort = 465


class Imap(Listener):
    """IMAP with STARTTLS."""

    enabled: Enabled = False
    port: ListenPort = 143


class Imaps(Listener):
    """IMAP with TLS from the start."""

    port: ListenPort = 993


class Pop3(Listener):
    """POP3 with STARTTLS."""

    enabled: Enabled = False
    port: ListenPort = 110


class Pop3s(Listener):
    """POP3 with TLS from the start."""

    enabled: Enabled = False
    port: ListenPort = 995


class Sieve(Listener):
    """ManageSieve with STARTTLS (RFC 5804)."""

    port: ListenPort = 4190


class Relay(Section):
    """The server that all mail goes out through; none where host is empty."""

    host: OptionalHost = Field("", description="name or address; empty: mail goes out directly")
    port: Port = Field(587, description="its port; 465 means TLS from the start")
    username: OptionalLogin = Field("", description="empty: no login")
    password: SecretRef = Field(
        SecretReference("secret", "relay"), description="secret:NAME | file:PATH | env:VAR"
    )


class Protocols(Section):
    """Defaults follow RFC 8314: TLS from the first byte is on for clients, STARTTLS only where programs still
    need it.
    """

    smtp: Smtp = Field(Smtp(), description="mail from other servers; allow: networks, empty is everyone")
    submission: Submission = Field(Submission(), description="mail from this server's users, STARTTLS")
    submissions: Submissions = Field(
        Submissions(), description="mail from this server's users, TLS from the start"
    )
    imap: Imap = Field(Imap(), description="reading mail, STARTTLS")
    imaps: Imaps = Field(Imaps(), description="reading mail, TLS from the start")
    pop3: Pop3 = Field(Pop3(), description="fetching mail, STARTTLS")
    pop3s: Pop3s = Field(Pop3s(), description="fetching mail, TLS from the start")
    sieve: Sieve = Field(Sieve(), description="users' own filter rules (ManageSieve, STARTTLS)")
    relay: Relay = Field(Relay(), description="a smarthost, where port 25 is blocked on the way out")

    def listeners(self) -> Mapping[str, Listener]:
        """Every protocol by its name, enabled or not, in the order of the file."""
        values = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: value for name, value in values if isinstance(value, Listener)}


class Clients(Section):
    """Web pages from which mail programs set themselves up, and other servers learn the MTA-STS policy."""

    enabled: bool = Field(
        False, description="serve them on port 443; autoconfig. and autodiscover. of each domain lead here"
    )


class Mailbox(Section):
    """One mailbox and its login."""

    address: MailboxAddress = Field(description="the address people log in with")
    password: SecretRef = Field(GENERATE, description="generate | secret:NAME | file:PATH | env:VAR")
    quota: Size = Field(2 << 30, description="with K, M, G or T; 0: no limit")

    @property
    def secret_name(self) -> str:
        """The name below /etc/mailstead/secrets of a password that is generated."""
        return f"mailbox-{self.address}"


class Alias(Section):
    """An address whose mail goes elsewhere."""

    address: MailboxAddress = Field(description="the address that has no mailbox of its own")
    to: Several[MailAddress] = Field(min_length=1, description="where its mail goes, here or elsewhere")


class Passwords(Section):
    """What a password must be like when a person chooses it."""

    min_length: int = Field(12, ge=8, le=128, description="characters, 8 or more")
    min_score: int = Field(3, ge=0, le=4, description="strength as zxcvbn sees it, 0 to 4")
    max_age_days: int = Field(0, ge=0, le=3650, description="0: no forced change")


class Accounts(Section):
    """Mailboxes, aliases and the rules for passwords."""

    mailboxes: Many[Mailbox] = Field((), description="the admin's mailbox is made even if it isn't listed")
    aliases: Many[Alias] = Field(
        (), description="postmaster and abuse go to the admin where they aren't listed"
    )
    passwords: Passwords = Field(Passwords(), description="what a new password must be like")


class Antispam(Section):
    """What is done against spam."""

    greylisting: bool = Field(
        True, description="ask unknown servers to come back later, where mail looks doubtful"
    )
    bayes: bool = Field(True, description="learn from what people move into and out of Junk")
    neural: bool = Field(True, description="learn which signs come together in spam")
    antivirus: bool = Field(False, description="ClamAV; takes about 1.5 GB of memory")
    reject_score: float = Field(15.0, ge=5, le=1000, description="refuse mail from this score on")
    blocked_senders: Several[RegularExpression] = Field(
        (), description="regular expressions, on the envelope sender"
    )
    blocked_recipients: Several[RegularExpression] = Field(
        (), description="regular expressions, on the recipient"
    )
    block_lists: Several[Domain] = Field(("zen.spamhaus.org",), description="DNS lists of spamming addresses")


class Bans(Section):
    """When a client that keeps failing to log in is shut out."""

    max_retry: int = Field(5, ge=1, le=100, description="failed logins until a ban")
    find_time: Duration = Field(600, description="within this time: s, m, h, d or w")
    ban_time: Duration = Field(3600, description="how long a ban lasts: s, m, h, d or w")
    ignore: Several[Network] = Field((), description="networks that are never banned")


class Alerts(Section):
    """Who is told when something is wrong."""

    to: Several[AlertTarget] = Field(
        (),
        description='apprise URLs, "secret:NAME" for one with a token in it; the admin is always told',
    )


class Integrity(Section):
    """The watch over the system's files."""

    enabled: bool = Field(True, description="watch the system's files for changes")


class Logging(Section):
    """Logs, bans, alerts and integrity."""

    keep_days: int = Field(30, ge=1, le=3650, description="how long logs are kept")
    remote: OptionalLogTarget = Field("", description='a log server as well: "tls://host:6514"')
    bans: Bans = Field(Bans(), description="clients that keep failing to log in are shut out")
    alerts: Alerts = Field(Alerts(), description="who is told when something is wrong")
    integrity: Integrity = Field(Integrity(), description="the watch over the system's files")


class Keep(Section):
    """How many backups are kept, by age."""

    is_one_line: ClassVar[bool] = True
    daily: int = Field(7, ge=0, le=1000, description="for how many days one backup each is kept")
    weekly: int = Field(5, ge=0, le=1000, description="for how many weeks one backup each is kept")
    monthly: int = Field(12, ge=0, le=1000, description="for how many months one backup each is kept")


class Repository(Section):
    """One place that backups go to, encrypted."""

    name: Identifier = Field(description="how it is called in lists and messages")
    url: RepositoryUrl = Field(
        description="a path, sftp:user@host:/path, s3:https://host/bucket, rest:https://host/"
    )
    password: SecretRef = Field(
        GENERATE, description="encrypts the backup: generate | secret:NAME | file:PATH | env:VAR"
    )

    @property
    def secret_name(self) -> str:
        """The name below /etc/mailstead/secrets of a password that is generated."""
        return f"backup-{self.name}"


class Backups(Section):
    """When backups are made, where they go and how they are tried."""

    engine: Literal["restic", "bacula", "backuppc"] = Field(
        "restic", description="restic | bacula | backuppc"
    )
    schedule: Calendar = Field("daily", description="a systemd calendar expression")
    keep: Keep = Field(Keep(), description="how many of each are kept")
    check: Calendar = Field("weekly", description="when the repositories are verified")
    drill: Calendar = Field("monthly", description="when a restore is tried out")
    repositories: Several[Repository] = Field(
        (Repository(name="local", url="/var/backups/mailstead"),),
        description="where backups go; none: no backups",
    )


class Answers(Section):
    """All answers. Two that say the same are equal; one that doesn't fit together can't be made."""

    # "schema" alone would hide a method of BaseModel
    schema_version: int = Field(
        SCHEMA, ge=SCHEMA, le=SCHEMA, alias="schema", description="the version of this file's format"
    )
    site: Site = Field(description="Who this server is.")
    hardware: Hardware = Field(Hardware(), description="What the machine lacks and the admin accepts.")
    certificates: Certificates = Field(
        Certificates(), description="TLS certificates, and how old TLS may be."
    )
    dns: Dns = Field(
        Dns(), description="How names are looked up, and how this server's records get published."
    )
    protocols: Protocols = Field(
        Protocols(), description="What the server speaks, on which port and with whom."
    )
    clients: Clients = Field(Clients(), description="How mail programs set themselves up.")
    accounts: Accounts = Field(Accounts(), description="Mailboxes and aliases.")
    antispam: Antispam = Field(Antispam(), description="What is done against spam.")
    logging: Logging = Field(
        Logging(), description="Logs, bans, alerts, and the watch over the system's files."
    )
    backups: Backups = Field(Backups(), description="When, where to and how long.")

    @property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """Every mailbox to make: the listed ones, and the admin's unless that address is listed."""
        listed = {mailbox.address for mailbox in self.accounts.mailboxes}
        listed |= {alias.address for alias in self.accounts.aliases}
        extra = () if self.site.admin in listed else (Mailbox(address=self.site.admin),)
        return (*extra, *self.accounts.mailboxes)

    @property
    def aliases(self) -> tuple[Alias, ...]:
        """Every alias to make: the listed ones, and postmaster and abuse of each domain (RFC 2142) to the
        admin.
        """
        taken = {mailbox.address for mailbox in self.mailboxes}
        taken |= {alias.address for alias in self.accounts.aliases}
        roles = (f"{role}@{domain}" for domain in self.site.domains for role in ("postmaster", "abuse"))
        extra = (Alias(address=role, to=(self.site.admin,)) for role in roles if role not in taken)
        return (*self.accounts.aliases, *extra)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        found = tuple(answers_conflicts.conflicts(self))
        if found:
            summary = "; ".join(f"{dotted(conflict.path)}: {conflict.words()}" for conflict in found)
            raise PydanticCustomError("conflicts", "{summary}", {"summary": summary, "conflicts": found})
        return self
