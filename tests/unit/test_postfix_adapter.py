import contextlib
import dataclasses
import re
import sqlite3
from pathlib import Path

import pytest

from backends.machine.facts import Release
from backends.postfix.adapter import MAPS, Postfix
from backends.postfix.settings import PostfixSettings, Relay
from backends.resources import File, GeneratedFile, Service
from backends.templates import UnsafeValue


def settings(release: Release = "trixie", **changes: object) -> PostfixSettings:
    plain = PostfixSettings(release, "mail.example.test", "admin@example.test", ("example.test",))
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def files(wanted: PostfixSettings) -> dict[str, str]:
    found = (r for r in Postfix(wanted).resources() if isinstance(r, File) and r.content is not None)
    return {file.path: (file.content or b"").decode() for file in found}


def parameter(text: str, name: str) -> str:
    (value,) = [line.partition("=")[2].strip() for line in text.splitlines() if line.startswith(f"{name} =")]
    return value


def test_the_same_settings_give_the_same_bytes(release: Release) -> None:
    assert files(settings(release)) == files(settings(release))


def test_its_own_name_is_local_only_while_it_is_no_mail_domain() -> None:
    found = files(settings())
    (query,) = re.findall("^query = (.*)$", found[f"{MAPS}/local-names.cf"], re.MULTILINE)

    def is_local(name: str, *domains: str) -> bool:
        with contextlib.closing(sqlite3.connect(":memory:")) as database:
            database.execute("CREATE TABLE domains (domain)")
            database.executemany("INSERT INTO domains VALUES (?)", [(domain,) for domain in domains])
            return bool(database.execute(query.replace("%s", name)).fetchall())

    assert f"proxy:sqlite:{MAPS}/local-names.cf" in parameter(found["/etc/postfix/main.cf"], "mydestination")
    assert is_local("Mail.example.test", "example.test")
    assert not is_local("mail.example.test", "example.test", "mail.example.test")
    assert not is_local("example.test", "example.test")
    assert "inline:{root@mail.example.test=admin@example.test}" in found["/etc/postfix/main.cf"]


def test_a_port_that_is_not_offered_is_not_listened_on() -> None:
    master = files(settings(smtp_port=None, submission_port=None))["/etc/postfix/master.cf"]

    assert "postscreen" not in master
    assert not [line for line in master.splitlines() if line.startswith("587 ")]
    assert "465 " in master
    none = files(settings(submission_port=None, submissions_port=None))["/etc/postfix/master.cf"]
    assert "sasl_auth" not in none


def test_every_listener_for_people_demands_tls_and_a_login() -> None:
    master = files(settings())["/etc/postfix/master.cf"]

    for demand in ("smtpd_tls_security_level=encrypt", "smtpd_sasl_auth_enable=yes", "cleanup-submission"):
        assert master.count(f"={demand}" if demand.startswith("cleanup") else f"-o {demand}") == 2


def test_modern_clients_means_tls_13_for_people_and_12_between_servers() -> None:
    main = files(settings(tls="modern"))["/etc/postfix/main.cf"]

    assert parameter(main, "smtpd_tls_mandatory_protocols") == ">=TLSv1.3"
    assert parameter(main, "smtpd_tls_protocols") == ">=TLSv1.2"


def test_dane_is_only_asked_of_a_resolver_that_validates() -> None:
    assert parameter(files(settings())["/etc/postfix/main.cf"], "smtp_tls_security_level") == "dane"
    without = files(settings(resolver_validates=False))["/etc/postfix/main.cf"]
    assert parameter(without, "smtp_tls_security_level") == "may"
    assert "smtp_dns_support_level" not in without


def test_the_smarthosts_password_is_in_a_secret_file_only(tmp_path: Path) -> None:
    (tmp_path / "relay").write_text("tell nobody\n")
    wanted = settings(relay=Relay("smtp.example.net", 465, "user", tmp_path / "relay"))
    resources = list(Postfix(wanted).resources())
    (password,) = [r for r in resources if isinstance(r, GeneratedFile)]

    assert password.generate() == b"[smtp.example.net]:465 user:tell nobody\n"
    assert password.mode == 0o600
    assert password.is_valid(password.generate())
    assert not password.is_valid(b"[smtp.example.net]:465 user:old\n")
    assert not [path for path, text in files(wanted).items() if "tell nobody" in text]
    main = files(wanted)["/etc/postfix/main.cf"]
    assert parameter(main, "relayhost") == "[smtp.example.net]:465"
    assert parameter(main, "smtp_tls_wrappermode") == "yes"
    assert "secure" in parameter(main, "smtp_tls_policy_maps")


def test_overrides_come_last() -> None:
    main = files(settings(main_override="bounce_queue_lifetime = 1d\n"))["/etc/postfix/main.cf"]

    assert main.rstrip().endswith("bounce_queue_lifetime = 1d")


@pytest.mark.parametrize("hostile", ["a\nb", "a;b", "a b", "$(id)", "'; drop", "a\u202eb", ""])
def test_no_value_breaks_out_of_its_place(hostile: str) -> None:
    for field in ("hostname", "admin", "milter"):
        with pytest.raises(UnsafeValue):
            files(dataclasses.replace(settings(), **{field: hostile}))  # type: ignore[arg-type]


def test_new_certificates_are_taken_up_without_a_restart() -> None:
    (service,) = [r for r in Postfix(settings()).resources() if isinstance(r, Service)]

    assert service.activation_after({"generated:/etc/mailstead/tls/rsa/combined.pem"}) == "reload"
    assert service.activation_after({"file:/etc/postfix/master.cf"}) == "restart"
    assert service.activation_after({"file:/etc/resolv.conf"}) == "restart"
    assert service.activation_after({"file:/etc/motd"}) is None
