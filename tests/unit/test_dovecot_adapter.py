import dataclasses
import re

import pytest

from backends.dovecot.adapter import Dovecot
from backends.dovecot.settings import DovecotSettings
from backends.machine.facts import Release
from backends.resources import File, Service
from backends.templates import UnsafeValue


def settings(release: Release, **changes: object) -> DovecotSettings:
    plain = DovecotSettings(release, "mail.example.test", "postmaster@example.test")
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def files(wanted: DovecotSettings) -> dict[str, str]:
    found = (r for r in Dovecot(wanted).resources() if isinstance(r, File) and r.content is not None)
    return {file.path: (file.content or b"").decode() for file in found}


def configuration(wanted: DovecotSettings) -> str:
    return files(wanted)["/etc/dovecot/dovecot.conf"]


def test_the_same_settings_give_the_same_bytes(release: Release) -> None:
    assert files(settings(release)) == files(settings(release))


def test_every_brace_is_closed(release: Release) -> None:
    depth = 0
    for line in configuration(settings(release)).splitlines():
        code = re.sub(r"%\{[^}]*\}|#.*", "", line)
        depth += code.count("{") - code.count("}")
        assert depth >= 0, line
    assert depth == 0


def test_a_protocol_without_ports_is_off(release: Release) -> None:
    text = configuration(settings(release, pop3_port=None, pop3s_port=None, sieve_port=None))

    offered = text[text.index("protocols") :].split("listen", 1)[0]
    assert "imap" in offered
    assert "lmtp" in offered
    assert "pop3" not in offered
    assert "sieve" not in offered


def test_no_password_goes_in_the_clear(release: Release) -> None:
    text = configuration(settings(release))

    assert "ssl = required" in text
    assert ("disable_plaintext_auth = yes" in text) == (release == "bookworm")
    assert ("auth_allow_cleartext = no" in text) == (release == "trixie")


def test_modern_means_tls_13_only(release: Release) -> None:
    assert "ssl_min_protocol = TLSv1.3" in configuration(settings(release, tls="modern"))
    assert "ssl_min_protocol = TLSv1.2" in configuration(settings(release))


def test_passwords_are_only_looked_up_for_enabled_accounts(release: Release) -> None:
    text = "".join(files(settings(release)).values())
    (query,) = re.findall(r"query = (SELECT address AS user, password .*)", text)

    assert query.endswith("AND is_enabled")


@pytest.mark.parametrize("hostile", ["a\nb", "a}b", "a b", "$(id)", "'; drop", "a\u202eb", ""])
def test_no_value_breaks_out_of_its_place(release: Release, hostile: str) -> None:
    for field in ("hostname", "postmaster"):
        with pytest.raises(UnsafeValue):
            files(dataclasses.replace(settings(release), **{field: hostile}))  # type: ignore[arg-type]


def test_new_certificates_are_taken_up_without_a_restart(release: Release) -> None:
    (service,) = [r for r in Dovecot(settings(release)).resources() if isinstance(r, Service)]

    assert service.activation_after({"generated:/etc/mailstead/tls/ecdsa/privkey.pem"}) == "reload"
    assert service.activation_after({"file:/etc/dovecot/dovecot.conf"}) == "restart"
