"""What tells whether mail programs find their pages."""

import http.client
import ssl
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from backends.certificates import authority
from backends.certificates.served import certificate_check
from backends.checks import Check, Finding, fail, ok, warn
from backends.language import _, ngettext
from backends.listeners import service_check
from backends.mends import replay, restart
from backends.nginx.settings import PORT, SERVICE, NginxSettings
from backends.nginx.sites import Page, sites
from backends.text import clean

_ATTEMPT = 5.0
_LONGEST = 1 << 20


def nginx_checks(settings: NginxSettings, directory: str) -> Iterator[Check]:
    """The service, its certificate, each page by each name, and the names in the certificate."""
    yield service_check("nginx.service", _("The web server for mail programs runs"), SERVICE.names)
    yield certificate_check(
        f"nginx.certificate-{PORT}",
        _("Port {port} serves the certificate on disk").format(port=PORT),
        PORT,
        server_name=settings.access.hostname,
        files=settings.certificates,
        reload_command="systemctl reload mailstead-web",
        service=SERVICE.names,
    )
    yield Check(
        "nginx.pages",
        _("Mail programs find their settings"),
        partial(_serves_all, settings, Path(directory)),
        is_gate=True,
    )
    yield Check("nginx.names", _("Mail programs take the certificate"), partial(_bears_the_names, settings))


def fetch(name: str, path: str, host: str = "127.0.0.1", port: int = PORT) -> tuple[int, str, bytes]:
    """Status, media type and content of what a host name serves at a path; its certificate isn't judged.

    Raises OSError, or http.client.HTTPException.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    connection = _Named(host, port, name, context)
    try:
        connection.request("GET", path, headers={"Host": name})
        answer = connection.getresponse()
        return answer.status, answer.headers.get_content_type(), answer.read(_LONGEST)
    finally:
        connection.close()


class _Named(http.client.HTTPSConnection):
    """A connection to an address that asks for a name there (SNI)."""

    def __init__(self, host: str, port: int, name: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=_ATTEMPT, context=context)
        self._name, self._tls = name, context

    def connect(self) -> None:
        http.client.HTTPConnection.connect(self)
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)


def _serves_all(settings: NginxSettings, directory: Path) -> Finding:
    """The first page of each name is enough: all of a name come about in the same way."""
    wanted = _("the page as it is on disk")
    count = 0
    for site in sites(settings):
        if problem := _wrong(site.name, site.pages[0], directory):
            return fail(
                f"https://{site.name}{site.pages[0].path}: {problem}", wanted, _LOOK, restart(SERVICE.names)
            )
        count += 1
    return ok(
        ngettext("{count} host name serves its page", "{count} host names serve their pages", count).format(
            count=count
        )
    )


_LOOK = "mailstead log --service nginx"


def _wrong(name: str, page: Page, directory: Path) -> str:
    try:
        status, media_type, content = fetch(name, page.path)
    except (OSError, http.client.HTTPException) as problem:
        return clean(str(problem) or type(problem).__name__)
    if status != http.HTTPStatus.OK:
        return _("it answers {status}").format(status=status)
    if media_type != page.media_type or content != (directory / page.file).read_bytes():
        return _("it serves something else")
    return ""


def _bears_the_names(settings: NginxSettings) -> Finding:
    """An imported certificate may bear the host's name alone."""
    names = [site.name for site in sites(settings)]
    missing: list[str] = []
    for files in settings.certificates:
        certificate = authority.read_certificate(Path(files.chain).read_bytes())
        borne = authority.names_in(certificate) if certificate else frozenset()
        missing += [name for name in names if not authority.covers(borne, name) and name not in missing]
    if not missing:
        return ok(_("it bears every name"))
    return warn(
        _("the certificate does not bear {names}").format(names=", ".join(missing)),
        _("a certificate for these names too"),
        _("have it issued for them, or take certificates from the own authority or by ACME"),
        replay("certificates"),
    )
