"""Images that machines boot from, made when first needed, or ahead: `python -m tests.lab.images`."""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.lab import overlay, store
from tests.lab.building import BuildRoot
from tests.lab.recipes import RELEASES, recipe

ALL = (
    "plain",
    "packages",
    "remote",
    "provider",
    "program",
    "container-plain",
    "container-packages",
    "container-program",
)


@dataclass(frozen=True)
class Image:
    """A finished image: its layers, topmost first, and the drop-ins that hold services at the first boot."""

    name: str
    release: str
    directories: tuple[Path, ...]
    held: tuple[str, ...]

    @property
    def layers(self) -> tuple[Path, ...]:
        """The directories to mount over one another, topmost first."""
        return tuple(directory / "root" for directory in self.directories)


def image(release: str, name: str, *, fresh: bool = False) -> Image:
    """The image `name` of a release; it and those below it are built if they are not there.

    `fresh` builds this one again, with what the archives hold today. Raises LabError when a build fails.
    """
    steps = recipe(release, name)
    below = image(release, steps.parent) if steps.parent else None

    def build(directory: Path) -> dict[str, object]:
        print(f"lab: making the image {name} of {release}", file=sys.stderr, flush=True)
        unique = f"mslab-build-{release}-{name}"
        root = BuildRoot(unique, directory / "root", directory / "merged", directory / "archives")
        empty = directory / "empty"
        empty.mkdir()
        lower = below.layers if below else (empty,)
        with overlay.mounted(root.merged, lower, root.layer, directory / "work"):
            return dict(steps.build(root))

    entry = store.obtain(
        release, name, steps.key(below.directories[0] if below else None), build, fresh=fresh
    )
    held = tuple(entry.notes.get("held", ()))
    if below is None:
        return Image(name, release, (entry.directory,), held)
    return Image(name, release, (entry.directory, *below.directories), (*held, *below.held))


def downloaded(release: str) -> tuple[Path, ...]:
    """Directories of images whose downloaded packages lie under a machine's /var/cache/apt/archives.

    So installing on a fresh machine unpacks what was fetched once; apt still checks every hash.
    """
    found = store.newest(release, "packages"), store.newest(release, "container-packages")
    return tuple(directory for directory in found if directory)


def main(arguments: Sequence[str] | None = None) -> int:
    """Builds images ahead of the tests and says how long each took, in seconds."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab.images", description=main.__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"{', '.join(ALL)}; without one, all of them"
    )
    parser.add_argument("--release", action="append", choices=RELEASES)
    parser.add_argument("--fresh", action="store_true", help="build them again even if they are there")
    wanted = parser.parse_args(arguments)

    def build(release: str) -> None:
        for name in wanted.names or ALL:
            started = time.monotonic()
            image(release, name, fresh=wanted.fresh)
            print(f"{release:9} {name:20} {time.monotonic() - started:6.1f} s", flush=True)

    # Half of the time goes by waiting for one download or one process, so the releases take turns well.
    with ThreadPoolExecutor() as releases:
        list(releases.map(build, wanted.release or RELEASES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
