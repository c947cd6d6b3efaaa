"""The steps that fill an image: a fresh Debian, packages on top whose services do not start, files."""

import shutil
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab import cgroups, nspawn
from tests.lab.host import LabError

# What dpkg and its packages may expect of a machine that nobody sits at.
_UNATTENDED = {"DEBIAN_FRONTEND": "noninteractive", "DEBCONF_NONINTERACTIVE_SEEN": "true"}
_POLICY = "/usr/sbin/policy-rc.d"
_HOLD = "/usr/lib/systemd/system/{unit}.d/00-lab-hold.conf"


@dataclass(frozen=True)
class BuildRoot:
    """An image while it is made: `layer` takes what is new, `merged` shows it over the images below.

    `name` is unique on this machine while the image is made.
    """

    name: str
    layer: Path
    merged: Path
    archives: Path

    def run(self, *argv: str, environment: Mapping[str, str] | None = None) -> None:
        """Runs a command in the image, with this machine's network. Raises LabError if it fails."""
        group = cgroups.unified_hierarchy() / self.name
        # Something may still run there for a builder that was killed.
        cgroups.kill(group)
        command = nspawn.building(self.merged, self.name, argv, {**_UNATTENDED, **(environment or {})})
        try:
            done = subprocess.run(
                [*cgroups.entering(group), *command],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=nspawn.ENVIRONMENT,
            )
        finally:
            cgroups.kill(group)
            nspawn.forget(self.merged, self.name)
        if done.returncode:
            raise LabError(
                f"{' '.join(argv)} failed in the image ({done.returncode}):\n{done.stdout[-4000:]}"
            )

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        """Writes one file of the image, with the directories above it."""
        target = self.merged / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text)
        target.chmod(mode)

    def remove(self, path: str) -> None:
        """Removes one file of the image. Nothing there is fine."""
        (self.merged / path.lstrip("/")).unlink(missing_ok=True)


def bootstrap(
    root: BuildRoot, release: str, packages: Sequence[str], sources: Sequence[str], options: Sequence[str]
) -> None:
    """Fills an empty image with a minimal Debian, its package lists kept so that apt works at once."""
    settings = [f"--aptopt={line.rstrip(';')}" for line in options]
    command = [
        "mmdebstrap",
        "--quiet",
        "--mode=root",
        "--variant=minbase",
        "--skip=cleanup/apt/lists",
        "--keyring=/usr/share/keyrings/debian-archive-keyring.gpg",
        f"--include={','.join(packages)}",
        *settings,
        release,
        str(root.merged),
        *sources,
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise LabError(f"mmdebstrap of {release} failed:\n{done.stderr[-4000:]}")


def install(root: BuildRoot, packages: Sequence[str], on_demand: Sequence[str] = ()) -> None:
    """Installs packages as apt leaves them, except that none of their services started.

    The downloaded archives are moved out of the image into `root.archives`, for later machines; those of the
    packages `on_demand` too, which are not installed.
    """
    had_policy = (root.merged / _POLICY.lstrip("/")).exists()
    root.write(_POLICY, "#!/bin/sh\nexit 101\n", mode=0o755)
    preseed = "postfix postfix/main_mailer_type select No configuration\n"
    root.write("/root/preseed", preseed)
    root.run("debconf-set-selections", "/root/preseed")
    root.remove("/root/preseed")
    root.run("apt-get", "update")
    to_install = ("apt-get", "install", "--yes", "--no-install-recommends")
    root.run(*to_install, *packages)
    if on_demand:
        root.run(*to_install, "--download-only", *on_demand)
    if not had_policy:
        root.remove(_POLICY)
    _collect_archives(root)


def divert_trust_anchor(root: BuildRoot) -> None:
    """Keeps the package dns-root-data from bringing the key of the world's DNS root: the lab has its own."""
    anchor = "/usr/share/dns/root.key"
    root.run("dpkg-divert", "--local", "--no-rename", "--divert", f"{anchor}.debian", "--add", anchor)


def hold_services(root: BuildRoot) -> list[str]:
    """Keeps the services this layer brought from starting at boot, without a trace in /etc.

    Returns the paths of the drop-ins. A machine removes them once it is up, and is then as apt leaves one
    whose policy is to start nothing.
    """
    units = root.layer / "usr/lib/systemd/system"
    found = [path.name for pattern in ("*.service", "*.socket", "*.path") for path in units.glob(pattern)]
    if "rsyslog.service" in found:
        # systemd's own socket would start it, again and again, until it gives up and counts as failed.
        found.append("syslog.socket")
    dropins = [_HOLD.format(unit=unit) for unit in sorted(found)]
    for dropin in dropins:
        root.write(dropin, "[Unit]\nConditionPathExists=/run/never\n")
    return dropins


def copy(root: BuildRoot, sources: Iterable[Path], target: str) -> None:
    """Copies files and whole directories into the directory `target` of the image, with their modes."""
    place = root.merged / target.lstrip("/")
    place.mkdir(parents=True, exist_ok=True)
    for source in sources:
        if source.is_dir():
            shutil.copytree(source, place / source.name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, place / source.name)


def _collect_archives(root: BuildRoot) -> None:
    held = root.layer / "var/cache/apt/archives"
    target = root.archives / "var/cache/apt/archives"
    target.mkdir(parents=True, exist_ok=True)
    for archive in held.glob("*.deb"):
        shutil.move(archive, target / archive.name)
