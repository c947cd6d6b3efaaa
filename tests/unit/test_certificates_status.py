from pathlib import Path

from backends.certificates import authority, keys
from backends.certificates.settings import TlsPort, tls_files
from backends.certificates.status import file_status, port_status
from tests.unit.test_certificates_served import serving


def test_what_is_on_disk_and_what_a_port_serves_are_told_apart(tmp_path: Path) -> None:
    root_key = keys.new_authority_key()
    root = authority.new_authority(root_key, "Test", 900)
    files = tls_files("ecdsa", str(tmp_path))
    Path(files.chain).parent.mkdir()
    key = keys.new_key("ecdsa")
    Path(files.key).write_bytes(key)
    Path(files.chain).write_bytes(authority.issue(root, root_key, key, ("mail.example.test",), 100))
    (before,) = file_status((files,))
    assert (before.names, before.issuer, before.days_left) == (("mail.example.test",), "CN=Test", 99)
    with serving((files,), []) as port:
        right = port_status(TlsPort("imaps", port), "mail.example.test", (before,))
    assert right.is_right
    assert right.served
    assert right.served.sha256 == before.sha256
    with serving((files,), []) as port:
        wrong = port_status(TlsPort("imaps", port), "mail.example.test", ())
    assert wrong.problem == "it serves another certificate than those on disk"


def test_a_port_that_is_closed_has_a_problem_and_nothing_served() -> None:
    status = port_status(TlsPort("imaps", 1), "mail.example.test", ())
    assert status.served is None
    assert "does not answer" in status.problem
