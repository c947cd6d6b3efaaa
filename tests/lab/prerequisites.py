"""What the lab needs of its host: `python -m tests.lab.prerequisites` installs what is missing."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.lab.cgroups import unified_hierarchy
from tests.lab.host import LabError

# A command of each package, and the Debian package that brings it.
_NEEDED = {
    "systemd-nspawn": "systemd-container",
    "mmdebstrap": "mmdebstrap",
    "ip": "iproute2",
    "nft": "nftables",
    "knotd": "knot",
    "unbound": "unbound",
    "pebble": "pebble",
    "sslscan": "sslscan",
    "testssl": "testssl.sh",
    "mkfs.ext4": "e2fsprogs",
    "nsenter": "util-linux",
    "ssh-keygen": "openssh-client",
    "tmux": "tmux",
}
# A file of each package that brings no command.
_NEEDED_FILES = {
    "/usr/share/keyrings/debian-archive-keyring.gpg": "debian-archive-keyring",
    "/usr/share/dns/root.hints": "dns-root-data",
}
_POLICY = Path("/usr/sbin/policy-rc.d")
_START_NOTHING = "#!/bin/sh\nexit 101\n"


def missing() -> tuple[str, ...]:
    """The Debian packages still to be installed."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
    packages = [package for command, package in _NEEDED.items() if not shutil.which(command, path=path)]
    return (*packages, *(package for path, package in _NEEDED_FILES.items() if not Path(path).exists()))


def install() -> tuple[str, ...]:
    """Installs what is missing, starting none of its services, and returns the packages.

    Raises LabError when this is not root on a Debian-like system, or apt fails.
    """
    if os.geteuid() != 0:
        raise LabError("the lab boots machines and makes networks: run it as root")
    unified_hierarchy()
    packages = missing()
    if packages:
        with _nothing_starts():
            _apt("update")
            _apt("install", "--yes", "--no-install-recommends", *packages)
    return packages


@contextlib.contextmanager
def _nothing_starts() -> Iterator[None]:
    """Within the block, packages that are installed start no service on this machine (invoke-rc.d(8))."""
    before = _POLICY.read_bytes() if _POLICY.exists() else None
    mode = _POLICY.stat().st_mode if _POLICY.exists() else 0o755
    _replace(_START_NOTHING.encode(), 0o755)
    try:
        yield
    finally:
        if before is None:
            _POLICY.unlink()
        else:
            _replace(before, mode)


def _replace(text: bytes, mode: int) -> None:
    with tempfile.NamedTemporaryFile(dir=_POLICY.parent, delete=False) as file:
        file.write(text)
    Path(file.name).chmod(mode & 0o7777)
    Path(file.name).rename(_POLICY)


def _apt(*arguments: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-o", "DPkg::Lock::Timeout=600", "--quiet=2", *arguments],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
    )
    if done.returncode:
        raise LabError(f"apt-get {' '.join(arguments)} failed:\n{done.stdout[-3000:]}")


def main() -> int:
    """Installs what is missing and says what that was."""
    try:
        installed = install()
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    print("lab: installed " + " ".join(installed) if installed else "lab: everything is there")
    return 0


if __name__ == "__main__":
    sys.exit(main())
