"""Records published by DNS UPDATE at a real name server, taken back, and DKIM keys changed for new ones."""

import json
import re
import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dns.name
import dns.query
import dns.rcode
import dns.tsigkeyring
import dns.update
import pytest

from tests.e2e.server import is_settled, mailstead, write_answers
from tests.e2e.terminal import terminal
from tests.lab import namespaces
from tests.lab.dns import UNBLOCKING
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.network import AUTHORITATIVE
from tests.lab.powerdns import PowerDns

ZONE = "example.test"
SECRET = "c2VjcmV0IG9mIHRoZSB1cGRhdGUga2V5IDMyIG9jdHM="
OTHER_SECRET = "YW5vdGhlciBzZWNyZXQgb2YgMzIgb2N0ZXRzIGhlcmU="
SECRETS, ANSWERS = "/etc/mailstead/secrets", "/etc/mailstead/answers.toml"
SECRET_FILE = f"{SECRETS}/dns-update"
LEXICON = "/opt/mailstead/lexicon"
ROTATION = "/etc/mailstead/dkim/rotation.json"
TOKEN = "site-verification=0123456789"
OF_OTHERS = (
    "@ 3600 IN NS ns1.example.test.",
    "ns1 3600 IN A 198.51.100.53",
    "@ 0 IN MX 5 mx.other.test.",
    f'@ 1200 IN TXT "{TOKEN}"',
    '@ 1200 IN TXT "v=spf1 include:other.test -all"',
    'shop 3600 IN TXT "said by \\"them\\"; with/slashes"',
    "www 3600 IN A 198.51.100.80",
)
"""What others have in the zone at a provider."""
OTHERS_KEPT = (
    f"ns1.{ZONE} 3600 IN A 198.51.100.53",
    f"www.{ZONE} 3600 IN A 198.51.100.80",
    f'{ZONE} 1200 IN TXT "{TOKEN}"',
)


@pytest.fixture(scope="module")
def server(lab: Lab, release: str) -> Iterator[Machine]:
    """A server whose records are published by DNS UPDATE; it remembers nothing of another one's."""
    lab.dns.accept_updates(ZONE, SECRET)
    with lab.borrowed(lab.boot(release, "mail", image="program")) as ready:
        ready.run("install", "-d", "-m", "700", "/etc/mailstead/secrets")
        ready.write(SECRET_FILE, f"{SECRET}\n", 0o600)
        ready.write("/etc/mailstead/override/unbound/unbound.conf", UNBLOCKING)
        answers = write_answers(
            ready,
            forward_to="forward_to = []",
            publish='publish = "rfc2136"',
            server=f'server = "{AUTHORITATIVE}"',
            key_name='key_name = "update"',
        )
        done = mailstead(ready, "replay", "--answers", answers, timeout=600)
        assert done.is_proven, str(done)
        yield ready
        lab.dns.set(ZONE, "@", "TXT")
        lab.dns.set(ZONE, "@", "MX")


@pytest.fixture
def zone(lab: Lab, server: Machine) -> list[str]:
    """The zone before anything is published: with mail at another server, an SPF record and a proof."""
    server.run("rm", "-rf", "/var/lib/mailstead/dns")
    lab.dns.set(ZONE, "@", "MX", "5 mx.other.test.")
    lab.dns.set(ZONE, "@", "TXT", TOKEN, "v=spf1 include:other.test -all")
    return contents(lab)


def contents(lab: Lab) -> list[str]:
    """Every record that the name server holds in the zone, the count of changes aside."""
    command = ["knotc", "-c", str(lab.dns.directory / "knot.conf"), "zone-read", ZONE]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return sorted(line for line in lines if " SOA " not in line)


def held(lab: Lab, name: str, kind: str) -> list[str]:
    """What the name server holds: a resolver may remember what was there before."""
    begin = re.compile(rf"\[{ZONE}\.\] {re.escape(name)}\. \d+ {kind} ")
    return [line[found.end() :] for line in contents(lab) if (found := begin.match(line))]


