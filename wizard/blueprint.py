"""Where answers meet systems: answers and facts become adapters, in the order they are applied."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from pathlib import Path

from backends.accounts.adapter import Accounts
from backends.accounts.settings import AccountsSettings, AliasSettings, MailboxSettings
from backends.adapter import Adapter
from backends.certificates.adapter import Certificates
from backends.certificates.settings import (
    CertificatesSettings,
)
from backends.clients.settings import MailAccess, MailService, Protocol, Security
from backends.dns.rotation_file import load_rotation
from backends.dovecot.adapter import Dovecot
from backends.dovecot.settings import DovecotSettings
from backends.fail2ban.adapter import Fail2ban, Fail2banSettings
from backends.lexicon.adapter import Lexicon
from backends.logrotate.adapter import Logrotate, LogrotateSettings
from backends.machine.facts import MachineFacts
from backends.nftables.adapter import Nftables, NftablesSettings, NoFirewall, OpenPort
from backends.nginx.adapter import Nginx, NoNginx
from backends.nginx.settings import PORT as HTTPS
from backends.nginx.settings import NginxSettings
from backends.nginx.sites import web_names
from backends.packages.adapter import Packages
from backends.postfix.adapter import Postfix
from backends.postfix.settings import PostfixSettings, Relay
from backends.redis.adapter import Redis
from backends.redis.settings import RedisSettings
from backends.reports.adapter import Reports
from backends.rspamd.adapter import Rspamd
from backends.rspamd.settings import RspamdSettings, dkim_key_path, selectors
from backends.rsyslog.adapter import Rsyslog, RsyslogSettings
from backends.state.adapter import State, StateSettings
from backends.tls_policy.adapter import NoTlsPolicy, TlsPolicy
from backends.tls_policy.settings import TlsPolicySettings
from backends.unbound.adapter import Resolver, Unbound
from backends.unbound.settings import UnboundSettings
from wizard import answers_file, secret_files
from wizard.answers import Answers, Listener
from wizard.certificate_settings import acme_settings, imported_settings, is_proved_by_http, servers
from wizard.dns_settings import certificate_files, dns_settings, is_by_provider
from wizard.overrides import Overrides, with_additions
from wizard.proof import DkimKey, ProofSettings

PROOF_USER = "mailstead-proof"
_MEBIBYTE = 1 << 20
_WAYS_IN: tuple[tuple[Protocol, Security, str], ...] = (
    ("imap", "tls", "imaps"),
    ("imap", "starttls", "imap"),
    ("pop3", "tls", "pop3s"),
    ("pop3", "starttls", "pop3"),
)
_WAYS_OUT: tuple[tuple[Security, str], ...] = (("tls", "submissions"), ("starttls", "submission"))
"""The best first (RFC 8314 section 3)."""
OWN_AUTHORITY = "/etc/mailstead/tls/ca/ca.pem"
"""The own authority's certificate, as clients import it."""


def blueprint(
    answers: Answers, machine: MachineFacts, overrides: Overrides, environment: Mapping[str, str]
) -> tuple[Adapter, ...]:
    """Every adapter with its settings, in the order in which a run applies them.

    `environment` holds variables that secrets of the answers refer to; read when a secret is written.
    """
    systems = tuple(_systems(answers, machine, overrides))
    return (state(answers, environment, systems), Packages(systems), *systems)


def state(answers: Answers, environment: Mapping[str, str], systems: Sequence[Adapter]) -> State:
    """The answers themselves, the secrets, and a place for additions to each system."""
    return State(
        StateSettings(
            answers=answers_file.dump(answers).encode(),
            secrets=secret_files.secrets_to_keep(answers, environment),
            systems=tuple(adapter.name for adapter in systems if adapter.takes_additions),
        )
    )


