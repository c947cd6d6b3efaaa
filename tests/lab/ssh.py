"""SSH into machines of the lab, from an address of one's choice, as an administrator would."""

import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.endpoint import Endpoint
from tests.lab.machine import Machine


@dataclass(frozen=True)
class SshKey:
    """A key pair of the lab, in `directory`, that may log in as root wherever `authorise` was called."""

    directory: Path

    def make(self) -> None:
        """Makes the pair."""
        self.directory.mkdir(parents=True)
        make = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(self._private)]
        subprocess.run(make, check=True, capture_output=True, stdin=subprocess.DEVNULL)

    def authorise(self, machine: Machine) -> None:
        """Lets the key log in as root."""
        machine.write("/root/.ssh/authorized_keys", self._private.with_suffix(".pub").read_text(), 0o600)

    def spawn(
        self, client: Endpoint, server: Machine, *argv: str, terminal: bool = False, **popen: Any
    ) -> subprocess.Popen[str]:
        """An SSH session from `client` to `server` that runs a command, a login shell without one.

        With `terminal` the command gets one on the server, so that ending the session hangs it up. Streams
        are text pipes unless `popen` says otherwise.
        """
        command = self.command(client, server, *argv, terminal=terminal)
        streams: dict[str, Any] = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        return subprocess.Popen(command, **(streams | popen), text=True, start_new_session=True)

    def command(self, client: Endpoint, server: Machine, *argv: str, terminal: bool = False) -> list[str]:
        """The command line that `spawn` starts."""
        options: Mapping[str, str] = {
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": "/dev/null",
            "LogLevel": "ERROR",
        }
        command = ["ip", "netns", "exec", client.namespace, "ssh", "-F", "none", "-i", str(self._private)]
        command += [f"-o{name}={value}" for name, value in options.items()]
        command += ["-tt"] if terminal else []
        return [*command, f"root@{server.address}", *([shlex.join(argv)] if argv else [])]

    @property
    def _private(self) -> Path:
        return self.directory / "id_ed25519"