def change(lab: Lab, name: str, kind: str, *values: str) -> None:
    """What somebody else does, who has the key as well."""
    update = dns.update.UpdateMessage(
        f"{ZONE}.",
        keyring=dns.tsigkeyring.from_text({"update": SECRET}),
        keyname=dns.name.from_text("update"),
    )
    update.delete(dns.name.from_text(name), kind)
    for value in values:
        update.add(dns.name.from_text(name), 0, kind, value)
    with namespaces.inside(lab.name):
        reply = dns.query.tcp(update, AUTHORITATIVE, timeout=10)
    assert reply.rcode() == dns.rcode.NOERROR


def publish(server: Machine, *options: str) -> subprocess.CompletedProcess[str]:
    return server.run("mailstead", "dns", "publish", *options, check=False)


def test_only_our_records_are_published_and_taken_back_exactly(
    lab: Lab, server: Machine, zone: list[str]
) -> None:
    looked = publish(server, "--dry-run")
    assert looked.returncode == 3
    assert contents(lab) == zone
    assert "- v=spf1 include:other.test -all" in looked.stdout

    first = publish(server, "--yes")
    assert first.returncode == 1, "other servers' MX have to be given up in so many words"
    assert "5 mx.other.test." in first.stdout
    assert held(lab, ZONE, "MX") == ["5 mx.other.test."]
    assert held(lab, ZONE, "TXT") == [f'"{TOKEN}"', '"v=spf1 mx -all"']
    between = contents(lab)
    second = publish(server, "--yes", "--replace-mx")
    assert second.returncode == 0, second.stdout + second.stderr
    assert held(lab, ZONE, "MX") == ["10 mail.example.test."]
    third = publish(server, "--yes")
    assert (third.returncode, third.stdout) == (0, "nothing to publish: all of it is there\n")
    seen = json.loads(server.run("mailstead", "dns", "check", "--json", check=False).stdout)["checks"]
    wrong = [one for one in seen if one["need"] == "required" and one["status"] != "right"]
    assert [one for one in wrong if one["type"] in {"A", "MX", "TXT", "spf"}] == []

    assert publish(server, "--take-back", "--yes").returncode == 0
    assert contents(lab) == between
    assert publish(server, "--take-back", "--yes").returncode == 0
    assert contents(lab) == zone
    assert "no publication to take back" in publish(server, "--take-back", "--yes").stdout
    log = server.run("tail", "-n", "1", "/var/log/mailstead/audit.log").stdout
    assert json.loads(log)["command"] == ["dns", "publish", "--take-back", "--yes"]


def test_a_key_that_is_not_published_is_mended_by_publishing(
    lab: Lab, server: Machine, zone: list[str]
) -> None:
    lab.dns.set(ZONE, "@", "MX")
    assert zone
    server.run("unbound-control", "flush_zone", ZONE)
    name = f"dkim.record-r1.{ZONE}"
    before = server.run("mailstead", "check", name, check=False)
    assert "it is not published yet" in before.stdout

    mended = server.run("mailstead", "mend", name, check=False)

    assert mended.returncode == 0, mended.stdout + mended.stderr
    assert len(held(lab, f"r1._domainkey.{ZONE}", "TXT")) == 1
    assert json.loads(server.run("mailstead", "check", name, "--json").stdout)["checks"][0]["status"] == "ok"