def nftables(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Nftables:
    """The enabled ports, SSH, port 80 where an ACME authority asks there, and 443 for mail programs."""
    return Nftables(
        NftablesSettings(
            init=machine.init,
            ports=(
                *(OpenPort(each.port, allow=each.allow) for each in _enabled(answers)),
                *((OpenPort(80),) if is_proved_by_http(answers) else ()),
                *((OpenPort(HTTPS),) if answers.clients.enabled else ()),
            ),
            ssh_ports=machine.ssh_ports,
            lifeline=machine.ssh_peers,
            override=overrides.get("nftables/rules.nft", ""),
        )
    )


def rsyslog(_answers: Answers, machine: MachineFacts, overrides: Overrides) -> Rsyslog:
    """The logs that the others write to."""
    return Rsyslog(RsyslogSettings(init=machine.init, override=overrides.get("rsyslog/rsyslog.conf", "")))


def unbound(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Unbound:
    """The resolver of this machine."""
    return Unbound(_resolver_settings(answers, machine, overrides))


def resolver(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Resolver:
    """That this machine asks its own resolver, once that one answers."""
    return Resolver(_resolver_settings(answers, machine, overrides))


def certificates(answers: Answers, machine: MachineFacts, _overrides: Overrides) -> Certificates:
    """The server's certificates, from where the answers say."""
    return Certificates(
        CertificatesSettings(
            hostname=answers.site.hostname,
            names=_further_names(answers, machine),
            imported=imported_settings(answers),
            acme=acme_settings(answers) if answers.certificates.source == "acme" else None,
            servers=servers(answers, machine),
            has_systemd=machine.init == "systemd",
        )
    )


def redis(_answers: Answers, machine: MachineFacts, _overrides: Overrides) -> Redis:
    """Where the filter keeps what it learns: an eighth of the memory, at least 64 MiB and at most 512."""
    memory = min(max(machine.memory_bytes // 8, 64 * _MEBIBYTE), 512 * _MEBIBYTE)
    return Redis(
        RedisSettings(
            max_memory=memory // _MEBIBYTE * _MEBIBYTE,
            has_systemd=machine.init == "systemd",
            may_set_sysctl=not machine.is_container,
        )
    )


def rspamd(answers: Answers, machine: MachineFacts, _overrides: Overrides) -> Rspamd:
    """The filter, and the signatures of what goes out."""
    filters, rotation = answers.antispam, load_rotation()
    return Rspamd(
        RspamdSettings(
            hostname=answers.site.hostname,
            domains=answers.site.domains,
            release=machine.release,
            postmaster=answers.site.admin,
            reject_score=filters.reject_score,
            has_greylisting=filters.greylisting,
            has_bayes=filters.bayes,
            has_neural=filters.neural,
            block_lists=filters.block_lists,
            blocked_senders=filters.blocked_senders,
            blocked_recipients=filters.blocked_recipients,
            workers=max(1, min(machine.cores, 4)),
            has_systemd=machine.init == "systemd",
            dkim_pair=rotation.wanted,
            further_pairs=rotation.further,
        ),
        dns_settings(answers, machine),
    )


def accounts(answers: Answers, _machine: MachineFacts, _overrides: Overrides) -> Accounts:
    """The mailboxes and aliases of the answers, the admin's, and the one that proofs are sent to."""
    mailboxes = [
        MailboxSettings(
            mailbox.address, secret_files.path_of(mailbox.password, mailbox.secret_name), mailbox.quota
        )
        for mailbox in answers.mailboxes
    ]
    proof = MailboxSettings(proof_address(answers), secret_files.PROOF)
    return Accounts(
        AccountsSettings(
            domains=answers.site.domains,
            mailboxes=(*mailboxes, proof),
            aliases=tuple(AliasSettings(alias.address, alias.to) for alias in answers.aliases),
        )
    )


def postfix(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Postfix:
    """The mail transport agent."""
    protocols = answers.protocols
    return Postfix(
        PostfixSettings(
            release=machine.release,
            hostname=answers.site.hostname,
            admin=answers.site.admin,
            domains=answers.site.domains,
            certificates=certificate_files(answers),
            smtp_port=_port(answers, "smtp"),
            submission_port=_port(answers, "submission"),
            submissions_port=_port(answers, "submissions"),
            tls=answers.certificates.tls,
            relay=Relay(
                protocols.relay.host,
                protocols.relay.port,
                protocols.relay.username,
                secret_files.path_of(protocols.relay.password, secret_files.RELAY)
                if protocols.relay.username
                else None,
            )
            if protocols.relay.host
            else None,
            resolver_validates=answers.dns.dnssec,
            own_addresses=machine.addresses,
            has_ipv6=machine.has_ipv6,
            has_systemd=machine.init == "systemd",
            main_override=overrides.get("postfix/main.cf", ""),
            master_override=overrides.get("postfix/master.cf", ""),
        )
    )


def tls_policy(answers: Answers, machine: MachineFacts, _overrides: Overrides) -> TlsPolicy | NoTlsPolicy:
    """Whom Postfix asks how to encrypt, where it delivers to others itself."""
    if answers.protocols.relay.host:
        return NoTlsPolicy()
    return TlsPolicy(TlsPolicySettings(answers.dns.dnssec, has_systemd=machine.init == "systemd"))


def dovecot(answers: Answers, machine: MachineFacts, _overrides: Overrides) -> Dovecot:
    """The server that people read their mail from."""
    return Dovecot(
        DovecotSettings(
            release=machine.release,
            hostname=answers.site.hostname,
            postmaster=f"postmaster@{answers.site.domains[0]}",
            certificates=certificate_files(answers),
            imap_port=_port(answers, "imap"),
            imaps_port=_port(answers, "imaps"),
            pop3_port=_port(answers, "pop3"),
            pop3s_port=_port(answers, "pop3s"),
            sieve_port=_port(answers, "sieve"),
            tls=answers.certificates.tls,
            has_ipv6=machine.has_ipv6,
            has_systemd=machine.init == "systemd",
        )
    )


def fail2ban(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Fail2ban:
    """Bans for those who keep failing to log in."""
    bans = answers.logging.bans
    return Fail2ban(
        Fail2banSettings(
            release=machine.release,
            init=machine.init,
            ssh_ports=machine.ssh_ports,
            mail_ports=tuple(listener.port for listener in _enabled(answers)),
            never_ban=(
                *machine.own_networks,
                # Where a router leads its own network back to itself, all of it comes from this address.
                *map(ip_network, answers.site.public_addresses),
                *bans.ignore,
            ),
            max_retry=bans.max_retry,
            find_time=bans.find_time,
            ban_time=bans.ban_time,
            override=overrides.get("fail2ban/jail.local", ""),
        )
    )


def logrotate(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Logrotate:
    """How long logs stay."""
    return Logrotate(
        LogrotateSettings(
            init=machine.init,
            keep_days=answers.logging.keep_days,
            override=overrides.get("logrotate/mailstead", ""),
        )
    )


def nginx(answers: Answers, machine: MachineFacts, _overrides: Overrides) -> Nginx | NoNginx:
    """Pages from which mail programs set themselves up, where they are wanted."""
    return Nginx(_web_settings(answers, machine)) if answers.clients.enabled else NoNginx()


def reports(_answers: Answers, machine: MachineFacts, _overrides: Overrides) -> Reports:
    """What others report of this server's mail, collected."""
    return Reports(has_systemd=machine.init == "systemd")


def lexicon(answers: Answers, _machine: MachineFacts, _overrides: Overrides) -> Lexicon:
    """What speaks with the DNS provider, where records are published at one."""
    return Lexicon(is_wanted=is_by_provider(answers))


def proof_settings(answers: Answers, machine: MachineFacts) -> ProofSettings:
    """How to prove that mail flows here."""
    domain = answers.site.domains[0]
    return ProofSettings(
        address=proof_address(answers),
        password_file=secret_files.PROOF,
        hostname=answers.site.hostname,
        own_address=str(machine.addresses[0]) if machine.addresses else "127.0.0.1",
        smtp_port=answers.protocols.smtp.port,
        submission_port=_port(answers, "submission"),
        submissions_port=_port(answers, "submissions"),
        imaps_port=_port(answers, "imaps"),
        imap_port=_port(answers, "imap"),
        ca_file=_trusted_in_proofs(answers),
        dkim_keys=tuple(
            DkimKey(selector, Path(dkim_key_path(domain, selector)))
            for selector in selectors(load_rotation().signing)
        ),
    )


def proof_address(answers: Answers) -> str:
    """The mailbox that proofs are sent to."""
    return f"{PROOF_USER}@{answers.site.domains[0]}"


_ORDER: tuple[Callable[[Answers, MachineFacts, Overrides], Adapter], ...] = (
    nftables,
    rsyslog,
    unbound,
    resolver,
    certificates,
    redis,
    rspamd,
    accounts,
    dovecot,
    tls_policy,
    postfix,
    fail2ban,
    logrotate,
    reports,
    nginx,
    lexicon,
)
"""The firewall first, so that nothing is open before it should be; Postfix when all that it asks is there:
filter, accounts and logins; then those that watch logs. The web server and lexicon last: mail flows
without them.
"""


def _systems(answers: Answers, machine: MachineFacts, overrides: Overrides) -> Iterator[Adapter]:
    """All in order; where the kernel filters no packets, a word of that instead of a firewall and of bans."""
    for build in _ORDER:
        if machine.can_filter_packets or build not in {nftables, fail2ban}:
            yield with_additions(build(answers, machine, overrides), overrides)
        elif build is nftables:
            yield NoFirewall()


def _resolver_settings(answers: Answers, machine: MachineFacts, overrides: Overrides) -> UnboundSettings:
    return UnboundSettings(
        forward_to=answers.dns.forward_to,
        dnssec=answers.dns.dnssec,
        has_ipv6=machine.has_ipv6,
        has_systemd=machine.init == "systemd",
        is_resolv_conf_replaceable=machine.is_resolv_conf_replaceable,
        address_clients=machine.address_clients,
        own_clauses=overrides.get("unbound/unbound.conf", ""),
    )


def mail_access(answers: Answers) -> MailAccess:
    """How people reach their mail, for their mail programs."""
    incoming = (
        MailService(protocol, port, security)
        for protocol, security, name in _WAYS_IN
        if (port := _port(answers, name))
    )
    outgoing = (
        MailService("smtp", port, security) for security, name in _WAYS_OUT if (port := _port(answers, name))
    )
    return MailAccess(
        hostname=answers.site.hostname,
        incoming=tuple(incoming),
        outgoing=tuple(outgoing),
        own_authority=OWN_AUTHORITY if answers.certificates.source == "own-ca" else "",
        has_pages=answers.clients.enabled,
    )


def _web_settings(answers: Answers, machine: MachineFacts) -> NginxSettings:
    return NginxSettings(
        release=machine.release,
        access=mail_access(answers),
        domains=answers.site.domains,
        certificates=certificate_files(answers),
        tls=answers.certificates.tls,
        mta_sts=answers.dns.policy.mta_sts,
        has_ipv6=machine.has_ipv6,
        has_systemd=machine.init == "systemd",
    )


def _further_names(answers: Answers, machine: MachineFacts) -> tuple[str, ...]:
    """What the web server is asked for besides the host name; imported ones bear what they bear."""
    if not answers.clients.enabled or answers.certificates.source == "imported":
        return ()
    return web_names(_web_settings(answers, machine))


def _trusted_in_proofs(answers: Answers) -> Path:
    """The own authority's certificate, as clients import it; of others exactly what is to be served."""
    if answers.certificates.source == "own-ca":
        return Path(OWN_AUTHORITY)
    return Path(certificate_files(answers)[0].chain)


def _enabled(answers: Answers) -> list[Listener]:
    return [listener for listener in answers.protocols.listeners().values() if listener.enabled]


def _port(answers: Answers, protocol: str) -> int | None:
    listener = answers.protocols.listeners()[protocol]
    return listener.port if listener.enabled else None
