import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.certificates import authority, keys
from backends.certificates.served import NotServedError, certificate_check, served_certificate
from backends.certificates.settings import KEY_KINDS, StartTls, TlsFiles, tls_files
from backends.checks import Status

DIALOGUES: dict[StartTls, list[tuple[bytes, bytes]]] = {
    # What the server says, and the beginning of what it waits for before it says the next.
    "smtp": [
        (b"220-patience\r\n220 mail ESMTP\r\n", b"EHLO "),
        (b"250-mail\r\n250 STARTTLS\r\n", b"STARTTLS"),
        (b"220 go ahead\r\n", b""),
    ],
    "imap": [(b"* OK ready\r\n", b"a STARTTLS"), (b"* still here\r\na OK begin\r\n", b"")],
    "pop3": [(b"+OK ready\r\n", b"STLS"), (b"+OK begin\r\n", b"")],
    "sieve": [
        (b'"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK "ready"\r\n', b"STARTTLS"),
        (b'OK "begin"\r\n', b""),
    ],
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[TlsFiles, ...]:
    directory = tmp_path_factory.mktemp("tls")
    root_key = keys.new_authority_key()
    root = authority.new_authority(root_key, "test", 900)
    every = []
    for kind in KEY_KINDS:
        files = tls_files(kind, str(directory))
        Path(files.key).parent.mkdir()
        key = keys.new_key(kind)
        Path(files.key).write_bytes(key)
        Path(files.chain).write_bytes(authority.issue(root, root_key, key, ("mail.example.test",), 100))
        every.append(files)
    return tuple(every)


@contextlib.contextmanager
def serving(certificates: tuple[TlsFiles, ...], dialogue: list[tuple[bytes, bytes]]) -> Iterator[int]:
    """A server of one connection: the dialogue, then TLS. Gives its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    for files in certificates:
        context.load_cert_chain(files.chain, files.key)

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError, ssl.SSLError):
            for said, awaited in dialogue:
                connection.sendall(said)
                line = b""
                while awaited and not line.endswith(b"\r\n"):
                    byte = connection.recv(1)
                    if not byte:
                        return
                    line += byte
                assert line.startswith(awaited)
            with context.wrap_socket(connection, server_side=True) as secured:
                secured.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize("starttls", DIALOGUES)
def test_a_certificate_is_seen_after_starttls(certificates: tuple[TlsFiles, ...], starttls: StartTls) -> None:
    with serving(certificates, DIALOGUES[starttls]) as port:
        served = served_certificate("127.0.0.1", port, starttls=starttls, server_name="mail.example.test")
    assert authority.names_in(served.certificate) == {"mail.example.test"}
    assert served.protocol == "TLSv1.3"


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_a_server_with_both_is_asked_for_either(certificates: tuple[TlsFiles, ...], kind: str) -> None:
    with serving(certificates, []) as port:
        served = served_certificate("127.0.0.1", port, kind=kind)  # type: ignore[arg-type]
    assert served.kind == kind


def test_a_server_without_starttls_is_named_with_its_answer(certificates: tuple[TlsFiles, ...]) -> None:
    dialogue = [(b"220 mail\r\n", b"EHLO"), (b"250 mail\r\n", b"STARTTLS"), (b"502 \x1b[2J no\r\n", b"")]
    with serving(certificates, dialogue) as port, pytest.raises(NotServedError) as caught:
        served_certificate("127.0.0.1", port, starttls="smtp")
    assert "502" in caught.value.seen
    assert "\x1b" not in caught.value.seen


def test_an_endless_answer_ends(certificates: tuple[TlsFiles, ...]) -> None:
    with (
        serving(certificates, [(b"220-more\r\n" * 200, b"EHLO")]) as port,
        pytest.raises(NotServedError, match="refuses"),
    ):
        served_certificate("127.0.0.1", port, starttls="smtp")


def test_a_closed_port_is_an_error_that_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotServedError, match="does not answer"):
        served_certificate("127.0.0.1", port)


def test_the_check_is_ok_when_the_port_serves_what_is_on_disk(certificates: tuple[TlsFiles, ...]) -> None:
    with serving(certificates, []) as port:
        finding = certificate_check("x.y", "…", port, files=certificates).result()
    assert finding.status is Status.OK
    assert "99 days left" in finding.seen


def test_the_check_fails_when_the_service_still_serves_an_old_certificate(
    certificates: tuple[TlsFiles, ...], tmp_path: Path
) -> None:
    newer = tls_files("ecdsa", str(tmp_path))
    Path(newer.chain).parent.mkdir()
    root_key, key = keys.new_authority_key(), keys.new_key("ecdsa")
    root = authority.new_authority(root_key, "test", 900)
    Path(newer.chain).write_bytes(authority.issue(root, root_key, key, ("mail.example.test",), 100))
    check = certificate_check
    with serving(certificates, []) as port:
        finding = check("x.y", "…", port, files=(newer,), reload_command="systemctl reload dovecot").result()
    assert finding.status is Status.FAIL
    assert finding.mend == "systemctl reload dovecot"
