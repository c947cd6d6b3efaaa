"""Rspamd: filters what comes in, signs what goes out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from backends.adapter import Adapter, Headstart
from backends.checks import Check
from backends.dns import dkim_check
from backends.dns.rotation_check import rotation_checks
from backends.dns.settings import DnsSettings
from backends.language import _
from backends.machine.packages import installed_versions
from backends.machine.schedule import scheduled
from backends.resources import Directory, File, Membership, Resource, Service, SystemGroup
from backends.rspamd import watch
from backends.rspamd.block_lists import added_rules, shipped_rules
from backends.rspamd.dkim_files import key_files
from backends.rspamd.maps import map_line
from backends.rspamd.pattern_cache import PatternCache, is_whole
from backends.rspamd.settings import (
    CONTROLLER_SOCKET,
    LEARN_GROUP,
    MILTER_SOCKET,
    RspamdSettings,
    dkim_key_path,
    selectors,
)
from backends.rspamd.signing_pair import SigningPair
from backends.templates import bares

LOCAL = "/etc/rspamd/local.d"
MAPS = f"{LOCAL}/maps.d"

_FILES = (
    "actions.conf",
    "arc.conf",
    "classifier-bayes.conf",
    "dkim_signing.conf",
    "dmarc.conf",
    "fuzzy_check.conf",
    "greylist.conf",
    "logging.inc",
    "mailstead-local-networks.inc",
    "milter_headers.conf",
    "multimap.conf",
    "neural.conf",
    "neural_group.conf",
    "options.inc",
    "ratelimit.conf",
    "rbl.conf",
    "rbl_group.conf",
    "redis.conf",
    "worker-controller.inc",
    "worker-normal.inc",
    "worker-proxy.inc",
)

_AS_RSPAMD = ("setpriv", "--reuid=_rspamd", "--regid=_rspamd", "--init-groups")

_VALIDATE = (*_AS_RSPAMD, "rspamadm", "configtest")
"""As the filter's own user: it compiles expressions on the way and keeps them in /var/lib/rspamd."""

_COMPILE = (*_AS_RSPAMD, "rspamadm", "lua", "-b", str(Path(__file__).with_name("compile_patterns.lua")))

_JUNK, _DOUBTFUL = 6.0, 4.0
"""Rspamd's own scores from which mail goes into Junk, and is greylisted."""


@dataclass(frozen=True)
class _Domain:
    """What signs a domain's mail."""

    name: str
    keys: tuple[tuple[str, str], ...]
    rsa_selector: str
    rsa_key: str


@dataclass(frozen=True)
class _Blocked:
    """A rule that refuses mail by an envelope address."""

    symbol: str
    type: str
    map: str
    message: str
    description: str
    expressions: tuple[str, ...]


