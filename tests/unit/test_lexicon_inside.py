"""What is asked of lexicon's providers, one of which stands here in memory."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from backends.lexicon import inside

LEXICON = {
    "lexicon/__init__.py": "",
    "lexicon/_private/__init__.py": "",
    "lexicon/_private/discovery.py": (
        "import sys\n"
        "def find_providers(): return {'memory': True}\n"
        "def load_provider_module(name):\n"
        "    import memory\n"
        "    return memory\n"
    ),
    "lexicon/config.py": "class ConfigResolver:\n    def with_dict(self, options): return options\n",
    "requests.py": "class Session:\n    def send(self, prepared, **options): pass\n",
    "memory.py": (
        "class Provider:\n"
        "    def __init__(self, options):\n"
        "        print('a word that nobody asked for')\n"
        "        self.token = options['memory']['auth_token']\n"
        "        self.zone = options['domain']\n"
        "    def authenticate(self):\n"
        "        if self.token != 'right':\n"
        "            problem = ValueError('401')\n"
        "            problem.response = type('Response', (), {'status_code': 401, 'text': 'no'})\n"
        "            raise problem\n"
        "        if self.zone != 'example.co.test':\n"
        "            raise LookupError(self.zone)\n"
        "    def list_records(self, *_):\n"
        "        return [{'name': 'example.co.test', 'type': 'mx', 'ttl': 60, 'content': 'x', 'id': 1},\n"
        "                {'name': 'www.example.co.test', 'type': 'A', 'ttl': 60, 'content': 'y', 'id': 2}]\n"
    ),
}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    for name, text in LEXICON.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)

    def asked(provider: str = "memory", token: str = "right", **request: Any) -> dict[str, Any]:
        whole = {"provider": provider, "credentials": {"auth_token": token}, **request}
        argv = [sys.executable, "-I", str(Path(inside.__file__)), str(tmp_path)]
        done = subprocess.run(argv, input=json.dumps(whole), capture_output=True, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    return asked


def test_the_zone_that_names_lie_in_is_found_and_only_they_are_shown(ask: Ask) -> None:
    names = ["mail.example.co.test", "_dmarc.example.co.test", "example.co.test", "other.test"]

    found = ask(names=names)

    assert found["zones"] == dict.fromkeys(sorted(names[:3]), "example.co.test")
    row = {"name": "example.co.test", "type": "MX", "ttl": 60, "content": "x", "id": 1}
    assert found["records"] == [row]


@pytest.mark.parametrize(
    ("request_", "error"),
    [
        ({"provider": "nobody", "names": ["example.co.test"]}, "unknown"),
        ({"token": "wrong", "names": ["example.co.test"]}, "refused"),
        ({"names": ["other.test"]}, "elsewhere"),
    ],
)
def test_why_nothing_can_be_done_has_a_name(ask: Ask, request_: dict[str, Any], error: str) -> None:
    assert ask(**request_)["error"] == error


class Rows:
    """A provider whose ids are of no use, as those of powerdns with a "/" in them."""

    def __init__(self, *contents: str) -> None:
        self.contents = list(contents)
        self.options_of_mailstead: dict[str, Any] = {"ttl": 1, "priority": "99"}
        self.options_then: list[dict[str, Any]] = []

    def list_records(self, _kind: str, _name: str) -> list[dict[str, Any]]:
        return [{"content": content} for content in self.contents]

    def create_record(self, _kind: str, _name: str, content: str) -> bool:
        if content == "refused":
            raise PermissionErrorOfProvider
        self.options_then.append(dict(self.options_of_mailstead))
        self.contents.append(content)
        return content != "not taken"

    def delete_record(self, identifier: object, _kind: str, _name: str, content: str) -> None:
        if identifier is None:
            self.contents.remove(content)


class PermissionErrorOfProvider(Exception):
    response = SimpleNamespace(status_code=403, text="no write")


def change(*, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> dict[str, Any]:
    return {
        "name": "example.test",
        "type": "TXT",
        "ttl": 300,
        "add": [{"content": content, "priority": None} for content in add],
        "remove": [{"content": content, "id": "cut"} for content in remove],
    }


def test_a_record_goes_even_if_its_id_is_of_no_use() -> None:
    rows = Rows("a/b", "other")

    done = inside._change(rows, [change(add=("new",), remove=("a/b",))])

    assert done == {"results": [{"kind": "", "words": ""}]}
    assert rows.contents == ["other", "new"]
    assert rows.options_then == [{"ttl": 300}]


def test_what_is_not_taken_is_told_and_the_next_is_made_until_all_is_refused() -> None:
    rows = Rows()

    done = inside._change(
        rows, [change(add=(content,)) for content in ("not taken", "new", "refused", "never tried")]
    )

    assert [one["kind"] for one in done["results"]] == ["elsewhere", "", "refused"]
    assert "no write" in done["results"][2]["words"]
    assert "never tried" not in rows.contents
