"""`mailstead answers` as a script meets it: what it prints, where, and its exit status."""

import json
import stat
import subprocess
import sys
from pathlib import Path

import jsonschema
from click.testing import CliRunner, Result

from screens.commands.answers import answers
from wizard.answers_file import load, parse

WHO = ["--hostname", "mail.example.test", "--domain", "example.test", "--admin", "admin@example.test"]


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(answers, arguments)


def test_init_prints_a_file_that_is_right() -> None:
    result = _run("init", *WHO)
    assert result.exit_code == 0
    assert parse(result.stdout).site.hostname == "mail.example.test"


def test_init_writes_a_file_for_its_owner_only_that_check_finds_nothing_in(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    assert _run("init", *WHO, "--domain", "example.org", "-o", str(path)).exit_code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load(path).site.domains == ("example.test", "example.org")
    result = _run("check", str(path))
    assert (result.exit_code, result.stdout) == (0, f"{path}: no mistakes\n")


def test_init_never_replaces_a_file_unasked(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text("mine")
    result = _run("init", *WHO, "-o", str(path))
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--force" in result.stderr
    assert path.read_text() == "mine"
    assert _run("init", *WHO, "-o", str(path), "--force").exit_code == 0
    assert load(path).site.hostname == "mail.example.test"


def test_init_names_the_options_that_are_wrong() -> None:
    result = _run("init", "--hostname", "mail", "--domain", "a b", "--admin", "x@y.test")
    assert (result.exit_code, result.stdout) == (2, "")
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["--hostname", "--domain"]


def test_check_names_every_mistake_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text('[site]\nhostname = "mail"\ndomains = []\nadmim = "a@example.test"\n')
    result = _run("check", str(path))
    assert result.exit_code == 2
    places = [line.removeprefix(str(path)).split(" ")[:2] for line in result.stdout.splitlines()]
    assert places == [
        [":1:", "site.admin:"],
        [":2:", "site.hostname:"],
        [":3:", "site.domains:"],
        [":4:", "site.admim:"],
    ]
    assert result.stderr == f"{path}: 4 mistakes\n"


def test_check_gives_the_mistakes_as_json(tmp_path: Path) -> None:
    path = tmp_path / "answers.toml"
    path.write_text("schema = 9\n")
    result = _run("check", "--json", str(path))
    assert result.exit_code == 2
    found = json.loads(result.stdout)
    assert found["ok"] is False
    assert [(each["key"], each["line"]) for each in found["mistakes"]] == [("schema", 1)]


def test_check_of_a_file_that_is_not_there_is_a_wrong_call(tmp_path: Path) -> None:
    result = _run("check", str(tmp_path / "none.toml"))
    assert (result.exit_code, result.stdout) == (2, "")


def test_schema_prints_a_json_schema() -> None:
    result = _run("schema")
    assert result.exit_code == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(result.stdout))


def test_the_commands_load_the_models_only_when_they_run() -> None:
    script = (
        "import sys, screens.commands.answers; print([name for name in sys.modules if 'pydantic' in name])"
    )
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"


def test_reading_answers_loads_neither_a_face_nor_the_toml_writer() -> None:
    unwanted = {"tomlkit", "rich", "click", "textual"}
    script = f"import sys, wizard.answers_file; print([name for name in sys.modules if name in {unwanted}])"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout == "[]\n"
