"""The domains whose mail this server takes."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from backends.accounts import database
from backends.accounts.addresses import parse_domain
from backends.accounts.database import DATABASE
from backends.accounts.errors import AlreadyThere, NotThere, StillUsed
from backends.language import _
from backends.text import clean


@dataclass(frozen=True)
class Domain:
    """A mail domain, how many accounts and aliases it has, and since when it is here."""

    name: str
    accounts: int
    aliases: int
    created: datetime


def list_domains(path: Path = DATABASE) -> tuple[Domain, ...]:
    """Every domain, by name."""
    query = """
        SELECT domain,
               (SELECT count(*) FROM accounts WHERE accounts.domain = domains.domain),
               (SELECT count(DISTINCT address) FROM aliases WHERE aliases.domain = domains.domain),
               created
        FROM domains ORDER BY domain
    """
    with database.reading(path) as connection:
        return tuple(
            Domain(clean(name), accounts, aliases, datetime.fromtimestamp(created, UTC))
            for name, accounts, aliases, created in connection.execute(query)
        )


def add_domain(name: str, path: Path = DATABASE) -> str:
    """Take mail for a domain from now on; gives its name in lower case.

    Mail for its postmaster goes to the admin until it has an account or an alias of that name (RFC 5321
    section 4.5.1). Raises WrongAddress, AlreadyThere.
    """
    domain = parse_domain(name)
    with database.writing(path) as connection:
        if is_domain(connection, domain):
            raise AlreadyThere(_("{domain} is a domain of this server already").format(domain=domain))
        connection.execute("INSERT INTO domains (domain) VALUES (?)", (domain,))
    return domain


def remove_domain(name: str, path: Path = DATABASE) -> str:
    """Take no more mail for a domain; raises NotThere, and StillUsed while it has accounts or aliases."""
    domain = parse_domain(name)
    with database.writing(path) as connection:
        require_domain(connection, domain)
        query = """
            SELECT address FROM accounts WHERE domain = ?1 UNION SELECT address FROM aliases WHERE domain = ?1
        """
        users = [address for (address,) in connection.execute(query, (domain,))]
        if users:
            shown = ", ".join(users[:3]) + (f" and {len(users) - 3} more" if len(users) > 3 else "")
            raise StillUsed(
                _("{domain} still has {shown}").format(domain=domain, shown=shown),
                next_step=_("remove these first"),
            )
        connection.execute("DELETE FROM domains WHERE domain = ?", (domain,))
    return domain


def is_domain(connection: sqlite3.Connection, domain: str) -> bool:
    """Whether this is a domain of this server."""
    return bool(connection.execute("SELECT 1 FROM domains WHERE domain = ?", (domain,)).fetchone())


def require_domain(connection: sqlite3.Connection, domain: str) -> None:
    """Raises NotThere for a domain that isn't one of this server."""
    if not is_domain(connection, domain):
        raise NotThere(
            _("{domain} is no domain of this server").format(domain=domain),
            next_step=_("mailstead domain add {domain}").format(domain=domain),
        )
