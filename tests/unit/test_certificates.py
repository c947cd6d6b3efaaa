import dataclasses
import getpass
import grp
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store

from backends.certificates import authority, keys
from backends.certificates.adapter import Certificates, certificate_on_disk
from backends.certificates.settings import KEY_KINDS, CertificatesSettings, KeyKind
from backends.checks import Status
from backends.resources import Directory, GeneratedFile, Resource, look_at

HOST = "mail.example.test"


def settings(directory: Path, **changes: object) -> CertificatesSettings:
    return dataclasses.replace(
        CertificatesSettings(
            HOST,
            ("imap.example.test",),
            directory=str(directory / "tls"),
            state_directory=str(directory / "state"),
        ),
        **changes,  # type: ignore[arg-type]
    )


def mine(resource: Resource) -> Resource:
    assert isinstance(resource, Directory | GeneratedFile)
    return dataclasses.replace(resource, owner=getpass.getuser(), group=grp.getgrgid(os.getgid()).gr_name)


def apply(adapter: Certificates) -> list[str]:
    """Bring everything about, in order; gives the names of the files that were made or changed."""
    resources = [mine(resource) for resource in adapter.resources() if _is_below(resource, adapter)]
    states = look_at(resources)
    changes = [r for r in resources if r.wanted(states[r.key]) != states[r.key]]
    for resource in changes:
        (now,) = resource.look([resource])
        resource.put(resource.wanted(now))
    return [os.path.relpath(r.name, adapter.settings.directory) for r in changes]


def _is_below(resource: Resource, adapter: Certificates) -> bool:
    """What stands elsewhere (timers, /etc/letsencrypt) is for machines of the lab."""
    return resource.name.startswith(str(Path(adapter.settings.directory).parent))


def leaf(adapter: Certificates, kind: KeyKind) -> x509.Certificate:
    certificate = authority.read_certificate(Path(adapter.files(kind).chain).read_bytes())
    assert certificate is not None
    return certificate


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("made")
    apply(Certificates(settings(directory)))
    return directory


@pytest.fixture
def made(made_once: Path, tmp_path: Path) -> Certificates:
    """A copy each: RSA keys take a while to make."""
    shutil.copytree(made_once, tmp_path, dirs_exist_ok=True)
    return Certificates(settings(tmp_path))


def test_a_second_run_changes_nothing(made: Certificates) -> None:
    assert apply(made) == []


def test_a_client_that_trusts_the_authority_takes_both_certificates_for_every_name(
    made: Certificates,
) -> None:
    root = authority.read_certificate(Path(made.authority_path).read_bytes())
    assert root is not None
    for kind in KEY_KINDS:
        for name in made.settings.all_names:
            verifier = PolicyBuilder().store(Store([root])).build_server_verifier(x509.DNSName(name))
            assert len(verifier.verify(leaf(made, kind), [])) == 2


def test_keys_are_readable_by_their_owner_only_and_certificates_by_everyone(made: Certificates) -> None:
    modes = {
        str(path.relative_to(made.settings.directory)): path.stat().st_mode & 0o777
        for path in Path(made.settings.directory).rglob("*.*")
    }
    assert modes == {
        "ca/ca.key": 0o600,
        "ca/ca.pem": 0o644,
        "ecdsa/privkey.pem": 0o600,
        "ecdsa/fullchain.pem": 0o644,
        "ecdsa/combined.pem": 0o600,
        "rsa/privkey.pem": 0o600,
        "rsa/fullchain.pem": 0o644,
        "rsa/combined.pem": 0o600,
    }


def test_the_combined_file_is_the_key_then_the_chain(made: Certificates) -> None:
    for kind in KEY_KINDS:
        files = made.files(kind)
        assert (
            Path(files.combined).read_bytes() == Path(files.key).read_bytes() + Path(files.chain).read_bytes()
        )


def test_no_certificate_lasts_longer_than_clients_accept(made: Certificates) -> None:
    for kind in KEY_KINDS:
        certificate = leaf(made, kind)
        assert certificate.not_valid_after_utc - certificate.not_valid_before_utc <= timedelta(days=398)


