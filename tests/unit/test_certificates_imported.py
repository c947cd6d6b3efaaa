import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from backends.certificates.imported import Imported, UnusableCertificate, read_imported, unknown_issuer
from backends.certificates.settings import ImportedSettings
from tests.issuer import Issuer, key_pem, pem

HOST = "mail.example.test"

Read = Callable[[str, str], Imported]


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Writes chain and key, and reads them back the way an import does."""

    def written(chain: str, key: str) -> Imported:
        files = ImportedSettings(str(tmp_path / "chain.pem"), str(tmp_path / "key.pem"))
        Path(files.certificate).write_text(chain)
        Path(files.key).write_text(key)
        return read_imported(files, HOST)

    return written


def problem(read: Read, chain: str, key: str) -> str:
    with pytest.raises(UnusableCertificate) as refused:
        read(chain, key)
    return refused.value.seen


def test_a_whole_chain_in_order_is_taken_as_it_is(read: Read, issuer: Issuer) -> None:
    key, leaf = issuer.issue(HOST)
    found = read(pem(leaf, issuer.middle), key_pem(key))
    assert found.chain.decode() == pem(leaf, issuer.middle)
    assert found.key.decode() == key_pem(key)
    assert found.remarks == ()


def test_a_reversed_chain_is_put_in_order_and_said_and_the_root_is_left_out(
    read: Read, issuer: Issuer
) -> None:
    key, leaf = issuer.issue(HOST)
    found = read(pem(issuer.root, issuer.middle, leaf), key_pem(key))
    assert found.chain.decode() == pem(leaf, issuer.middle)
    assert "put in order" in found.remarks[0]


def test_a_certificate_of_someone_else_in_the_file_is_left_out_and_said(read: Read, issuer: Issuer) -> None:
    key, leaf = issuer.issue(HOST)
    found = read(pem(leaf, issuer.middle, Issuer().root), key_pem(key))
    assert found.chain.decode() == pem(leaf, issuer.middle)
    assert "left out" in found.remarks[0]


def test_key_and_chain_in_one_file_are_found(read: Read, issuer: Issuer) -> None:
    pair = issuer.pair(HOST)
    both = f"Bag Attributes\n{pair.key}{pair.chain}"
    assert read(both, both).chain.decode() == pair.chain


def test_a_wildcard_covers_the_host_and_nothing_deeper(read: Read, issuer: Issuer) -> None:
    good, deep = issuer.pair("*.example.test"), issuer.pair("*.test")
    assert read(good.chain, good.key).remarks == ()
    assert "for *.test, not for mail.example.test" in problem(read, deep.chain, deep.key)


def test_an_expired_certificate_is_refused_with_its_last_day(read: Read, issuer: Issuer) -> None:
    pair = issuer.pair(HOST, days=-1, starts=-90)
    assert "the certificate ended on 20" in problem(read, pair.chain, pair.key)


def test_a_certificate_of_the_future_is_refused(read: Read, issuer: Issuer) -> None:
    pair = issuer.pair(HOST, starts=2)
    assert "is not valid before" in problem(read, pair.chain, pair.key)


def test_a_key_of_another_pair_is_refused(read: Read, issuer: Issuer) -> None:
    one, other = issuer.pair(HOST), issuer.pair(HOST)
    assert "the key does not belong to the certificate" in problem(read, one.chain, other.key)


def test_an_encrypted_key_is_refused_with_the_command_that_helps(read: Read, issuer: Issuer) -> None:
    key, leaf = issuer.issue(HOST)
    words = problem(read, pem(leaf, issuer.middle), key_pem(key, "passphrase"))
    assert "passphrase" in words
    assert "openssl pkey -in" in words


def test_a_key_encrypted_in_the_old_way_is_told_from_a_damaged_one(read: Read, issuer: Issuer) -> None:
    old = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"
    assert "openssl pkey" in problem(read, issuer.pair(HOST).chain, old)


def test_a_wrong_name_is_refused_with_both_names(read: Read, issuer: Issuer) -> None:
    pair = issuer.pair("www.example.test")
    words = problem(read, pair.chain, pair.key)
    assert words == "the certificate is for www.example.test, not for mail.example.test"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (rsa.generate_private_key(65537, 1024), "RSA with 1024 bits"),
        (ec.generate_private_key(ec.SECP521R1()), "secp521r1"),
    ],
)
def test_a_key_that_is_weak_or_strange_is_refused(
    read: Read, issuer: Issuer, key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, words: str
) -> None:
    pair = issuer.pair(HOST, key=key)
    assert words in problem(read, pair.chain, pair.key)


def test_an_rsa_key_of_2048_bits_is_taken_and_remarked_on(read: Read, issuer: Issuer) -> None:
    pair = issuer.pair(HOST, key=rsa.generate_private_key(65537, 2048))
    assert "3072" in read(pair.chain, pair.key).remarks[0]


def test_an_ed25519_key_is_refused_in_words(read: Read, issuer: Issuer) -> None:
    strange = ed25519.Ed25519PrivateKey.generate()
    text = strange.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    assert "neither RSA nor ECDSA" in problem(read, issuer.pair(HOST).chain, text)


def test_a_certificate_for_clients_is_refused(read: Read, issuer: Issuer) -> None:
    key, leaf = issuer.issue(HOST, usage=ExtendedKeyUsageOID.CLIENT_AUTH)
    assert "not for servers" in problem(read, pem(leaf, issuer.middle), key_pem(key))


def test_a_signature_with_sha1_is_refused(read: Read, issuer: Issuer, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text(pem(issuer.middle))
    (tmp_path / "ca.key").write_text(key_pem(issuer.middle_key))
    request = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", "new.key"]
    openssl(tmp_path, "req", "-new", "-nodes", "-newkey", "rsa:2048", *request, "-out", "new.csr")
    signer = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-sha1", "-copy_extensions", "copy"]
    openssl(tmp_path, "x509", "-req", "-in", "new.csr", *signer, "-out", "new.pem")
    words = problem(read, (tmp_path / "new.pem").read_text(), (tmp_path / "new.key").read_text())
    assert "signed with sha1" in words


def openssl(directory: Path, *arguments: str) -> None:
    subprocess.run(["openssl", *arguments], cwd=directory, check=True, capture_output=True)


def test_everything_that_is_wrong_is_said_at_once(read: Read, issuer: Issuer) -> None:
    pair = issuer.pair("www.example.test", days=-1, starts=-90)
    assert len(problem(read, pair.chain, pair.key).splitlines()) == 2


def test_files_that_hold_nothing_of_use_are_named(read: Read, tmp_path: Path) -> None:
    words = problem(read, "\x1b]0;hello\x07", "no key").splitlines()
    assert words[0] == f"{tmp_path}/key.pem holds no private key in PEM"
    assert "holds no certificate in PEM" in words[1]
    missing = ImportedSettings(str(tmp_path / "none"), str(tmp_path / "none"))
    with pytest.raises(UnusableCertificate) as refused:
        read_imported(missing, HOST)
    assert "No such file" in refused.value.seen


def test_half_a_certificate_is_told_by_its_number(read: Read, issuer: Issuer) -> None:
    key, leaf = issuer.issue(HOST)
    text = pem(leaf) + "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
    assert "certificate 2 in" in problem(read, text, key_pem(key))


def test_a_missing_certificate_in_between_is_noticed(read: Read, issuer: Issuer, tmp_path: Path) -> None:
    trust = tmp_path / "trust.pem"
    trust.write_text(pem(issuer.root))
    key, leaf = issuer.issue(HOST)

    def issuer_of(*chain: x509.Certificate) -> str:
        return unknown_issuer(read(pem(*chain), key_pem(key)), str(trust))

    assert issuer_of(leaf, issuer.middle) == ""
    assert issuer_of(leaf) == "CN=Middle"
    trust.write_text("")
    assert issuer_of(leaf, issuer.middle) == "CN=Root of tests"
    assert issuer_of(leaf, issuer.middle, issuer.root) == ""
