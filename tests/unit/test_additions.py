"""Local additions that a system includes by itself: a change of them is planned like any other."""

from dataclasses import replace

import pytest

from backends.dovecot.adapter import Dovecot
from backends.dovecot.settings import DovecotSettings
from backends.redis.adapter import Redis
from backends.redis.settings import RedisSettings
from backends.resources import Additions, Service
from backends.resources.additions import record_of
from backends.resources.file import ABSENT
from backends.rspamd.adapter import Rspamd
from backends.rspamd.settings import RspamdSettings
from wizard.overrides import with_additions


def record(*names: str, digest: str = "a" * 64) -> Additions:
    return record_of("dovecot", tuple((name, digest) for name in names), ("true",))


def dovecot(overrides: dict[str, str]) -> Dovecot:
    settings = DovecotSettings(release="trixie", hostname="mail.example.test", postmaster="p@example.test")
    return with_additions(Dovecot(settings), overrides)


def test_without_additions_there_is_no_record() -> None:
    assert record().content is None


def test_a_change_names_the_additions_that_are_otherwise() -> None:
    before = record("kept.conf", "gone.conf").wanted(ABSENT)
    wanted = replace(record("kept.conf", "new.conf"))

    told = wanted.describe(before, wanted.wanted(before))

    assert told.summary == "take up additions to dovecot: gone.conf, new.conf"


def test_another_content_is_another_record() -> None:
    first, second = dovecot({"dovecot/a.conf": "x = 1"}), dovecot({"dovecot/a.conf": "x = 2"})

    assert first.additions_record().content != second.additions_record().content


def test_only_what_the_system_includes_counts() -> None:
    adapter = dovecot({"dovecot/README": "notes", "postfix/a.conf": "x = 1", "dovecot/a.conf": "y = 1"})

    assert [name for name, _ in adapter.additions] == ["a.conf"]


@pytest.mark.parametrize(
    "adapter",
    [
        dovecot({"dovecot/a.conf": "x = 1"}),
        with_additions(Redis(RedisSettings()), {"redis/a.conf": "maxclients 10"}),
        with_additions(
            Rspamd(RspamdSettings("mail.example.test", ("example.test",), "trixie")),
            {"rspamd/options.inc": "local_addrs = []"},
        ),
    ],
    ids=lambda adapter: adapter.name,
)
def test_the_service_restarts_when_they_change(adapter: Dovecot | Redis | Rspamd) -> None:
    resources = list(adapter.resources())

    (record,) = (resource for resource in resources if isinstance(resource, Additions))
    restarted = [r.unit for r in resources if isinstance(r, Service) and record in r.restart_on]
    assert len(restarted) == 1
