"""Files are written whole or not at all, and go back to what they were."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backends.machine.files import link_atomically, write_atomically
from backends.resources import File, GeneratedFile
from backends.resources.file import FileState, file_state, put_file


def test_a_file_gets_its_content_and_mode_at_once(tmp_path: Path) -> None:
    write_atomically(tmp_path / "key", b"secret", mode=0o600)

    assert (tmp_path / "key").read_bytes() == b"secret"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_a_write_that_fails_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    with pytest.raises(LookupError):
        write_atomically(tmp_path / "file", b"new", owner="no-such-user")

    assert (tmp_path / "file").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@given(content=st.binary(max_size=200), mode=st.sampled_from([0o600, 0o644, 0o640, 0o755]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_a_state_that_was_seen_can_be_put_back(tmp_path: Path, content: bytes, mode: int) -> None:
    path = tmp_path / "file"
    write_atomically(path, content, mode=mode)
    before = file_state(path)
    images: dict[str, bytes] = {}

    def keep(image: bytes) -> str:
        images["name"] = image
        return "name"

    record = before.record(keep)
    path.unlink()
    put_file(path, File.state_from_record(record, images.__getitem__))

    assert file_state(path) == before


def test_a_link_is_seen_as_a_link_and_put_back(tmp_path: Path) -> None:
    link_atomically(tmp_path / "link", "../elsewhere")
    before = file_state(tmp_path / "link")
    put_file(tmp_path / "link", FileState("file", b"x", 0o644, "root", "root"))
    put_file(tmp_path / "link", before)

    assert (tmp_path / "link").readlink() == Path("../elsewhere")


def test_a_secret_file_shows_no_content_in_its_diff(tmp_path: Path) -> None:
    secret = File(str(tmp_path / "secret"), b"hunter2", is_secret=True)
    (now,) = File.look([secret])

    told = secret.describe(now, secret.wanted(now))

    assert "hunter2" not in told.diff + told.summary


def test_a_diff_shows_hostile_content_without_controls(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\x1b[2Jold\n")
    file = File(str(path), b"new\n")
    (now,) = File.look([file])

    diff = file.describe(now, file.wanted(now)).diff

    assert "\x1b" not in diff
    assert "-␛[2Jold" in diff
    assert "+new" in diff


def test_a_generated_file_is_kept_while_it_is_valid(tmp_path: Path) -> None:
    made = iter([b"first", b"second"])
    generated = GeneratedFile(str(tmp_path / "key"), lambda: next(made), lambda content: content == b"first")
    (now,) = GeneratedFile.look([generated])
    generated.put(generated.wanted(now))
    (now,) = GeneratedFile.look([generated])

    assert generated.wanted(now) == now
    assert (tmp_path / "key").read_bytes() == b"first"

    (tmp_path / "key").write_bytes(b"spoilt")
    (now,) = GeneratedFile.look([generated])
    generated.put(generated.wanted(now))

    assert (tmp_path / "key").read_bytes() == b"second"
