"""A report tells what happened, and no secret."""

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.unit.recorded_runs import JOURNALS
from wizard import redaction, report
from wizard.answers import Answers
from wizard.answers_file import dump
from wizard.redaction import Redaction, known_secrets
from wizard.report import save_report

IN_FILES = {
    "mailbox-anna@example.test": 'anna\'s pass "word"',
    "relay": "re/lay+pass?word",
    "backup-local": "пароль-резерв",
    "dns-update": "TSIGTSIGTSIG=",
}
FROM_ENVIRONMENT = "from-the-environment-4711"
IN_A_FILE = "in-a-file-of-the-person-0815"
TOKEN = "discord-token-abcdef"
HASH = "{ARGON2ID}$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA"


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    (tmp_path / "own.password").write_text(IN_A_FILE + "\n")
    return Answers.model_validate(
        {
            "site": {
                "hostname": "mail.example.test",
                "domains": ["example.test"],
                "admin": "admin@example.test",
            },
            "accounts": {
                "mailboxes": [
                    {"address": "admin@example.test", "password": "env:ADMIN_PASSWORD"},
                    {"address": "anna@example.test", "password": "secret:mailbox-anna@example.test"},
                    {"address": "berta@example.test", "password": f"file:{tmp_path}/own.password"},
                ]
            },
            "logging": {"alerts": {"to": [f"discord://{TOKEN}"]}},
        }
    )


@pytest.fixture
def secrets(tmp_path: Path, answers: Answers, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    directory = tmp_path / "secrets"
    directory.mkdir()
    for name, secret in IN_FILES.items():
        (directory / name).write_text(secret + "\n")
    found = known_secrets(answers, {"ADMIN_PASSWORD": FROM_ENVIRONMENT}, directory)
    monkeypatch.setattr(report, "known_secrets", lambda _answers: found)
    monkeypatch.setattr(report, "_release", lambda: "trixie")
    return found


def a_run(tmp_path: Path, answers: Answers, *more: dict[str, Any]) -> Path:
    directory = tmp_path / "runs" / "20261124T074312Z-4d9f"
    directory.mkdir(parents=True)
    (directory / "answers.toml").write_text(dump(answers))
    recorded = (JOURNALS / "failed-trixie.jsonl").read_text()
    lines = [json.dumps({"at": "2026-11-24T07:45:00.000+00:00", **event}) for event in more]
    (directory / "journal.jsonl").write_text(recorded + "".join(f"{one}\n" for one in lines))
    return directory


def saved(directory: Path, tmp_path: Path) -> str:
    return save_report(directory, tmp_path).read_text()


@pytest.mark.usefixtures("secrets")
def test_it_says_what_failed_what_was_taken_back_and_what_was_planned(
    tmp_path: Path, answers: Answers
) -> None:
    text = saved(a_run(tmp_path, answers), tmp_path)

    assert "stage unbound (step " in text
    assert "no-such-option" in text
    assert "taken back unbound: 0 of" in text
    assert "start postfix.service" in text
    assert 'hostname = "mail.example.test"' in text
    assert "Debian: trixie" in text


@pytest.mark.usefixtures("secrets")
def test_only_its_owner_reads_it(tmp_path: Path, answers: Answers) -> None:
    path = save_report(a_run(tmp_path, answers), tmp_path)

    assert path.name == "mailstead-report-20261124T074312Z-4d9f.txt"
    assert path.stat().st_mode & 0o777 == 0o600


def planted_forms(secret: str) -> list[str]:
    return [
        secret,
        json.dumps(secret),
        json.dumps(json.dumps(secret)),
        quote(secret, ""),
        base64.b64encode(secret.encode()).decode(),
        "x" * 590 + secret,
    ]


@pytest.mark.parametrize("secret", [*IN_FILES.values(), FROM_ENVIRONMENT, IN_A_FILE, TOKEN])
def test_no_secret_is_in_it_in_whatever_form_a_program_told_it(
    tmp_path: Path, answers: Answers, secrets: dict[str, str], secret: str
) -> None:
    assert secret in secrets
    seen = " ".join(planted_forms(secret))
    directory = a_run(
        tmp_path,
        answers,
        {"event": "checked", "id": "x", "title": seen, "status": "fail", "seen": seen},
        {"event": "problem", "message": seen, "text": seen},
        *(
            {"event": "checked", "id": form, "title": "", "status": "fail", "seen": form}
            for form in planted_forms(secret)
        ),
    )
    (directory / "output.log").write_text("\n".join(planted_forms(secret)))

    text = saved(directory, tmp_path)

    for form in planted_forms(secret)[:-1]:
        assert form.strip('"').rstrip("=") not in text
    assert secret[:8] not in text


def test_references_stay(tmp_path: Path, answers: Answers, secrets: dict[str, str]) -> None:
    assert secrets
    text = saved(a_run(tmp_path, answers), tmp_path)

    assert "env:ADMIN_PASSWORD" in text
    assert "secret:mailbox-anna@example.test" in text
    assert f"file:{tmp_path}/own.password" in text


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEvQ",
        f"password_hash={HASH}MIIEvQ",
        "root:$6$salt$MIIEvQ:19000",
        "rest:https://user:MIIEvQ@backup.example.test/repo",
    ],
)
def test_keys_hashes_and_logins_in_urls_are_taken_out_though_nobody_named_them(text: str) -> None:
    assert "MIIEvQ" not in Redaction().of(text)


@pytest.mark.usefixtures("secrets")
def test_answers_that_can_not_be_read_are_not_shown(tmp_path: Path, answers: Answers) -> None:
    directory = a_run(tmp_path, answers)
    (directory / "answers.toml").write_text('[accounts]\npassword = "typed-by-mistake"\n')

    assert "typed-by-mistake" not in saved(directory, tmp_path)


@pytest.mark.usefixtures("secrets")
def test_nothing_in_it_moves_a_cursor(tmp_path: Path, answers: Answers) -> None:
    hostile = "\x1b]52;c;aGk=\x07\x1b[2J\u202e"
    directory = a_run(
        tmp_path, answers, {"event": "problem", "message": hostile, "text": f"two\nlines {hostile}"}
    )
    (directory / "output.log").write_text(hostile)

    text = saved(directory, tmp_path)

    assert not {c for c in text if not c.isprintable()} - {"\n"}


def test_a_short_secret_goes_too() -> None:
    assert redaction.Redaction({"abc": "relay"}).of("it was abc") == "it was [secret relay]"
