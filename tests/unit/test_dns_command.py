"""`mailstead dns records` and `mailstead dns check`, as people and scripts read them."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner, Result

from backends.dns.judging import Judgement, Standing
from backends.dns.record import Need
from backends.dns.settings import DnsSettings
from backends.rspamd import dkim_keys
from screens.commands import dns as command
from wizard import dns_check

ROOT = Path(__file__).parents[2]
HOST = "mail.example.test"


@pytest.fixture(autouse=True)
def set_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rsa, ed25519 = dkim_keys.new_rsa_key(), dkim_keys.new_ed25519_key()
    for domain in ("example.test", "second.test"):
        (tmp_path / f"{domain}.r1.key").write_bytes(rsa)
        (tmp_path / f"{domain}.e1.key").write_bytes(ed25519)
    settings = DnsSettings(
        HOST, ("example.test", "second.test"), (ip_address("192.0.2.25"),), dkim_directory=str(tmp_path)
    )
    for module in (command, dns_check):
        monkeypatch.setattr(module, "dns_settings", lambda _answers, _machine: settings)
    monkeypatch.setattr(command, "answers_in_force", SimpleNamespace)
    monkeypatch.setattr(command, "gather_facts", lambda _connection: SimpleNamespace())


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command.dns, arguments)


def judged(standing: Standing, need: Need = Need.REQUIRED) -> Judgement:
    return Judgement("example.test", HOST, "A", need, standing, "x", "y", "z")


def found(monkeypatch: pytest.MonkeyPatch, judgements: Sequence[Judgement]) -> list[str]:
    asked: list[str] = []

    def look(_answers: object, _machine: object, only: str) -> tuple[Judgement, ...]:
        asked.append(only)
        return tuple(judgements)

    monkeypatch.setattr(dns_check, "look", look)
    return asked


def test_listing_records_loads_nothing_that_asks_the_dns_or_writes_configuration() -> None:
    """It answers in half a second, and loading is most of that."""
    program = "import sys, screens.commands.dns; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    assert {"pydantic", "cryptography"} <= set(loaded)
    heavy = {"asyncio", "dns", "jinja2", "rich", "textual", "wizard.blueprint", "backends.adapter"}
    assert heavy.isdisjoint(loaded)


def test_people_read_each_record_with_its_reason_below_its_domain() -> None:
    lines = run("records").stdout.splitlines()
    assert [line for line in lines if line.startswith("[")] == ["[example.test]", "[second.test]"]
    at = lines.index("example.test  MX")
    assert lines[at + 1 : at + 3] == [
        f"    10 {HOST}.",
        "    (required: mail for the domain comes to this server)",
    ]


def test_scripts_find_what_they_found_before_and_more() -> None:
    records = json.loads(run("records", "--json").stdout)["records"]
    mx = next(one for one in records if one["type"] == "MX")
    assert mx == {
        "name": "example.test",
        "type": "MX",
        "value": f"10 {HOST}.",
        "zone": f"10 {HOST}.",
        "ttl": 3600,
        "domain": "example.test",
        "need": "required",
        "why": "mail for the domain comes to this server",
    }


def test_a_block_has_a_part_for_each_domain() -> None:
    parts = run("records", "--block").stdout.split("\n\n")
    assert [part.splitlines()[0] for part in parts] == ["# example.test", "# second.test"]
    assert [part.splitlines()[0].split() for part in parts[1:]] == [["#", "second.test"]]
    assert any(line.split() == ["@", "MX", "10", f"{HOST}."] for line in parts[1].splitlines())


@pytest.mark.parametrize("form", [(), ("--zone",), ("--block",), ("--json",)])
def test_one_domain_alone_is_shown_on_demand(form: tuple[str, ...]) -> None:
    shown = run("records", "--domain", "Second.test.", *form).stdout
    assert "second.test" in shown
    assert "_dmarc.example.test" not in shown


@pytest.mark.parametrize("name", ["records", "check"])
def test_a_domain_of_somebody_else_is_a_mistake(name: str) -> None:
    done = run(name, "--domain", "other.test")
    assert done.exit_code == 2
    assert "example.test, second.test" in done.stderr


@pytest.mark.parametrize("form", [(), ("--zone",), ("--block",), ("--json",)])
def test_a_private_address_is_no_record_and_said_apart_from_the_records(
    form: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings: DnsSettings = vars(command)["dns_settings"](None, None)
    inside = replace(settings, addresses=(), inside=(ip_address("10.0.0.5"),))
    monkeypatch.setattr(command, "dns_settings", lambda _answers, _machine: inside)

    done = run("records", *form)

    assert done.exit_code == 0
    assert "10.0.0.5" not in done.stdout
    assert "10.0.0.5" in done.stderr
    assert "[site] public_addresses" in done.stderr


def test_with_a_public_address_nothing_is_said_beside_the_records() -> None:
    assert run("records").stderr == ""


def test_one_form_at_a_time() -> None:
    assert run("records", "--json", "--zone").exit_code == 2


@pytest.mark.parametrize(
    ("judgements", "status"),
    [
        ([judged(Standing.RIGHT)], 0),
        ([judged(Standing.RIGHT), judged(Standing.WRONG, Need.RECOMMENDED)], 0),
        ([judged(Standing.RIGHT), judged(Standing.WRONG)], 1),
        ([judged(Standing.MISSING)], 1),
        ([judged(Standing.PARTIAL)], 1),
        ([judged(Standing.UNASKED)], 1),
    ],
)
@pytest.mark.parametrize("form", [(), ("--json",)])
def test_the_exit_status_says_whether_all_that_is_required_is_right(
    monkeypatch: pytest.MonkeyPatch, judgements: list[Judgement], status: int, form: tuple[str, ...]
) -> None:
    found(monkeypatch, judgements)
    assert run("check", *form).exit_code == status


def test_what_is_not_right_is_told_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    found(monkeypatch, [judged(Standing.RIGHT), judged(Standing.PARTIAL)])
    assert run("check").stdout.splitlines() == [
        "[example.test]",
        f"right  A  {HOST}",
        f"NOT YET EVERYWHERE  A  {HOST}  (required)",
        "      seen: x",
        "      wanted: y",
        "      mend: z",
        "",
        "1 of 2 are not right; 1 of these are required",
    ]


def test_scripts_get_each_with_its_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = found(monkeypatch, [judged(Standing.UNASKED)])
    (only,) = json.loads(run("check", "--domain", "second.test", "--json").stdout)["checks"]
    assert only == {
        "domain": "example.test",
        "name": HOST,
        "type": "A",
        "need": "required",
        "status": "could not be asked",
        "seen": "x",
        "wanted": "y",
        "mend": "z",
    }
    assert asked == ["second.test"]