def test_a_refusal_is_told_in_words_and_nothing_is_changed(
    lab: Lab, server: Machine, zone: list[str]
) -> None:
    server.write(SECRET_FILE, f"{OTHER_SECRET}\n", 0o600)
    wrong_secret = publish(server, "--yes")
    server.write(SECRET_FILE, f"{SECRET}\n", 0o600)
    server.run("sed", "-i", 's/^key_name = "update"/key_name = "stranger"/', ANSWERS)
    wrong_name = publish(server, "--yes")
    server.run("sed", "-i", 's/^key_name = "stranger"/key_name = "update"/', ANSWERS)
    server.run("sed", "-i", 's/^publish = "rfc2136"/publish = "by-hand"/', ANSWERS)
    by_hand = publish(server, "--yes")
    server.run("sed", "-i", 's/^publish = "by-hand"/publish = "rfc2136"/', ANSWERS)

    assert (wrong_secret.returncode, "BADSIG" in wrong_secret.stderr) == (1, True), wrong_secret.stderr
    assert (wrong_name.returncode, "does not know the key stranger" in wrong_name.stderr) == (1, True)
    assert (by_hand.returncode, "mailstead dns records" in by_hand.stderr) == (2, True)
    told = "".join(done.stdout + done.stderr for done in (wrong_secret, wrong_name))
    assert SECRET not in told
    assert OTHER_SECRET not in told
    assert contents(lab) == zone


def test_what_was_changed_in_between_is_not_overwritten(
    lab: Lab, server: Machine, zone: list[str], tmp_path: Path
) -> None:
    with terminal(lab, server, ["mailstead", "dns", "publish"], tmp_path) as person:
        person.wait_for("Lead this mail")
        person.send("n", "Enter")
        person.wait_for("Publish this")
        change(lab, f"_dmarc.{ZONE}", "TXT", '"v=DMARC1; p=none"')
        person.send("y", "Enter")
        person.wait_for("changed by somebody else in between")

    assert contents(lab) == sorted([*zone, f'[{ZONE}.] _dmarc.{ZONE}. 0 TXT "v=DMARC1; p=none"'])
    assert publish(server, "--yes").returncode == 1
    assert held(lab, f"_dmarc.{ZONE}", "TXT")[0].startswith('"v=DMARC1; p=quarantine')
    change(lab, f"_dmarc.{ZONE}", "TXT", '"v=DMARC1; p=reject"')
    refused = publish(server, "--take-back", "--yes")
    assert (refused.returncode, "changed since it was published" in refused.stderr) == (1, True)
    assert held(lab, f"_dmarc.{ZONE}", "TXT") == ['"v=DMARC1; p=reject"']


@pytest.fixture(scope="class")
def provider(lab: Lab, release: str, server: Machine) -> Iterator[PowerDns]:
    """A provider that the answers publish at for a while, with lexicon brought for it."""
    with lab.borrowed(lab.boot(release, "provider", image="provider")) as machine:
        power = PowerDns.set_up(machine, TOKEN)
        server.write(f"{SECRETS}/dns-url", f"{power.url}\n", 0o600)
        server.write(f"{SECRETS}/dns-token", f"{TOKEN}\n", 0o600)
        before = server.read(ANSWERS)
        credentials = (
            'credentials = [{ name = "pdns_server", secret = "secret:dns-url" }, '
            '{ name = "auth_token", secret = "secret:dns-token" }]'
        )
        now = before.replace('publish = "rfc2136"', 'publish = "powerdns"')
        replay(server, re.sub(r"^credentials = .*$", credentials, now, flags=re.MULTILINE))
        yield power
        replay(server, before)


def replay(server: Machine, answers: str) -> None:
    server.write("/root/others.toml", answers, 0o600)
    done = mailstead(server, "replay", "--answers", "/root/others.toml", timeout=600)
    assert done.is_proven, str(done)


