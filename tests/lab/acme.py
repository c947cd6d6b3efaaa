"""An ACME authority in the lab: Debian's Pebble, behind a front that refuses as a real one would.

Pebble has neither rate limits nor Let's Encrypt's names. The front speaks TLS for those, writes down who
asked for what, and passes on whatever it does not answer itself.
"""

import contextlib
import http.client
import json
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.issuer import Issuer, key_pem, pem
from tests.lab import cgroups
from tests.lab.endpoint import Endpoint, unchecked
from tests.lab.host import LabError
from tests.lab.lab import Lab
from tests.lab.network import AUTHORITATIVE
from tests.lab.priority import ahead

NAME = "acme.other.test"
DIRECTORY = f"https://{NAME}/dir"
LETS_ENCRYPT, STAGING = "acme-v02.api.letsencrypt.org", "acme-staging-v02.api.letsencrypt.org"
_ORDERS = "/order-plz"
_PEBBLE = 14000
_LIMIT = "too many certificates already issued for this exact set of identifiers, retry after 2099-01-01"


@dataclass
class Acme:
    """The authority, at a host of its own. `asked` holds each request as (host, path)."""

    lab: Lab
    endpoint: Endpoint
    issuer: Issuer = field(default_factory=Issuer)
    asked: list[tuple[str, str]] = field(default_factory=list)
    is_limiting: bool = False
    _front: "_Front | None" = None

    @property
    def root(self) -> str:
        """What clients must trust to speak with it, PEM. It is not what it issues certificates by."""
        return pem(self.issuer.root)

    @property
    def orders(self) -> list[str]:
        """The hosts at which certificates were ordered, in that order."""
        return [host for host, path in self.asked if path == _ORDERS]

    @contextlib.contextmanager
    def limiting(self) -> Iterator[None]:
        """Within the block, every order runs into a rate limit (RFC 8555 section 6.6)."""
        self.is_limiting = True
        yield
        self.is_limiting = False

    @contextlib.contextmanager
    def unreachable(self) -> Iterator[None]:
        """Within the block, nobody answers."""
        self.close_front()
        yield
        self.open_front()

    def open_front(self) -> None:
        """Listen on port 443."""
        directory = self.lab.directory / "acme"
        key, certificate = self.issuer.issue(NAME, LETS_ENCRYPT, STAGING)
        (directory / "front.key").write_text(key_pem(key))
        (directory / "front.pem").write_text(pem(certificate, self.issuer.middle))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(directory / "front.pem", directory / "front.key")
        self._front = _Front(self, context)
        threading.Thread(target=self._front.serve_forever, daemon=True).start()

    def close_front(self) -> None:
        """Listen no more."""
        if self._front:
            self._front.shutdown()
            self._front.server_close()


def could_not_ask(said: str) -> bool:
    """Whether Pebble got no answer from the lab's DNS: it waits a moment only, on a busy machine too."""
    return "error occurred while resolving URL" in said


@contextlib.contextmanager
def authority(lab: Lab) -> Iterator[Acme]:
    """An authority that runs within the block."""
    acme = Acme(lab, lab.outsider("acme"))
    directory = lab.directory / "acme"
    directory.mkdir(exist_ok=True)
    lab.dns.add_host(NAME, acme.endpoint.address, acme.endpoint.address6)
    lab.dns.set("other.test", "acme", "AAAA")
    lab.dns.add_zone("letsencrypt.org")
    for name in (LETS_ENCRYPT, STAGING):
        lab.dns.set("letsencrypt.org", name, "A", acme.endpoint.address)
    group = lab.dns.group.with_name("acme")
    process = _start_pebble(acme.endpoint, directory, group)
    try:
        acme.open_front()
        yield acme
    finally:
        acme.close_front()
        cgroups.kill(group)
        process.wait()


def _start_pebble(endpoint: Endpoint, directory: Path, group: Path) -> subprocess.Popen[bytes]:
    key, certificate = Issuer().issue("pebble")
    (directory / "pebble.key").write_text(key_pem(key))
    (directory / "pebble.pem").write_text(pem(certificate))
    settings = {
        "listenAddress": f"127.0.0.1:{_PEBBLE}",
        "managementListenAddress": "127.0.0.1:15000",
        "certificate": str(directory / "pebble.pem"),
        "privateKey": str(directory / "pebble.key"),
        "httpPort": 80,
        "tlsPort": 443,
        "ocspResponderURL": "",
        "externalAccountBindingRequired": False,
    }
    (directory / "pebble.json").write_text(json.dumps({"pebble": settings}))
    with (directory / "pebble.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *cgroups.entering(group),
                *ahead(),
                *("ip", "netns", "exec", endpoint.namespace),
                *("env", "PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0", "PEBBLE_AUTHZREUSE=0"),
                *("pebble", "-config", str(directory / "pebble.json"), "-dnsserver", f"{AUTHORITATIVE}:53"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + 30
    while not endpoint.can_connect("127.0.0.1", _PEBBLE):
        if process.poll() is not None or time.monotonic() > deadline:
            raise LabError(f"pebble does not start:\n{(directory / 'pebble.log').read_text()[-2000:]}")
        time.sleep(0.1)
    return process


class _Front(ThreadingHTTPServer):
    """Port 443 of the authority's host."""

    daemon_threads = True

    def __init__(self, acme: Acme, context: ssl.SSLContext) -> None:
        self.acme = acme
        with acme.endpoint.network():
            super().__init__((acme.endpoint.address, 443), _Request)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)


class _Request(BaseHTTPRequestHandler):
    """One request: refused, or passed on to Pebble and back."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._pass_on()

    def do_HEAD(self) -> None:
        self._pass_on()

    def do_POST(self) -> None:
        self._pass_on()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the name of the base class
        """Nothing: `asked` has it."""

    def _pass_on(self) -> None:
        assert isinstance(self.server, _Front)
        acme = self.server.acme
        acme.asked.append((self.headers["Host"], self.path))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if acme.is_limiting and self.path == _ORDERS:
            problem = {"type": "urn:ietf:params:acme:error:rateLimited", "detail": _LIMIT, "status": 429}
            kind = {"Content-Type": "application/problem+json", "Retry-After": "3600"}
            self._answer(429, kind, json.dumps(problem).encode())
            return
        plain = acme.endpoint.connect("127.0.0.1", _PEBBLE)
        with unchecked().wrap_socket(plain, server_hostname="pebble") as secured:
            connection = http.client.HTTPConnection("pebble")
            connection.sock = secured
            path = "/dir" if self.path == "/directory" else self.path
            kept = {name: value for name, value in self.headers.items() if name.lower() != "connection"}
            connection.request(self.command, path, body or None, kept)
            answer = connection.getresponse()
            headers = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in {"content-length", "transfer-encoding", "connection"}
            }
            self._answer(answer.status, headers, answer.read())

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
