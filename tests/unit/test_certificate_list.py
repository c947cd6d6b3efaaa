"""Certificates on disk and on ports together, and renewing them on demand."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from backends.certificates import authority, keys
from backends.certificates.settings import TlsPort, tls_files
from backends.certificates.status import PortStatus
from wizard import certificate_list
from wizard.answers import Answers
from wizard.certificate_list import look_at_certificates, renew
from wizard.quickstart import quickstart_answers


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Those of a new server, in force."""
    made = quickstart_answers("mail.example.test")
    monkeypatch.setattr(certificate_list, "answers_in_force", lambda: made)
    return made


@pytest.mark.usefixtures("answers")
def test_files_ports_and_the_own_authority_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root_key, key = keys.new_authority_key(), keys.new_key("ecdsa")
    root = authority.new_authority(root_key, "Test", 900)
    there, gone = tls_files("ecdsa", str(tmp_path)), tls_files("rsa", str(tmp_path))
    Path(there.chain).parent.mkdir()
    Path(there.chain).write_bytes(authority.issue(root, root_key, key, ("mail.example.test",), 100))
    (tmp_path / "ca.pem").write_bytes(root)
    monkeypatch.setattr(certificate_list, "certificate_files", lambda _answers: (there, gone))
    monkeypatch.setattr("wizard.blueprint.OWN_AUTHORITY", str(tmp_path / "ca.pem"))
    asked: list[tuple[str, int]] = []

    def status(port: TlsPort, name: str, files: Any) -> PortStatus:
        asked.append((name, len(files)))
        return PortStatus(port.name, port.number, None, "silent")

    monkeypatch.setattr(certificate_list, "port_status", status)

    seen = look_at_certificates()

    assert [(one.path, one.days_left) for one in seen.files] == [(there.chain, 99)]
    assert seen.unread == (gone.chain,)
    assert seen.authority is not None
    assert (seen.source, seen.authority.issuer, seen.authority.days_left) == ("own-ca", "CN=Test", 899)
    assert {one.number for one in seen.ports} >= {25, 465, 993}
    assert set(asked) == {("mail.example.test", 1)}


def test_new_ones_are_asked_for_within_a_run_that_is_waited_for(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    @contextmanager
    def anew(given: Answers) -> Iterator[None]:
        assert given is answers
        done.append("old ones put aside")
        yield
        done.append("forgotten")

    monkeypatch.setattr(certificate_list, "asked_anew", anew)
    monkeypatch.setattr(certificate_list, "run_for_certificates", lambda *_given: ("directory", "request"))
    monkeypatch.setattr(certificate_list, "run_to_its_end", lambda *run: done.append(" ".join(run)))

    assert renew({})
    assert done == ["old ones put aside", "directory request", "forgotten"]


def test_files_that_did_not_change_take_no_run(answers: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = answers.certificates.model_copy(update={"source": "imported"})
    imported = answers.model_copy(update={"certificates": chosen})
    monkeypatch.setattr(certificate_list, "answers_in_force", lambda: imported)
    monkeypatch.setattr(certificate_list, "run_for_certificates", lambda *_given: None)

    assert not renew({})