class TestProvider:
    """The same at a provider who holds records of others in the zone as well."""

    @pytest.fixture(autouse=True)
    def before(self, server: Machine, provider: PowerDns) -> list[str]:
        server.run("rm", "-rf", "/var/lib/mailstead/dns")
        provider.load(ZONE, *OF_OTHERS)
        return provider.contents(ZONE)

    def test_only_our_records_are_published_and_taken_back_exactly(
        self, server: Machine, provider: PowerDns, before: list[str]
    ) -> None:
        assert is_settled(server)
        looked = publish(server, "--dry-run")
        assert (looked.returncode, provider.contents(ZONE)) == (3, before), looked.stderr
        assert "- v=spf1 include:other.test -all" in looked.stdout

        first = publish(server, "--yes")
        assert (first.returncode, "5 mx.other.test." in first.stdout) == (1, True), first.stderr
        between = provider.contents(ZONE)
        assert set(OTHERS_KEPT) <= set(between)
        second = publish(server, "--yes", "--replace-mx")
        assert second.returncode == 0, second.stdout + second.stderr
        held = provider.contents(ZONE)
        assert missing(server, held) == []
        dkim = next(line for line in held if line.startswith(f"r1._domainkey.{ZONE}"))
        assert dkim.count('" "') == 1, "a text of more than 255 characters, whole"
        assert {line.split()[3] for line in held} >= {"A", "MX", "TXT", "TLSA", "SRV"}
        third = publish(server, "--yes")
        assert (third.returncode, third.stdout) == (0, "nothing to publish: all of it is there\n")

        assert publish(server, "--take-back", "--yes").returncode == 0
        assert provider.contents(ZONE) == between
        assert publish(server, "--take-back", "--yes").returncode == 0
        assert provider.contents(ZONE) == before

    def test_a_refusal_is_told_in_words_and_nothing_is_changed(
        self, server: Machine, provider: PowerDns, before: list[str]
    ) -> None:
        server.write(f"{SECRETS}/dns-token", f"{OTHER_SECRET}\n", 0o600)
        wrong = publish(server, "--yes")
        server.write(f"{SECRETS}/dns-token", f"{TOKEN}\n", 0o600)
        provider.machine.run("systemctl", "stop", "pdns")
        silent = publish(server, "--yes")
        provider.machine.run("systemctl", "start", "pdns")
        server.run("sed", "-i", 's/^publish = "powerdns"/publish = "powerdms"/', ANSWERS)
        unknown = publish(server, "--yes")
        server.run("sed", "-i", 's/^publish = "powerdms"/publish = "powerdns"/', ANSWERS)
        server.run("mv", LEXICON, f"{LEXICON}.away")
        absent = publish(server, "--yes")
        server.run("mv", f"{LEXICON}.away", LEXICON)

        assert (wrong.returncode, "powerdns refuses these credentials" in wrong.stderr) == (1, True)
        assert (silent.returncode, "powerdns can't be reached" in silent.stderr) == (1, True), silent.stderr
        assert (unknown.returncode, "knows no provider powerdms" in unknown.stderr) == (1, True)
        assert (absent.returncode, "is not installed" in absent.stderr) == (1, True), absent.stderr
        told = "".join(done.stdout + done.stderr for done in (wrong, silent, unknown, absent))
        assert TOKEN not in told
        assert OTHER_SECRET not in told
        assert provider.contents(ZONE) == before


def missing(server: Machine, held: list[str]) -> list[str]:
    """The records of the zone that should be there and are not, whatever their time to live."""

    def apart_from_ttl(line: str) -> str:
        name, _ttl, rest = line.split(" ", 2)
        return f"{name} {rest}"

    wanted = server.run("mailstead", "dns", "records", "--zone").stdout.splitlines()
    lines = [" ".join(line.split()).replace(". ", " ", 1) for line in wanted]
    lines = [line for line in lines if line.split()[0].endswith(ZONE)]
    assert lines
    return [line for line in lines if apart_from_ttl(line) not in map(apart_from_ttl, held)]


def dkim(server: Machine, *arguments: str, status: int = 0) -> dict[str, Any]:
    """A command of the rotation, and how it stands then."""
    done = server.run("mailstead", "dkim", *arguments, check=False, timeout=300)
    assert done.returncode == status, done.stdout + done.stderr
    found = server.run("mailstead", "dkim", "status", "--json").stdout
    return dict(json.loads(found))


