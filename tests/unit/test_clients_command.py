"""`mailstead clients`: what it prints and writes, and what it refuses."""

import plistlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from backends.clients.settings import MailAccess, MailService
from screens.commands import clients
from wizard import client_documents
from wizard.answers import Answers, Protocols, Submission, Submissions
from wizard.client_documents import NoSuchMailbox, NoWayIn, access_of
from wizard.quickstart import quickstart_answers

ADDRESS = "anna@example.test"
ACCESS = MailAccess(
    "mail.example.test",
    (MailService("imap", 993, "tls"),),
    (MailService("smtp", 465, "tls"),),
    has_pages=True,
)


@pytest.fixture(autouse=True)
def one_mailbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_documents, "access_of", lambda _address: (ACCESS, b""))


def call(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(clients.clients, arguments, env=environment)


def test_the_sheet_ends_with_a_code_of_blocks_or_of_plain_signs() -> None:
    with_blocks = call("sheet", ADDRESS, TERM="xterm-256color", LC_ALL="C.UTF-8").stdout
    without = call("sheet", ADDRESS, TERM="linux", LC_ALL="C.UTF-8").stdout
    elsewhere = call("sheet", ADDRESS, TERM="xterm", LC_ALL="C").stdout

    assert with_blocks.startswith("Mail for anna@example.test\n")
    assert "█" in with_blocks
    assert "##" in without
    assert without.isascii()
    assert elsewhere == without


def test_the_sheet_goes_to_a_page_and_then_nothing_is_printed(tmp_path: Path) -> None:
    done = call("sheet", ADDRESS, "--html", str(tmp_path / "sheet.html"))

    assert (done.exit_code, done.stdout) == (0, "")
    assert ADDRESS in (tmp_path / "sheet.html").read_text()


def test_the_profile_is_that_of_the_mailbox(tmp_path: Path) -> None:
    done = call("profile", "Anna@Example.test", "-o", str(tmp_path / "anna.mobileconfig"))

    assert done.exit_code == 0, done.output
    found = plistlib.loads((tmp_path / "anna.mobileconfig").read_bytes())
    assert found["PayloadContent"][0]["EmailAddress"] == ADDRESS


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("sheet", "no address"), "no address"),
        (("sheet", ADDRESS, "--html", "/nonexistent/sheet.html"), "No such file"),
        (("profile", ADDRESS), "-o"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_with_it(arguments: tuple[str, ...], words: str) -> None:
    done = call(*arguments)

    assert done.exit_code != 0
    assert words in done.stderr


def with_protocols(protocols: Protocols) -> Answers:
    return quickstart_answers("mail.example.test").model_copy(update={"protocols": protocols})


def test_only_a_mailbox_that_is_there_has_a_sheet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_documents, "answers_in_force", lambda: with_protocols(Protocols()))
    monkeypatch.setattr(client_documents, "list_accounts", tuple)

    with pytest.raises(NoSuchMailbox, match=ADDRESS):
        access_of(ADDRESS)


def test_a_server_that_nobody_can_send_from_has_no_sheets(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = with_protocols(
        Protocols(submission=Submission(enabled=False), submissions=Submissions(enabled=False))
    )
    monkeypatch.setattr(client_documents, "answers_in_force", lambda: answers)
    monkeypatch.setattr(client_documents, "list_accounts", lambda: (_Account(),))

    with pytest.raises(NoWayIn):
        access_of(ADDRESS)


class _Account:
    address = ADDRESS
