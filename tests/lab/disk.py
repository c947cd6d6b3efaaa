"""The disk of a machine: its image below, and a writable layer of its own."""

import shutil
import uuid
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import overlay, store
from tests.lab.images import Image, downloaded
from tests.lab.network import GATEWAY


@dataclass
class Disk:
    """An overlay in `directory`, mounted at `merged`."""

    directory: Path
    _kept: ExitStack = field(default_factory=ExitStack)

    @property
    def merged(self) -> Path:
        """The whole file system of the machine."""
        return self.directory / "root"

    def open(self, image: Image, size_mib: int | None = None) -> None:
        """Mounts a new writable layer over `image`. With `size_mib` it lies on an ext4 of that size."""
        archives = downloaded(image.release)
        for directory in {*image.directories, *archives}:
            self._kept.enter_context(store.in_use(directory))
        self.directory.mkdir(parents=True)
        if size_mib:
            overlay.mount_disk(self._writable, self.directory / "disk.ext4", size_mib)
        lower = [*(directory / "archives" for directory in archives), *image.layers]
        overlay.mount(self.merged, lower, self._writable / "upper", self._writable / "work")

    def personalise(self, hostname: str, domain: str, address: str, trust_anchor: str) -> None:
        """Gives the machine its names, its resolver and its machine id, as Debian's installer would.

        `trust_anchor` takes the place of the key of the world's DNS root (see building.divert_trust_anchor).
        """
        full = f"{hostname}.{domain} {hostname}" if domain else hostname
        hosts = f"127.0.0.1 localhost\n{address} {full}\n::1 localhost ip6-localhost ip6-loopback\n"
        self._write("etc/hostname", f"{hostname}\n")
        self._write("etc/hosts", hosts)
        self._write("etc/resolv.conf", f"nameserver {GATEWAY}\n" + (f"search {domain}\n" if domain else ""))
        self._write("etc/machine-id", f"{uuid.uuid4().hex}\n")
        self._write("usr/share/dns/root.key", trust_anchor)

    def install_program(self, repository: Path, packages: Sequence[str]) -> None:
        """Puts the work tree's Python packages where the program runs from, instead of the image's."""
        home = self.merged / "opt/mailstead"
        # A link in the machine must not lead into the file system of this one.
        app = home / (home / "app").readlink()
        if not app.is_relative_to(home):
            app = self.merged / app.relative_to("/")
        for package in packages:
            shutil.rmtree(app / package, ignore_errors=True)
            shutil.copytree(repository / package, app / package, ignore=shutil.ignore_patterns("__pycache__"))

    def close(self) -> None:
        """Unmounts and removes everything."""
        overlay.unmount(self.merged)
        overlay.unmount(self._writable)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._kept.close()

    @property
    def _writable(self) -> Path:
        return self.directory / "writable"

    def _write(self, path: str, text: str) -> None:
        target = self.merged / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        target.write_text(text)