def let_pass(server: Machine, part: str, field: str, time: timedelta) -> None:
    """As if that much time had gone by since."""
    kept = json.loads(server.read(ROTATION))
    place = kept[part][0] if isinstance(kept[part], list) else kept[part]
    place[field] = (datetime.fromisoformat(place[field]) - time).isoformat()
    server.write(ROTATION, json.dumps(kept), 0o600)


def test_keys_are_changed_for_new_ones_step_by_step(lab: Lab, server: Machine, zone: list[str]) -> None:
    assert zone
    assert publish(server, "--yes", "--replace-mx").returncode == 0

    begun = dkim(server, "rotate", "--yes")
    assert begun["signing"] == ["r1", "e1"]
    assert begun["coming"]["selectors"] == ["r2", "e2"]
    assert len(held(lab, f"r2._domainkey.{ZONE}", "TXT")) == 1
    waited = datetime.fromisoformat(begun["coming"]["signs_from"]) - datetime.fromisoformat(
        begun["coming"]["seen_since"]
    )
    assert waited == timedelta(hours=1), "the time to live of the record"
    assert dkim(server, "refresh")["signing"] == ["r1", "e1"], "it is too early"

    let_pass(server, "coming", "seen_since", timedelta(hours=2))
    change(lab, f"e2._domainkey.{ZONE}", "TXT", '"v=DKIM1; k=ed25519; p=LIES"')
    server.write(SECRET_FILE, f"{OTHER_SECRET}\n", 0o600)
    unseen = dkim(server, "refresh", status=1)
    server.write(SECRET_FILE, f"{SECRET}\n", 0o600)
    assert unseen["signing"] == ["r1", "e1"]
    assert unseen["coming"]["seen_since"] is None
    assert "p=LIES" in unseen["coming"]["waits_for"]

    assert dkim(server, "refresh")["coming"]["seen_since"], "it is published again"
    let_pass(server, "coming", "seen_since", timedelta(hours=2))
    switched = dkim(server, "refresh")
    assert switched["signing"] == ["r2", "e2"]
    assert switched["leaving"][0]["selectors"] == ["r1", "e1"]
    assert "example.test.r2.key" in server.read("/etc/rspamd/local.d/dkim_signing.conf")
    assert is_settled(server)
    assert len(held(lab, f"r1._domainkey.{ZONE}", "TXT")) == 1, "mail that it signed is under way"

    rolled_back = mailstead(server, "rollback")
    assert rolled_back.status == 0, str(rolled_back)
    back = dkim(server, "status")
    assert (back["signing"], back["coming"]["is_held"]) == (["r1", "e1"], True)
    assert "example.test.r1.key" in server.read("/etc/rspamd/local.d/dkim_signing.conf")
    assert is_settled(server)

    assert dkim(server, "rotate", "--yes")["coming"]["is_held"] is False
    let_pass(server, "coming", "seen_since", timedelta(hours=2))
    assert dkim(server, "refresh")["signing"] == ["r2", "e2"]
    assert "The signatures r2 and e2 verify" in server.run("mailstead", "prove").stdout
    assert dkim(server, "retire", status=1)["leaving"], "they stay for seven days"

    let_pass(server, "leaving", "since", timedelta(days=8))
    server.run("systemctl", "start", "mailstead-dkim.service", timeout=300)
    retired = dkim(server, "status")
    assert (retired["leaving"], retired["gone"]) == ([], [])
    assert held(lab, f"r1._domainkey.{ZONE}", "TXT") == []
    assert len(held(lab, f"r2._domainkey.{ZONE}", "TXT")) == 1
    keys = (server.root / "etc/mailstead/dkim").glob("*.key")
    assert sorted(path.name for path in keys) == ["example.test.e2.key", "example.test.r2.key"]
