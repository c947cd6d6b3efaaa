"""A second name server of the lab: it copies the zones when it starts, and goes on with what it has."""

import shutil
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.lab import cgroups, network
from tests.lab.host import LabError
from tests.lab.priority import ahead

_NOBODY = 9
"""A port on which no name server listens."""


class SecondServer:
    """A context manager: Knot at network.SECOND_AUTHORITATIVE, for as long as the block lasts.

    It does not hear of later changes. With `is_empty` it gets no copy, and answers nothing but SERVFAIL.
    """

    def __init__(
        self, lab: str, directory: Path, group: Path, zones: Iterable[str], *, is_empty: bool
    ) -> None:
        self._lab, self._directory, self._group, self._zones = lab, directory, group, tuple(zones)
        self._first = f"{network.AUTHORITATIVE}@{_NOBODY if is_empty else 53}"
        self._is_empty = is_empty
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        shutil.rmtree(self._directory, ignore_errors=True)
        (self._directory / "db").mkdir(parents=True)
        network.add_addresses(self._lab, [network.SECOND_AUTHORITATIVE])
        self._configuration.write_text(self._configured())
        with (self._directory / "knotd.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    *cgroups.entering(self._group),
                    *ahead(),
                    *("ip", "netns", "exec", self._lab, "knotd", "-c", str(self._configuration)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait_for("status")
        if not self._is_empty:
            for zone in self._zones:
                self._wait_for("zone-read", zone, "@", "SOA")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        cgroups.kill(self._group)
        if self._process:
            self._process.wait()
        network.remove_address(self._lab, network.SECOND_AUTHORITATIVE)

    def _wait_for(self, *arguments: str, timeout: float = 20) -> None:
        deadline = time.monotonic() + timeout
        while self._asked(*arguments).returncode:
            if time.monotonic() > deadline:
                raise LabError(f"the second name server does not get to {arguments}:\n{self._log()}")
            time.sleep(0.02)

    def _asked(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = ["knotc", "-c", str(self._configuration), *arguments]
        return subprocess.run(argv, check=False, capture_output=True, text=True)

    @property
    def _configuration(self) -> Path:
        return self._directory / "knot.conf"

    def _configured(self) -> str:
        return "\n".join(
            [
                f"server:\n    rundir: {self._directory}\n    listen: {network.SECOND_AUTHORITATIVE}@53",
                "    udp-workers: 1\n    tcp-workers: 1",
                f"database:\n    storage: {self._directory}/db",
                "log:\n  - target: stderr\n    any: info",
                f"remote:\n  - id: first\n    address: {self._first}",
                f"template:\n  - id: default\n    storage: {self._directory}",
                "    zonefile-sync: -1",
                "zone:",
                *(f"  - domain: {zone}\n    master: first" for zone in self._zones),
                "",
            ]
        )

    def _log(self) -> str:
        return (self._directory / "knotd.log").read_text()[-2000:]