class Rspamd(Adapter):
    """Rspamd behind a milter socket in Postfix's chroot, its controller on a socket for LEARN_GROUP.

    Whole files in local.d; Debian's own defaults stay underneath, and override.d stays the admin's.
    """

    name, step = "rspamd", "antispam"
    includes = "*"
    packages: tuple[str, ...] = ("rspamd",)
    headstart: Headstart | None = Headstart(_COMPILE, lambda: bool(installed_versions(("rspamd",))))

    def __init__(self, settings: RspamdSettings, records: DnsSettings | None = None) -> None:
        """`records` says which published records the keys are compared with; without it they are not."""
        self.settings = settings
        self.records = records

    def resources(self) -> Iterator[Resource]:
        """Groups for the sockets, keys, configuration, the service, and the daily reports."""
        settings = self.settings
        yield SystemGroup(LEARN_GROUP)
        groups = [Membership("_rspamd", group) for group in ("postfix", "redis", LEARN_GROUP)]
        yield from groups
        yield Directory(str(PurePosixPath(MILTER_SOCKET).parent), 0o750, "_rspamd", "postfix")
        yield Directory(settings.dkim_directory, 0o750, "root", "_rspamd")
        keys = tuple(key_files(settings.domains, settings.dkim_pair, settings.dkim_directory))
        yield from keys
        for pair in settings.further_pairs:
            yield from key_files(settings.domains, pair, settings.dkim_directory)
        yield SigningPair(settings.dkim_pair)
        configuration = tuple(self._configuration())
        yield Directory(MAPS)
        yield from configuration
        additions = self.additions_record(validate=_VALIDATE)
        yield additions
        cache = PatternCache(validate=_VALIDATE)
        yield cache
        changes: tuple[Resource, ...] = (*groups, *keys, *configuration, additions, cache)
        if settings.has_systemd:
            directory, drop_in = self.drop_in(
                "rspamd.service", "unit.conf.j2", milter_directory=str(PurePosixPath(MILTER_SOCKET).parent)
            )
            yield directory
            yield drop_in
            changes = (*changes, drop_in)
        yield Service("rspamd.service", restart_on=changes)
        yield from scheduled(
            "dkim",
            "Carry a change of DKIM keys on",
            ("/usr/local/bin/mailstead", "dkim", "refresh"),
            "hourly",
            step=self.step,
            has_systemd=settings.has_systemd,
            spread=600,
        )
        yield from scheduled(
            "dmarc-reports",
            "Tell other domains what this server saw of their mail (DMARC)",
            ("/usr/bin/rspamadm", "dmarc_report"),
            "*-*-* 01:30",
            step=self.step,
            has_systemd=settings.has_systemd,
            user="_rspamd",
            spread=3600,
            options=(
                "SupplementaryGroups=redis",
                "NoNewPrivileges=yes",
                "ProtectSystem=strict",
                "PrivateTmp=yes",
            ),
        )

    def checks(self) -> Iterator[Check]:
        """That it listens, scans, and signs with the keys that are published."""
        yield Check(
            "rspamd.milter", _("The mail filter takes mail"), watch.milter_answers, True, watch.COMPILING
        )
        yield Check("rspamd.patterns", _("The mail filter's compiled patterns are whole"), is_whole)
        yield Check("rspamd.scan", _("The mail filter knows spam when it sees it"), watch.knows_spam)
        if self.records:
            yield from dkim_check.dkim_checks(self.records)
            yield from rotation_checks()

    def _configuration(self) -> Iterator[File]:
        settings = self.settings
        junk = min(_JUNK, settings.reject_score - 1)
        blocked = [rule for rule in self._blocked() if rule.expressions]
        values: dict[str, Any] = {
            "domains": tuple(map(self._domain, settings.domains)),
            "domain": settings.domains[0],
            "hostname": settings.hostname,
            "postmaster": settings.postmaster or f"postmaster@{settings.domains[0]}",
            "reject": settings.reject_score,
            "junk": junk,
            "doubtful": min(_DOUBTFUL, junk - 1),
            "has_greylisting": settings.has_greylisting,
            "has_bayes": settings.has_bayes,
            "has_neural": settings.has_neural,
            "blocked": blocked,
            "resolver": settings.resolver,
            "local_networks": bares(("127.0.0.0/8", "::1/128", *settings.trusted_networks)),
            "max_message_size": settings.max_message_size,
            "shipped": shipped_rules(settings.block_lists, settings.release),
            "added": added_rules(settings.block_lists, settings.release),
            "redis_socket": settings.redis_socket,
            "controller_socket": CONTROLLER_SOCKET,
            "milter_socket": MILTER_SOCKET,
            "learn_group": LEARN_GROUP,
            "workers": settings.workers,
        }
        for rule in blocked:
            lines = [map_line(expression) for expression in rule.expressions]
            yield self.file(rule.map, "map.j2", lines=lines)
        for name in _FILES:
            yield self.file(f"{LOCAL}/{name}", f"{name}.j2", validate=_VALIDATE, **values)

    def _domain(self, name: str) -> _Domain:
        keys = tuple(
            (selector, dkim_key_path(name, selector, self.settings.dkim_directory))
            for selector in selectors(self.settings.dkim_pair)
        )
        return _Domain(name, keys, *keys[0])

    def _blocked(self) -> Iterator[_Blocked]:
        yield _Blocked(
            "MAILSTEAD_BLOCKED_SENDER",
            "from",
            f"{MAPS}/mailstead-blocked-senders.map",
            "This sender is blocked here",
            "The envelope sender is one that the admin blocks",
            self.settings.blocked_senders,
        )
        yield _Blocked(
            "MAILSTEAD_BLOCKED_RECIPIENT",
            "rcpt",
            f"{MAPS}/mailstead-blocked-recipients.map",
            "This recipient takes no mail",
            "A recipient is one that the admin blocks",
            self.settings.blocked_recipients,
        )
