"""The page for people: how a mail program is set up, and what makes it trust this server."""

from collections.abc import Sequence

from backends.clients.settings import AUTHORITY_NAME, MailAccess, profile_name
from backends.clients.words import fingerprint, rows
from backends.language import _
from backends.templates import render


def page(access: MailAccess, domains: Sequence[str], authority_pem: bytes = b"") -> bytes:
    """An HTML page that needs nothing else: no script, no picture, no other server."""
    return render(
        "clients/templates/page.html.j2",
        step="clients",
        words={
            "title": _("Set up your mail"),
            "by_itself": _(
                "Most mail programs set themselves up: give them your address and your password. Where one "
                "asks for more, this is what it wants to know."
            ),
            "apple": _("iPhone, iPad and Mac: open the profile of your domain."),
            "authority": _(
                "This server has a certificate authority of its own. Your devices trust it once you have "
                "installed its certificate. Compare its fingerprint with the one that you were given first."
            ),
            "authority_link": _("The authority's certificate"),
        },
        rows=rows(access, _("your whole address")),
        profiles=[(domain, profile_name(domain)) for domain in domains] if access.incoming else [],
        authority=AUTHORITY_NAME if authority_pem else "",
        fingerprint=fingerprint(authority_pem) if authority_pem else "",
    )
