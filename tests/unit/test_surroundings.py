"""What the machine is like: from trees as the kernel and certbot write them, and from servers of the test."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from backends.certificates import authority
from backends.certificates.found import found_certificates
from backends.certificates.keys import new_key
from backends.errors import MailsteadError
from backends.machine import surroundings
from backends.machine.at_once import at_once
from backends.machine.disks import Disk, disks, mail_place
from backends.machine.port_25 import Exchanger, Port25, try_port_25
from backends.machine.resolvers import ResolverAdvice
from backends.machine.surroundings import Surroundings, look_around

UNKNOWN = Port25(None, "not tried")


def sysfs(root: Path, tree: dict[str, str]) -> Path:
    """Files below /sys by path; `-> target` makes a link, as sysfs has them in class/block and slaves."""
    for path, content in tree.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        if content.startswith("-> "):
            file.symlink_to(root / content[3:])
        elif content == "/":
            file.mkdir(exist_ok=True)
        else:
            file.write_text(content + "\n")
    return root


def disk(name: str, rotational: str = "0", sectors: str = "2000000") -> dict[str, str]:
    place = f"devices/pci0/{name}"
    return {
        f"{place}/size": sectors,
        f"{place}/queue/rotational": rotational,
        f"{place}/device": "/",
        f"block/{name}": f"-> {place}",
    }


def test_disks_are_those_with_a_device_behind_them(tmp_path: Path) -> None:
    tree = {
        **disk("sda", "1", "7814037168"),
        **disk("nvme0n1"),
        **disk("vda", "1"),
        **disk("sr0", "1", "0"),
        "devices/virtual/loop0/size": "1000",
        "block/loop0": "-> devices/virtual/loop0",
        "devices/virtual/md0/size": "1000",
        "block/md0": "-> devices/virtual/md0",
    }
    assert disks(sysfs(tmp_path, tree)) == (
        Disk("nvme0n1", 1_024_000_000, is_rotational=False),
        Disk("sda", 4_000_787_030_016, is_rotational=True),
        Disk("vda", 1_024_000_000, is_rotational=None),
    )


def test_a_machine_without_sysfs_has_no_disks_that_are_known(tmp_path: Path) -> None:
    assert disks(tmp_path / "sys") == ()
    sysfs(tmp_path, {"block/sda/device": "/"})
    assert disks(tmp_path) == ()


def number_of(path: Path) -> str:
    device = path.stat().st_dev
    return f"{os.major(device)}:{os.minor(device)}"


def test_the_mail_lies_on_the_disk_of_its_partition(tmp_path: Path) -> None:
    root = sysfs(
        tmp_path,
        {
            **disk("sda", "1"),
            "devices/pci0/sda/sda2/partition": "2",
            f"dev/block/{number_of(tmp_path)}": "-> devices/pci0/sda/sda2",
        },
    )
    place = mail_place(str(tmp_path / "var" / "vmail"), root)
    assert (place.path, place.disks) == (str(tmp_path / "var" / "vmail"), ("sda",))
    assert 0 < place.free_bytes <= place.size_bytes


def test_the_mail_lies_on_every_disk_beneath_raid_and_lvm(tmp_path: Path) -> None:
    root = sysfs(
        tmp_path,
        {
            **disk("sda"),
            **disk("sdb"),
            "devices/pci0/sda/sda1/partition": "1",
            "devices/virtual/md0/slaves/sda1": "-> devices/pci0/sda/sda1",
            "devices/virtual/md0/slaves/sdb": "-> devices/pci0/sdb",
            "devices/virtual/dm-0/slaves/md0": "-> devices/virtual/md0",
            f"dev/block/{number_of(tmp_path)}": "-> devices/virtual/dm-0",
        },
    )
    assert mail_place(str(tmp_path), root).disks == ("sda", "sdb")


def test_a_file_system_that_numbers_itself_is_found_among_the_mounts(tmp_path: Path) -> None:
    root = sysfs(tmp_path / "sys", {**disk("nvme0n1"), "class/block/nvme0n1": "-> devices/pci0/nvme0n1"})
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "22 27 0:21 / /proc rw - proc proc rw\n"
        "broken line\n"
        f"27 1 {number_of(tmp_path)} /@ / rw,relatime shared:1 - btrfs /dev/nvme0n1 rw,space_cache=v2\n"
    )
    assert mail_place(str(tmp_path), root, mounts).disks == ("nvme0n1",)


def test_where_no_disk_can_be_seen_the_free_space_still_is(tmp_path: Path) -> None:
    place = mail_place(str(tmp_path), tmp_path / "nowhere", tmp_path / "nothing")
    assert place.disks == ()
    assert place.free_bytes > 0


def lineage(live: Path, name: str, days: int, names: tuple[str, ...]) -> None:
    key = new_key("ecdsa")
    root = authority.new_authority(key, "Test", 3650)
    directory = live / name
    directory.mkdir(parents=True)
    (directory / "fullchain.pem").write_bytes(authority.issue(root, key, key, names, days) + root)
    (directory / "privkey.pem").write_bytes(key)


def test_certificates_of_certbot_are_found_with_names_and_days(tmp_path: Path) -> None:
    lineage(tmp_path, "example.org", 60, ("example.org", "*.example.org"))
    (tmp_path / "README").write_text("as certbot leaves it")
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "fullchain.pem").write_text("no PEM")
    (found,) = found_certificates(tmp_path)
    assert found.certificate == str(tmp_path / "example.org" / "fullchain.pem")
    assert found.key == str(tmp_path / "example.org" / "privkey.pem")
    assert set(found.names) == {"example.org", "*.example.org"}
    assert found.days_left in {58, 59}


def test_a_certificate_without_its_key_is_of_no_use(tmp_path: Path) -> None:
    lineage(tmp_path, "example.org", 60, ("example.org",))
    (tmp_path / "example.org" / "privkey.pem").unlink()
    assert found_certificates(tmp_path) == ()
    assert found_certificates(tmp_path / "none") == ()


@contextlib.contextmanager
def server(behave: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that does this with each connection; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection:
                        behave(connection)

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]


def here(domain: str) -> Exchanger:
    return Exchanger(f"mx.{domain}", "127.0.0.1")


def nowhere(domain: str) -> Exchanger:
    raise OSError(113, f"the DNS names no mail server of {domain}")


def greet(connection: socket.socket) -> None:
    connection.sendall(b"220 mx.example.net ESMTP\r\n")


def test_a_server_that_greets_shows_that_port_25_is_open() -> None:
    with server(greet) as port:
        found = try_port_25(("example.net",), find=here, port=port)
    assert found == Port25(True, "mx.example.net answered on port 25")


def test_one_server_that_greets_is_enough() -> None:
    def one(domain: str) -> Exchanger:
        return here(domain) if domain == "b.example" else nowhere(domain)

    with server(greet) as port:
        assert try_port_25(("a.example", "b.example", "c.example"), find=one, port=port).is_open is True


def test_a_refused_connection_is_no_and_says_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    found = try_port_25(("example.net",), find=here, port=port)
    assert found == Port25(False, "mx.example.net: Connection refused")


def test_silence_is_no_once_the_dns_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    def dropped(_address: tuple[str, int], timeout: float) -> socket.socket:
        time.sleep(timeout)  # what a firewall that drops packets looks like
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", dropped)
    start = time.monotonic()
    found = try_port_25(("example.net",), find=here, patience=0.2)
    assert found.is_open is False
    assert "answer" in found.why
    assert time.monotonic() - start < 1


def test_a_silent_dns_leaves_it_open() -> None:
    release = threading.Event()

    def never(domain: str) -> Exchanger:
        release.wait(10)
        return here(domain)

    found = try_port_25(("example.net",), find=never, patience=0.1)
    release.set()
    assert found.is_open is None
    assert "DNS" in found.why


def test_a_dns_that_knows_nobody_leaves_it_open_with_its_words() -> None:
    found = try_port_25(("example.net",), find=nowhere)
    assert found == Port25(None, "the DNS names no mail server of example.net")


def test_a_connection_without_a_greeting_proves_nothing() -> None:
    with server(lambda _connection: None) as port:
        assert try_port_25(("example.net",), find=here, port=port).is_open is None


def wait(release: threading.Event) -> None:
    release.wait(10)


def test_a_server_that_is_slow_to_greet_is_no_blocked_port() -> None:
    release = threading.Event()
    with server(lambda _connection: wait(release)) as port:
        found = try_port_25(("example.net",), find=here, port=port, patience=0.2)
        release.set()
    assert found.is_open is None


def test_a_machine_without_a_network_is_not_one_with_a_blocked_port(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(_address: tuple[str, int], _timeout: float) -> socket.socket:
        raise OSError(101, "Network is unreachable")

    monkeypatch.setattr(socket, "create_connection", unreachable)
    assert try_port_25(("example.net",), find=here).is_open is None


def test_looks_that_are_late_or_raise_are_left_out() -> None:
    release = threading.Event()
    start = time.monotonic()
    found = at_once({"good": lambda: 1, "late": lambda: release.wait(30), "bad": lambda: 1 // 0}, 0.2)
    assert found == {"good": 1}
    assert time.monotonic() - start < 5
    release.set()


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """No question to the outside, no process."""
    monkeypatch.setattr(surroundings, "other_mail_server", lambda: "exim4-daemon-light")
    monkeypatch.setattr(surroundings, "foreign_queue_length", lambda: 2)
    monkeypatch.setattr(
        "backends.machine.resolvers.probe_resolvers",
        lambda _resolvers: ResolverAdvice((ip_address("192.0.2.53"),), dnssec=False),
    )


@pytest.mark.usefixtures("elsewhere")
def test_a_look_around_puts_everything_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "relay").touch()
    monkeypatch.setattr(surroundings, "SECRETS", tmp_path)
    found = look_around(try_way_out=lambda: Port25(True, "x"))
    assert found.hostname
    assert found.cores == len(os.sched_getaffinity(0))
    assert found.memory_bytes > 0
    assert found.mail_place is not None
    assert found.mail_place.path == "/var/vmail"
    assert (found.other_mail_server, found.waiting_messages) == ("exim4-daemon-light", 2)
    assert found.secrets == {"relay"}
    assert (found.forward_to, found.dnssec) == ((ip_address("192.0.2.53"),), False)
    assert found.port_25 == Port25(True, "x")
    assert not any(a.is_loopback for interface in found.interfaces for a in interface.addresses)


@pytest.mark.usefixtures("elsewhere")
def test_another_system_is_told_and_the_rest_still_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise MailsteadError("this is neither Debian 12 (bookworm) nor Debian 13 (trixie)", seen="Plan 9")

    monkeypatch.setattr(surroundings, "gather_facts", refuse)
    found = look_around(try_way_out=lambda: UNKNOWN)
    assert found.problem.endswith("(trixie): Plan 9")
    assert found.hostname
    assert found.mail_place is not None


def test_a_look_around_never_raises_and_never_waits_longer_than_it_may(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    release = threading.Event()

    def broken() -> None:
        raise RuntimeError("what nobody thought of")

    for name in ("gather_facts", "_interfaces", "disks", "found_certificates", "foreign_queue_length"):
        monkeypatch.setattr(surroundings, name, broken)
    monkeypatch.setattr(surroundings, "other_mail_server", lambda: release.wait(30))
    monkeypatch.setattr(surroundings, "mail_place", lambda _path: broken())
    monkeypatch.setattr(surroundings, "SECRETS", Path("/nonexistent"))
    start = time.monotonic()
    found = look_around(try_way_out=lambda: UNKNOWN, patience=0.3)
    release.set()
    assert time.monotonic() - start < 5
    assert found == Surroundings(hostname=socket.gethostname(), port_25=UNKNOWN)
