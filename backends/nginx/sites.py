"""Which host names the web server answers to, and what it serves at each."""

from collections.abc import Iterator
from dataclasses import dataclass

from backends.clients.settings import AUTHORITY_NAME, profile_name
from backends.clients.xml_documents import AUTOCONFIG_PATHS, AUTODISCOVER_PATH
from backends.dns.mta_sts import POLICY_PATH, policy_host
from backends.nginx.settings import NginxSettings

XML = "text/xml"
HTML = "text/html"
POLICY = "text/plain"
PROFILE = "application/x-apple-aspen-config"
AUTHORITY = "application/x-x509-ca-cert"


@dataclass(frozen=True)
class Page:
    """A document: at which path, from which file below the web server's directory, as which media type.

    `takes_posts` gives it to clients that send something first, whatever that is; such a path may be written
    with large and small letters.
    """

    path: str
    file: str
    media_type: str
    takes_posts: bool = False


@dataclass(frozen=True)
class Site:
    """A host name and its pages; whatever else is asked for there does not exist."""

    name: str
    pages: tuple[Page, ...]


def sites(settings: NginxSettings) -> tuple[Site, ...]:
    """The host itself first, then the names in each domain; each name once."""
    found: dict[str, Site] = {}
    for site in (_host(settings), *_names(settings)):
        found.setdefault(site.name, site)
    return tuple(found.values())


def client_hosts(domain: str) -> tuple[str, str]:
    """Where Thunderbird and Outlook ask, when they know no more than an address."""
    return f"autoconfig.{domain}", f"autodiscover.{domain}"


def web_names(settings: NginxSettings) -> tuple[str, ...]:
    """The names that the certificates have to bear, besides the host's."""
    return tuple(site.name for site in sites(settings))[1:]


def autoconfig_file(domain: str) -> str:
    """The name of the file for Thunderbird."""
    return f"{domain}.xml"


def _host(settings: NginxSettings) -> Site:
    profiles = (Page(f"/{profile_name(d)}", profile_name(d), PROFILE) for d in settings.domains)
    return Site(
        settings.access.hostname,
        (
            Page("/", "index.html", HTML),
            *(
                (Page(f"/{AUTHORITY_NAME}", AUTHORITY_NAME, AUTHORITY),)
                if settings.access.own_authority
                else ()
            ),
            *(profiles if settings.access.incoming and settings.access.outgoing else ()),
        ),
    )


def _names(settings: NginxSettings) -> Iterator[Site]:
    for domain in settings.domains:
        autoconfig, autodiscover = client_hosts(domain)
        yield Site(autoconfig, tuple(Page(path, autoconfig_file(domain), XML) for path in AUTOCONFIG_PATHS))
        yield Site(autodiscover, (Page(AUTODISCOVER_PATH, "autodiscover.xml", XML, takes_posts=True),))
        if settings.mta_sts != "off":
            yield Site(policy_host(domain), (Page(POLICY_PATH, "mta-sts.txt", POLICY),))
