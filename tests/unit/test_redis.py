import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from backends.checks import Status
from backends.redis.adapter import Redis
from backends.redis.connection import RedisError, ask
from backends.redis.settings import RedisSettings
from backends.resources import File, Service


@contextlib.contextmanager
def answering(path: Path, *answers: bytes) -> Iterator[list[bytes]]:
    """A socket that gives these answers, one a connection; what it was asked is in the list."""
    asked: list[bytes] = []

    def serve() -> None:
        for said in answers:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(1000))
                connection.sendall(said)

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen()
        thread = threading.Thread(target=serve)
        thread.start()
        yield asked
        thread.join(5)


def test_each_kind_of_answer_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with answering(path, b"+PONG\r\n", b":12\r\n", b"$5\r\nab\r\nc\r\n", b"$-1\r\n") as asked:
        assert [ask(str(path), "PING"), ask(str(path), "DBSIZE")] == ["PONG", "12"]
        assert [ask(str(path), "GET", "é"), ask(str(path), "GET", "x")] == ["ab\r\nc", ""]
    assert asked[2] == b"*2\r\n$3\r\nGET\r\n$2\r\n\xc3\xa9\r\n"


def test_a_refusal_is_an_error_that_is_safe_to_show(tmp_path: Path) -> None:
    path = tmp_path / "s"
    with answering(path, b"-ERR \x1b[2J\r\n"), pytest.raises(RedisError) as caught:
        ask(str(path), "PING")
    assert "\x1b" not in caught.value.describe()


def test_no_redis_is_a_failed_check_and_no_crash(tmp_path: Path) -> None:
    checks = list(Redis(RedisSettings(socket=str(tmp_path / "none"))).checks())
    assert [check.result().status for check in checks] == [Status.FAIL, Status.FAIL]


def test_a_save_that_failed_is_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "s"
    info = b"rdb_last_bgsave_status:err\r\n"
    (saves,) = (c for c in Redis(RedisSettings(socket=str(path))).checks() if c.id == "redis.saves")
    with answering(path, b"$%d\r\n%s\r\n" % (len(info), info)):
        assert saves.result().status is Status.WARN


def test_it_has_no_tcp_port_and_the_one_of_the_package_stays_off() -> None:
    found = list(Redis(RedisSettings()).resources())
    (configuration,) = (r for r in found if isinstance(r, File) and r.path == "/etc/redis/redis-mail.conf")
    assert "port 0" in (configuration.content or b"").decode().splitlines()
    assert [(r.unit, r.is_wanted) for r in found if isinstance(r, Service)] == [
        ("redis-server.service", False),
        ("redis-server@mail.service", True),
    ]


def test_without_systemd_it_brings_its_own_init_script() -> None:
    found = list(Redis(RedisSettings(has_systemd=False)).resources())
    (script,) = (r for r in found if isinstance(r, File) and r.path.startswith("/etc/init.d/"))
    (service,) = (r for r in found if isinstance(r, Service) and r.is_wanted)
    assert script.path == f"/etc/init.d/{service.names.init_script}"
    assert script.mode == 0o755
    assert script in service.restart_on
    assert not any("systemd" in r.name for r in found if isinstance(r, File))
