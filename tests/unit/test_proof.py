"""A proof that nothing flows is as sure as one that it does: every part can fail, and says why."""

import base64
import socketserver
import threading
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import dkim
import pytest

from backends.proof import sending, signatures
from backends.rspamd.dkim_keys import new_ed25519_key, new_rsa_key
from wizard.proof import DkimKey, ProofResult, ProofSettings, prove

ADDRESS = "mailstead-proof@example.test"
OWN_ADDRESS = "127.0.0.2"
"""Also this machine, but not the address that a server trusts."""

Answers = Callable[[str], str]


class SmtpServer(socketserver.ThreadingTCPServer):
    """Speaks enough SMTP to be asked; what it says to a RCPT is given by `to_recipient`."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, to_recipient: Answers) -> None:
        super().__init__((OWN_ADDRESS, 0), _Session)
        self.to_recipient = to_recipient
        self.heard: list[str] = []
        self.peers: list[str] = []


class _Session(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        server = self.server
        assert isinstance(server, SmtpServer)
        server.peers.append(self.client_address[0])
        self.say("220 here")
        for raw in self.rfile:
            line = raw.decode().strip()
            server.heard.append(line)
            if line.upper().startswith("RCPT"):
                self.say(server.to_recipient(line))
            elif line.upper().startswith("QUIT"):
                return self.say("221 bye")
            else:
                self.say("250 ok")
        return None

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def server() -> Iterator[Callable[[Answers], SmtpServer]]:
    running: list[SmtpServer] = []

    def start(to_recipient: Answers) -> SmtpServer:
        found = SmtpServer(to_recipient)
        threading.Thread(target=found.serve_forever, daemon=True).start()
        running.append(found)
        return found

    yield start
    for found in running:
        found.shutdown()
        found.server_close()


def results(tmp_path: Path, **changes: Any) -> dict[str, ProofResult]:
    password = tmp_path / "password"
    password.write_text("secret\n")
    values: dict[str, Any] = {
        "address": ADDRESS,
        "password_file": password,
        "hostname": "mail.example.test",
        "own_address": OWN_ADDRESS,
        "submission_port": None,
        "submissions_port": None,
        "imaps_port": None,
        "patience": 0.2,
    }
    return {result.id: result for result in prove(ProofSettings(**(values | changes)))}


def refuse_strangers(line: str) -> str:
    return "250 ok" if ADDRESS in line else "554 5.7.1 Relay access denied"


def test_a_server_that_refuses_to_relay_passes(
    server: Callable[[Answers], SmtpServer], tmp_path: Path
) -> None:
    found = server(refuse_strangers)

    result = results(tmp_path, smtp_port=found.server_address[1])["proof.relay"]

    assert result.is_ok
    assert result.seen == "refused: 554 5.7.1 Relay access denied"
    assert found.peers == [OWN_ADDRESS]
    assert "DATA" not in [line.upper() for line in found.heard]


@pytest.mark.parametrize(
    ("answers", "seen"),
    [
        (lambda _line: "250 ok", "not refused: 250 ok"),
        (lambda line: "250 ok" if ADDRESS in line else "451 try later", "not refused: 451 try later"),
        (lambda line: "250 ok" if ADDRESS in line else "503 MAIL first", "not refused: 503 MAIL first"),
        (lambda _line: "550 no", f"mail for {ADDRESS} is not taken: 550 no"),
    ],
)
def test_an_open_relay_and_a_server_that_takes_nothing_fail(
    server: Callable[[Answers], SmtpServer], tmp_path: Path, answers: Answers, seen: str
) -> None:
    result = results(tmp_path, smtp_port=server(answers).server_address[1])["proof.relay"]

    assert (result.is_ok, result.seen) == (False, seen)


def test_what_a_server_says_can_not_move_the_cursor(
    server: Callable[[Answers], SmtpServer], tmp_path: Path
) -> None:
    port = server(lambda _line: "550 \x1b[2Jno").server_address[1]

    assert "\x1b" not in results(tmp_path, smtp_port=port)["proof.relay"].seen


def test_a_server_that_is_down_fails_everything_in_plain_words(tmp_path: Path) -> None:
    closed = {"smtp_port": 1, "submission_port": 2, "submissions_port": 3, "imaps_port": 4}
    key = tmp_path / "r1"
    key.write_bytes(new_rsa_key())

    found = results(tmp_path, **closed, dkim_keys=(DkimKey("r1", key),))

    expected = ["port-2", "port-3", "dkim", "relay", "impostor", "password"]
    assert list(found) == [f"proof.{part}" for part in expected]
    assert not any(result.is_ok for result in found.values())
    assert found["proof.dkim"].seen == "no message arrived"
    assert "Connection refused" in found["proof.port-2"].seen
    assert found["proof.port-2"].title == "A message sent over port 2 arrives and is read over IMAPS"


def test_without_its_password_the_account_can_prove_nothing(tmp_path: Path) -> None:
    (result,) = results(tmp_path, password_file=tmp_path / "missing").values()

    assert (result.id, result.is_ok) == ("proof.account", False)


def test_a_machine_that_nobody_can_reach_relays_for_nobody(tmp_path: Path) -> None:
    assert results(tmp_path, own_address="127.0.0.1")["proof.relay"].seen.startswith("not tried")


@pytest.mark.parametrize("code", [454, 535, 550, 551, 553, 554])
def test_refusals_are_refusals(code: int) -> None:
    assert sending.Answer(code, "").is_refusal


@pytest.mark.parametrize("code", [220, 250, 421, 450, 451, 452, 500, 501, 502, 503, 504, 530])
def test_misunderstandings_are_no_refusals(code: int) -> None:
    assert not sending.Answer(code, "").is_refusal


@pytest.fixture
def keys(tmp_path: Path) -> dict[str, Path]:
    found = {"r1": tmp_path / "r1.pem", "e1": tmp_path / "e1.key"}
    found["r1"].write_bytes(new_rsa_key())
    found["e1"].write_bytes(new_ed25519_key())
    return found


def signed(keys: dict[str, Path], message: EmailMessage | None = None) -> bytes:
    content = (message or sending.message(ADDRESS, "token")).as_bytes().replace(b"\n", b"\r\n")
    seed = base64.b64encode(base64.b64decode(keys["e1"].read_bytes())[:32])
    headers = [b"From", b"To", b"Subject", b"Date", b"Message-ID"]
    for selector, key, algorithm in (
        (b"r1", keys["r1"].read_bytes(), b"rsa-sha256"),
        (b"e1", seed, b"ed25519-sha256"),
    ):
        content = (
            dkim.sign(
                content,
                selector,
                b"example.test",
                key,
                signature_algorithm=algorithm,
                canonicalize=(b"relaxed", b"relaxed"),
                include_headers=headers,
            )
            + content
        )
    return content


def test_both_signatures_verify_with_the_keys_on_the_disk(keys: dict[str, Path]) -> None:
    assert signatures.verified(signed(keys), "example.test", keys) == {
        "r1": "rsa-sha256",
        "e1": "ed25519-sha256",
    }


def test_a_changed_body_breaks_both(keys: dict[str, Path]) -> None:
    found = signatures.verified(signed(keys) + b"one more line\r\n", "example.test", keys)

    assert all(result.startswith("no valid signature") for result in found.values())


def test_a_signature_by_another_key_does_not_count(keys: dict[str, Path]) -> None:
    message = signed(keys)
    keys["r1"].write_bytes(new_rsa_key())

    found = signatures.verified(message, "example.test", keys)

    assert found["r1"].startswith("no valid signature")
    assert found["e1"] == "ed25519-sha256"


def test_a_signature_of_another_domain_does_not_count(keys: dict[str, Path]) -> None:
    found = signatures.verified(signed(keys), "other.test", keys)

    assert all(result.startswith("no ") for result in found.values())


def test_a_message_without_signatures_has_none(keys: dict[str, Path]) -> None:
    content = sending.message(ADDRESS, "token").as_bytes()

    assert signatures.verified(content, "example.test", keys) == {"r1": "no signature", "e1": "no signature"}
