"""References to secrets, and what they lead to."""

import math
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import SecretUnavailable
from wizard.secrets import GENERATE, SecretReference, generate_password, parse_reference, resolve

NAME = "mailbox-admin@example.test"


def _secret_file(directory: Path, name: str, content: bytes, mode: int = 0o600) -> Path:
    path = directory / name
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    "text",
    [
        "generate",
        "secret:relay",
        "secret:mailbox-a.b@example.test",
        "file:/root/.relay.password",
        "env:RELAY_PASSWORD",
    ],
)
def test_a_reference_reads_back_as_it_was_written(text: str) -> None:
    assert str(parse_reference(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hunter2",
        "Generate",
        "generate ",
        "secret:",
        "secret:../shadow",
        "secret:a/b",
        "secret:.hidden",
        "secret:A",
        "secret:a\n",
        "file:relay",
        "file:/root/../etc/shadow",
        "file:/a b",
        "file:/$(id)",
        "file:/a\n",
        "env:",
        "env:1A",
        "env:A B",
        "env:A=B",
        "vault:x",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"password itself|names no"):
        parse_reference(text)


@pytest.mark.parametrize(
    "text", ["hunter2", "secret:hunter2 x", "file:hunter2", "env:hunter2-x", "hunter2:x"]
)
def test_what_may_be_a_password_is_not_repeated(text: str) -> None:
    with pytest.raises(ValueError, match=r"password itself|names no") as caught:
        parse_reference(text)
    assert "hunter2" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        reference = parse_reference(text)
    except ValueError:
        return
    assert str(reference) == text


def test_a_generated_secret_is_kept_under_the_name_of_its_place(tmp_path: Path) -> None:
    _secret_file(tmp_path, NAME, b"kept here\n")
    assert GENERATE.location(NAME) == f"/etc/mailstead/secrets/{NAME}"
    assert resolve(GENERATE, NAME, tmp_path) == "kept here"


def test_a_named_secret_does_not_depend_on_its_place(tmp_path: Path) -> None:
    _secret_file(tmp_path, "relay", b"kept here")
    assert resolve(SecretReference("secret", "relay"), NAME, tmp_path) == "kept here"
    assert SecretReference("secret", "relay").location(NAME) == "/etc/mailstead/secrets/relay"


def test_a_secret_comes_from_any_file(tmp_path: Path) -> None:
    path = _secret_file(tmp_path, "x", "pässword with spaces\r\n".encode())
    assert resolve(SecretReference("file", str(path)), NAME) == "pässword with spaces"


def test_a_secret_comes_from_the_environment() -> None:
    reference = SecretReference("env", "RELAY")
    assert resolve(reference, NAME, environment={"RELAY": "hunter2"}) == "hunter2"
    assert reference.path(NAME) is None
    with pytest.raises(SecretUnavailable, match="RELAY is not set"):
        resolve(reference, NAME, environment={})


def test_a_name_that_leads_out_of_the_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="names no secret"):
        resolve(GENERATE, "../outside", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"hunter2\nhunter3\n", "line break"),
        (b"hunter2\x00", "control character"),
        (b"hunter2\x1b[2J", "control character"),
        (b"hunter2\xff", "UTF-8"),
        (b"hunter2" * 1000, "longer"),
    ],
)
def test_a_file_that_is_no_line_of_text_is_refused_and_never_shown(
    tmp_path: Path, content: bytes, words: str
) -> None:
    _secret_file(tmp_path, NAME, content)
    with pytest.raises(SecretUnavailable, match=words) as caught:
        resolve(GENERATE, NAME, tmp_path)
    assert "hunter2" not in caught.value.describe()
    assert "hunter2" not in repr(caught.value.__cause__)


def test_a_file_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    path = _secret_file(tmp_path, NAME, b"hunter2", 0o644)
    with pytest.raises(SecretUnavailable, match="open to every user") as caught:
        resolve(GENERATE, NAME, tmp_path)
    assert caught.value.next_step == f"chmod 600 {path}"


@pytest.mark.parametrize(("kind", "next_step"), [("generate", "replay"), ("secret", "write it")])
def test_a_missing_secret_says_what_to_do(tmp_path: Path, kind: str, next_step: str) -> None:
    reference = parse_reference(kind if kind == "generate" else f"{kind}:relay")
    with pytest.raises(SecretUnavailable, match="not there") as caught:
        resolve(reference, NAME, tmp_path)
    assert next_step in caught.value.next_step


def test_a_pipe_or_directory_does_not_stop_a_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / NAME, 0o600)
    with pytest.raises(SecretUnavailable, match="no ordinary file"):
        resolve(GENERATE, NAME, tmp_path)
    (tmp_path / "relay").mkdir(0o700)
    assert stat.S_ISDIR((tmp_path / "relay").stat().st_mode)
    with pytest.raises(SecretUnavailable):
        resolve(SecretReference("secret", "relay"), NAME, tmp_path)


def test_generated_passwords_are_strong_different_and_easy_to_read_out() -> None:
    passwords = {generate_password() for _ in range(500)}
    assert len(passwords) == 500
    letters = set("".join(passwords)) - {"-"}
    assert not letters & set("0oO1lIi")
    assert letters == {letter for letter in letters if letter.islower() or letter.isdigit()}
    for password in passwords:
        assert math.log2(len(letters)) * len(password.replace("-", "")) > 80
        assert [len(group) for group in password.split("-")] == [4] * 5
