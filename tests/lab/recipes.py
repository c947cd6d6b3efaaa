"""What goes into each image: package lists, and the steps that turn one image into the next."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab import host
from tests.lab.building import BuildRoot, bootstrap, copy, divert_trust_anchor, hold_services, install

REPOSITORY = Path(__file__).resolve().parents[2]
RELEASES = ("bookworm", "trixie")
PACKAGES = ("wizard", "screens", "backends")

# A Debian as its installer leaves it on a server with only the SSH task, as small as tests allow.
_MACHINE = (
    *(
        "systemd",
        "systemd-sysv",
        "dbus",
        "udev",
        "kmod",
        "cron",
        "apt",
        "ca-certificates",
        "tzdata",
        "procps",
    ),
    *("iproute2", "iputils-ping", "openssh-server", "sudo", "less", "python3", "python3-venv"),
)

# An ordinary container image has no init system, no SSH and no cron.
_CONTAINER = ("apt", "ca-certificates", "tzdata", "procps", "iproute2", "python3", "python3-venv")

_MAIL = (
    *("postfix", "postfix-sqlite", "postfix-pcre"),
    *(
        "dovecot-imapd",
        "dovecot-pop3d",
        "dovecot-lmtpd",
        "dovecot-managesieved",
        "dovecot-sieve",
        "dovecot-sqlite",
    ),
    *("rspamd", "redis-server", "unbound", "dns-root-data", "nftables", "fail2ban", "python3-systemd"),
    *("rsyslog", "logrotate", "restic", "openssl"),
)

_ON_DEMAND = ("nginx",)
"""Downloaded and not installed: a server has these only where the answers want them."""


def mail_packages(release: str) -> tuple[str, ...]:
    """The Debian packages of a complete first mail server."""
    return (*_MAIL, "postfix-lmdb") if release == "trixie" else _MAIL


# Rspamd compiles thousands of patterns when it first starts, for five seconds or twenty, and keeps them:
# tests of other things need not wait for that again and again.
_WARM_FILTER = """
rspamd -f -u _rspamd -g _rspamd >/dev/null 2>&1 &
filter=$!
tries=0
until ls /var/lib/rspamd/*.hs >/dev/null 2>&1; do
    tries=$((tries + 1))
    [ $tries -lt 240 ] || exit 1
    sleep 0.5
done
kill $filter
wait $filter
true
"""


@dataclass(frozen=True)
class Recipe:
    """How one image is made from another: `build` fills a directory and gives the notes to keep with it.

    `ingredients` is everything the result depends on besides the code of the steps. Whoever changes that code
    counts `version` up.
    """

    name: str
    parent: str | None
    ingredients: Mapping[str, object]
    build: Callable[[BuildRoot], Mapping[str, object]]
    version: int = 1

    def key(self, parent: Path | None) -> str:
        """Twelve hex digits that change with the ingredients, the version or the parent's directory."""
        whole = [self.name, self.version, self.ingredients, parent.name if parent else ""]
        return hashlib.sha256(json.dumps(whole, sort_keys=True, default=str).encode()).hexdigest()[:12]


def recipe(release: str, name: str) -> Recipe:
    """The recipe for an image: plain, packages, program, remote, provider; the first three also container-….

    Raises LabError for any other name.
    """
    prefix = "container-" if name.startswith("container-") else ""
    kind = name.removeprefix(prefix)
    if kind == "plain":
        return _plain(name, release, _CONTAINER if prefix else _MACHINE)
    if kind == "packages":
        return _packages(name, f"{prefix}plain", mail_packages(release), _ON_DEMAND)
    if kind == "program":
        return _program(name, f"{prefix}packages")
    if name == "remote":
        return _packages(name, "plain", ("postfix",))
    if name == "provider":
        return _packages(name, "plain", ("pdns-server", "pdns-backend-sqlite3"))
    raise host.LabError(f"there is no image called {name!r}")


def _plain(name: str, release: str, packages: tuple[str, ...]) -> Recipe:
    sources = host.mirrors().sources(release)
    options = host.apt_options()
    pip = host.pip_configuration()
    certificates = {path.name: path.read_text() for path in host.own_certificates()}

    def build(root: BuildRoot) -> Mapping[str, object]:
        bootstrap(root, release, packages, sources, options)
        root.write("/etc/pip.conf", pip)
        for file, text in certificates.items():
            root.write(f"/usr/local/share/ca-certificates/{file}", text)
        root.run("update-ca-certificates")
        divert_trust_anchor(root)
        root.write("/etc/resolv.conf", "")
        if name.startswith("container-"):
            # Container images keep packages from starting services, as nobody would supervise them.
            root.write("/usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n", mode=0o755)
        return {}

    ingredients = {"packages": packages, "apt": (sources, options), "pip": pip, "ca": certificates}
    return Recipe(name, None, ingredients, build, version=2)


def _packages(name: str, parent: str, packages: tuple[str, ...], on_demand: tuple[str, ...] = ()) -> Recipe:
    def build(root: BuildRoot) -> Mapping[str, object]:
        install(root, packages, on_demand)
        return {"held": hold_services(root)}

    ingredients = {"packages": packages} | ({"on_demand": on_demand} if on_demand else {})
    return Recipe(name, parent, ingredients, build, version=2)


def _program(name: str, parent: str) -> Recipe:
    inputs = [REPOSITORY / name for name in ("install.sh", "requirements-build.txt", "requirements.txt")]

    def build(root: BuildRoot) -> Mapping[str, object]:
        copy(root, [*inputs, *(REPOSITORY / package for package in PACKAGES)], "/root/mailstead")
        root.run("/root/mailstead/install.sh", "--no-launch")
        shutil.rmtree(root.merged / "root/mailstead")
        root.run("sh", "-c", _WARM_FILTER)
        return {}

    return Recipe(name, parent, {path.name: _digest(path) for path in inputs}, build, version=2)


def _digest(path: Path) -> str:
    if not path.exists():
        raise host.LabError(f"{path} is missing; the image with the program is made from it")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tracked_files(repository: Path) -> list[str]:
    """The files of a work tree that git knows or would add, relative to its root, without removed ones."""
    listing = subprocess.run(
        ["git", "-C", str(repository), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    return [name for name in listing.split("\0") if name and (repository / name).exists()]
