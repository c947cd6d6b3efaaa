"""What the lab's machines take over from the machine that runs the tests: mirrors, pip settings, trusted CAs.

Nothing here is written into the repository: every value is read from the running system each time.
"""

import configparser
import contextlib
import io
import os
import re
import socket
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

_FETCHING = re.compile(
    r"^Acquire::(https?|ForceIPv[46]|Retries|Check-Valid-Until|Check-Date|Max-ValidTime|Min-ValidTime)\b"
)
_URL_HOST = re.compile(r"https?://(?:[^/@\s]*@)?([a-z0-9.-]+\.[a-z]+)", re.IGNORECASE)
_PIP_DEFAULT_HOSTS = ("https://pypi.org", "https://files.pythonhosted.org")
_OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")
_PIP_FILES = ("/etc/xdg/pip/pip.conf", "/etc/pip.conf", "~/.pip/pip.conf", "~/.config/pip/pip.conf")
_PIP_PATH_OPTIONS = ("find-links", "extra-index-url", "index-url", "constraint")
_PIP_SKIPPED = ("cert", "client-cert", "cache-dir", "require-virtualenv", "user", "target", "prefix")


class LabError(Exception):
    """The lab could not do what a test asked for; the message says what was tried and what was seen."""


@dataclass(frozen=True)
class Mirrors:
    """Base URLs of Debian's archive and of its security archive, without a trailing slash."""

    debian: str
    security: str

    def sources(self, release: str) -> tuple[str, ...]:
        """The lines of sources.list(5) for one release."""
        return (
            f"deb {self.debian} {release} main",
            f"deb {self.debian} {release}-updates main",
            f"deb {self.security} {release}-security main",
        )


def mirrors() -> Mirrors:
    """The Debian mirrors this machine uses itself, whatever format its sources are written in.

    Raises LabError when apt knows no Debian archive.
    """
    listing = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    codename = _os_release()["VERSION_CODENAME"]
    by_suite = {
        suite: uri.rstrip("/") for uri, _, suite in (line.partition(" ") for line in listing.splitlines())
    }
    debian = by_suite.get(codename) or by_suite.get("stable")
    if not debian:
        raise LabError(
            f"apt on this machine has no source for the suite {codename}; seen: {sorted(by_suite)}"
        )
    security = by_suite.get(f"{codename}-security") or by_suite.get("stable-security") or f"{debian}-security"
    return Mirrors(debian, security)


def apt_options() -> tuple[str, ...]:
    """This machine's apt settings that decide how files are fetched, as lines of apt.conf(5)."""
    dump = subprocess.run(["apt-config", "dump"], check=True, capture_output=True, text=True).stdout
    fetching = [line for line in dump.splitlines() if _FETCHING.match(line) and not line.endswith(' "";')]
    return (*fetching, 'Acquire::Languages "none";')


def pip_configuration() -> str:
    """This machine's pip settings, files and PIP_ variables together, as the text of one pip.conf.

    Certificates are left out: a machine of the lab trusts this machine's CAs through its own system bundle.
    """
    merged = _pip_settings()
    merged.setdefault("global", {})["cert"] = "/etc/ssl/certs/ca-certificates.crt"
    written = configparser.RawConfigParser()
    written.read_dict(merged)
    text = io.StringIO()
    written.write(text)
    return text.getvalue()


def pip_directories() -> tuple[Path, ...]:
    """Local directories that the pip settings point into; machines see them read-only at the same place."""
    found = set()
    for options in _pip_settings().values():
        for name in _PIP_PATH_OPTIONS:
            found |= {
                path for path in map(_local_path, options.get(name, "").split()) if path and path.exists()
            }
    directories = {path if path.is_dir() else path.parent for path in found}
    return tuple(sorted(path for path in directories if not directories.intersection(path.parents)))


def own_certificates() -> tuple[Path, ...]:
    """The CA certificates this machine's administrator added to the system's trust."""
    return tuple(sorted(_OWN_CERTIFICATES.rglob("*.crt")))


def package_hosts() -> dict[str, tuple[str, ...]]:
    """The hosts that apt and pip fetch from here, proxies included, with the IPv4 addresses seen here.

    A name that does not resolve now is left out.
    """
    used = mirrors()
    texts = [used.debian, used.security, pip_configuration(), *apt_options(), *_PIP_DEFAULT_HOSTS]
    found = {}
    for name in sorted({host for text in texts for host in _URL_HOST.findall(text)}):
        with contextlib.suppress(OSError):
            answers = socket.getaddrinfo(name, None, socket.AF_INET, socket.SOCK_STREAM)
            found[name] = tuple(sorted({str(address[0]) for *_, address in answers}))
    return found


def _os_release() -> dict[str, str]:
    lines = Path("/etc/os-release").read_text().splitlines()
    return {key: value.strip('"') for key, _, value in (line.partition("=") for line in lines) if key}


def _pip_settings() -> dict[str, dict[str, str]]:
    merged: dict[str, dict[str, str]] = {}
    for name in _PIP_FILES:
        parser = configparser.RawConfigParser()
        parser.read(Path(name).expanduser())
        for section in parser.sections():
            merged.setdefault(section, {}).update(parser[section])
    for variable, value in os.environ.items():
        if variable.startswith("PIP_") and variable != "PIP_CONFIG_FILE":
            merged.setdefault("global", {})[variable.removeprefix("PIP_").lower().replace("_", "-")] = value
    for options in merged.values():
        for name in _PIP_SKIPPED:
            options.pop(name, None)
    return merged


def _local_path(value: str) -> Path | None:
    if value.startswith("/"):
        return Path(value)
    if value.startswith("file://"):
        # An index "…/simple" holds links to files beside it, so its parent is what a machine must see.
        path = Path(unquote(urlsplit(value).path))
        return path.parent if path.name == "simple" else path
    return None
