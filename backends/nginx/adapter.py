"""A web server of Mailstead's own for mail programs and the MTA-STS policy: an instance of Debian's nginx.

Its unit, its configuration and its documents are ours. Debian's nginx.service, and whatever somebody serves
with it or with Apache, is neither needed nor touched.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from backends.adapter import Adapter
from backends.checks import Check
from backends.clients.apple import profile
from backends.clients.page import page
from backends.clients.settings import AUTHORITY_NAME, MailAccess, profile_name
from backends.clients.xml_documents import autoconfig, autodiscover
from backends.dns.mta_sts import policy_text
from backends.machine.services import ServiceNames
from backends.nginx.own import CONFIGURATION, PID_FILE
from backends.nginx.settings import PORT, SERVICE, NginxSettings
from backends.nginx.sites import autoconfig_file, sites
from backends.resources import Directory, File, GeneratedFile, Resource, Service

DIRECTORY = "/var/lib/mailstead/web"

_UNIT = f"/etc/systemd/system/{SERVICE.unit}"
_SCRIPT = "/etc/init.d/mailstead-web"
_CHECK = ("nginx", "-t", "-q", "-e", "stderr", "-c", CONFIGURATION)
_PROTOCOLS = {"intermediate": ("TLSv1.2", "TLSv1.3"), "modern": ("TLSv1.3",)}
_CURVES = {
    "bookworm": ("X25519", "prime256v1", "secp384r1"),
    "trixie": ("X25519MLKEM768", "X25519", "prime256v1", "secp384r1"),
}
_SIGNATURES = (
    *("ECDSA+SHA256", "ECDSA+SHA384", "ECDSA+SHA512", "ed25519"),
    *("RSA-PSS+SHA256", "RSA-PSS+SHA384", "RSA-PSS+SHA512", "RSA+SHA256", "RSA+SHA384", "RSA+SHA512"),
)
"""As in Postfix: no SHA-1."""


class Nginx(Adapter):
    """Serves what mail programs set themselves up from, on port 443 alone.

    Port 80 stays free: for the proof that an ACME authority asks for, and because what comes unencrypted
    could have been changed on the way.
    """

    name, step = "nginx", "clients"
    includes = "*.conf"
    packages: tuple[str, ...] = ("nginx",)
    unwanted: tuple[ServiceNames, ...] = (ServiceNames("nginx.service", "nginx.service", "nginx"),)

    def __init__(self, settings: NginxSettings) -> None:
        self.settings = settings

    def resources(self) -> Iterator[Resource]:
        """The documents, the configuration, the unit or the init script, the service."""
        settings = self.settings
        yield Directory(DIRECTORY)
        yield from self._documents()
        configuration, additions = self._configuration(), self.additions_record(validate=_CHECK)
        yield configuration
        yield additions
        starter = (
            self.file(_UNIT, "mailstead-web.service.j2", configuration=CONFIGURATION, pid_file=PID_FILE)
            if settings.has_systemd
            else self.file(
                _SCRIPT, "mailstead-web.init.j2", mode=0o755, configuration=CONFIGURATION, pid_file=PID_FILE
            )
        )
        yield starter
        keys = (path for files in settings.certificates for path in (files.chain, files.key))
        yield Service(
            SERVICE.unit,
            restart_on=(starter,),
            reload_on=(configuration, additions, *(GeneratedFile(path) for path in keys)),
        )

    def checks(self) -> Iterator[Check]:
        """The service, its certificate, every page, and that clients take the certificate for every name."""
        from backends.nginx.checks import nginx_checks  # keeps the TLS library out of a mere plan

        yield from nginx_checks(self.settings, DIRECTORY)

    def _configuration(self) -> File:
        settings = self.settings
        return self.file(
            CONFIGURATION,
            "nginx.conf.j2",
            validate=_CHECK,
            pid_file=PID_FILE,
            port=PORT,
            has_ipv6=settings.has_ipv6,
            certificates=settings.certificates,
            protocols=_PROTOCOLS[settings.tls],
            curves=_CURVES[settings.release],
            signatures=_SIGNATURES,
            directory=DIRECTORY,
            sites=sites(settings),
            override="/etc/mailstead/override/nginx",
        )

    def _documents(self) -> Iterator[Resource]:
        """Those with the authority in them are made when it is there; the others are known before."""
        settings, access = self.settings, self.settings.access

        def authority() -> bytes:
            return Path(access.own_authority).read_bytes() if access.own_authority else b""

        def made(name: str, what: str, content: Callable[[], bytes]) -> GeneratedFile:
            return GeneratedFile(
                f"{DIRECTORY}/{name}",
                content,
                lambda now: now == content(),
                mode=0o644,
                what=what,
            )

        yield made("index.html", "the page for people", lambda: page(access, settings.domains, authority()))
        if access.own_authority:
            yield made(AUTHORITY_NAME, "a copy of the authority's certificate", authority)
        for domain in settings.domains:
            if access.incoming and access.outgoing:
                yield made(
                    profile_name(domain),
                    f"the profile for Apple's programs in {domain}",
                    partial(_profile, access, domain, authority),
                )
            yield File(f"{DIRECTORY}/{autoconfig_file(domain)}", autoconfig(access, domain))
        yield File(f"{DIRECTORY}/autodiscover.xml", autodiscover(access))
        if settings.mta_sts != "off":
            policy = policy_text(access.hostname, settings.mta_sts)
            yield File(f"{DIRECTORY}/mta-sts.txt", policy.encode())


def _profile(access: MailAccess, domain: str, authority: Callable[[], bytes]) -> bytes:
    return profile(access, domain, authority())


class NoNginx(Adapter):
    """Where nobody wants these pages (any more), nothing of ours serves any."""

    name, step = "nginx", "clients"
    takes_additions = False

    def resources(self) -> Iterator[Resource]:
        """The service stopped, and without its configuration it doesn't start again; nginx itself stays."""
        yield File(CONFIGURATION, None)
        yield Service(SERVICE.unit, is_wanted=False)