def test_the_authority_can_issue_no_other_authority(made: Certificates) -> None:
    root = authority.read_certificate(Path(made.authority_path).read_bytes())
    assert root is not None
    limits = root.extensions.get_extension_for_class(x509.BasicConstraints)
    assert limits.critical
    assert limits.value.ca
    assert limits.value.path_length == 0


def test_a_new_name_makes_new_certificates_with_the_same_keys_and_authority(
    made: Certificates, tmp_path: Path
) -> None:
    kept = Path(made.authority_path).read_bytes()
    more = Certificates(settings(tmp_path, names=("imap.example.test", "smtp.example.test")))
    assert apply(more) == [
        f"{kind}/{name}.pem" for kind in ("ecdsa", "rsa") for name in ("fullchain", "combined")
    ]
    assert Path(made.authority_path).read_bytes() == kept
    assert authority.names_in(leaf(more, "rsa")) == {HOST, "imap.example.test", "smtp.example.test"}


def test_a_certificate_is_renewed_once_too_few_days_are_left(made: Certificates, tmp_path: Path) -> None:
    assert apply(Certificates(settings(tmp_path, renew_days=396))) == []
    before = leaf(made, "rsa").serial_number
    assert apply(Certificates(settings(tmp_path, leaf_days=500, renew_days=397))) == [
        f"{kind}/{name}.pem" for kind in ("ecdsa", "rsa") for name in ("fullchain", "combined")
    ]
    assert leaf(made, "rsa").serial_number != before


def test_a_certificate_that_does_not_fit_its_key_is_made_anew(made: Certificates) -> None:
    files = made.files("ecdsa")
    Path(files.key).write_bytes(keys.new_key("ecdsa"))
    assert apply(made) == ["ecdsa/fullchain.pem", "ecdsa/combined.pem"]
    assert authority.belong_together(leaf(made, "ecdsa"), Path(files.key).read_bytes())


def test_a_lost_authority_key_brings_everything_that_stems_from_it_into_one_plan(made: Certificates) -> None:
    Path(made.authority_key_path).unlink()
    kept = [Path(made.files(kind).key).read_bytes() for kind in KEY_KINDS]
    assert apply(made) == [
        "ca/ca.key",
        "ca/ca.pem",
        "ecdsa/fullchain.pem",
        "ecdsa/combined.pem",
        "rsa/fullchain.pem",
        "rsa/combined.pem",
    ]
    assert [Path(made.files(kind).key).read_bytes() for kind in KEY_KINDS] == kept
    assert apply(made) == []


def test_an_authority_that_would_end_before_what_it_issues_is_renewed_under_the_same_key(
    made: Certificates,
) -> None:
    key = Path(made.authority_key_path)
    Path(made.authority_path).write_bytes(authority.new_authority(key.read_bytes(), "old", 300))
    before = key.read_bytes()
    apply(made)
    assert authority.is_authority(Path(made.authority_path).read_bytes(), before, 3000)


def test_a_host_name_longer_than_a_common_name_may_be_still_gets_a_certificate(tmp_path: Path) -> None:
    name = f"{'a' * 63}.{'b' * 63}.example.test"
    adapter = Certificates(settings(tmp_path, hostname=name))
    apply(adapter)
    assert name in authority.names_in(leaf(adapter, "ecdsa"))
    assert apply(adapter) == []


def test_half_a_key_is_replaced(made: Certificates) -> None:
    key = Path(made.files("rsa").key)
    key.write_bytes(key.read_bytes()[:100])
    assert apply(made) == ["rsa/privkey.pem", "rsa/fullchain.pem", "rsa/combined.pem"]


def test_a_weak_rsa_key_is_not_kept() -> None:
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    weak = rsa.generate_private_key(65537, 2048)
    pem = weak.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert not keys.is_key_of("rsa", pem)
    assert not keys.is_key_of("ecdsa", pem)


def test_the_check_names_what_is_wrong_with_a_certificate_on_disk(made: Certificates) -> None:
    files = made.files("ecdsa")
    assert "does not bear the name pop.example.test" in certificate_on_disk(files, ("pop.example.test",)).seen
    Path(files.key).write_bytes(keys.new_key("ecdsa"))
    assert certificate_on_disk(files, (HOST,)).status is Status.FAIL
    Path(files.chain).unlink()
    assert certificate_on_disk(files, (HOST,)).seen.endswith("holds no certificate")
