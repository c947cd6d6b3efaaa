from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from backends.certificates import acme, authority, refusals
from backends.certificates.acme import Lineages, LineagesState, certbot_command, environment, issued
from backends.certificates.retired import forget_retired, is_retired, retire
from backends.certificates.settings import KEY_KINDS, LETS_ENCRYPT, AcmeSettings, CertificatesSettings
from backends.certificates.source_checks import issued_by_acme
from backends.checks import Status
from backends.errors import MailsteadError
from tests.issuer import Issuer, Pair

HOST = "mail.example.test"
URL = "https://acme.example.test/directory"
SETTINGS = AcmeSettings(URL, "admin@example.test")
RENEWAL = """\
version = 2.1.0
cert = /etc/letsencrypt/live/x/cert.pem

# Options used in the renewal process
[renewalparams]
account = 0123
reuse_key = True
server = https://acme.example.test/directory
authenticator = standalone
"""


@pytest.fixture(scope="module")
def rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def letsencrypt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(acme, "ETC", str(tmp_path / "letsencrypt"))
    return tmp_path / "letsencrypt"


def put(letsencrypt: Path, kind: str, pair: Pair, renewal: str = RENEWAL) -> None:
    live = letsencrypt / "live" / f"mailstead-{kind}"
    live.mkdir(parents=True, exist_ok=True)
    (live / "privkey.pem").write_text(pair.key)
    (live / "fullchain.pem").write_text(pair.chain)
    (letsencrypt / "renewal").mkdir(exist_ok=True)
    (letsencrypt / "renewal" / f"mailstead-{kind}.conf").write_text(renewal)


def put_both(letsencrypt: Path, issuer: Issuer, rsa_key: rsa.RSAPrivateKey) -> None:
    put(letsencrypt, "ecdsa", issuer.pair(HOST))
    put(letsencrypt, "rsa", issuer.pair(HOST, key=rsa_key))


def lineages(directory: Path, settings: AcmeSettings | None = SETTINGS) -> Lineages:
    return Lineages((HOST,), settings, str(directory))


def test_what_was_issued_and_fits_is_found(
    letsencrypt: Path, issuer: Issuer, rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    assert issued("ecdsa", (HOST,)) is None
    put_both(letsencrypt, issuer, rsa_key)
    assert all(issued(kind, (HOST,)) for kind in KEY_KINDS)
    both = LineagesState(KEY_KINDS, is_renewed=True)
    assert Lineages.look([lineages(tmp_path)]) == [both]
    assert lineages(tmp_path).wanted(both) == both


def test_what_ended_is_of_another_name_kind_or_key_is_not_served(letsencrypt: Path, issuer: Issuer) -> None:
    one, other = issuer.pair(HOST), issuer.pair(HOST)
    for wrong in (
        issuer.pair(HOST, days=-1, starts=-90),
        issuer.pair("www.example.test"),
        Pair(one.key, other.chain),
    ):
        put(letsencrypt, "ecdsa", wrong)
        assert issued("ecdsa", (HOST,)) is None
    put(letsencrypt, "rsa", one)
    assert issued("rsa", (HOST,)) is None


@pytest.mark.parametrize(
    ("words", "other"),
    [
        ("server = https://acme.example.test/directory", "server = https://other.example.test/directory"),
        ("authenticator = standalone", "authenticator = dns-rfc2136"),
        ("reuse_key = True\n", ""),
    ],
)
def test_a_certificate_that_would_be_renewed_otherwise_is_asked_for_anew(
    letsencrypt: Path, issuer: Issuer, tmp_path: Path, words: str, other: str
) -> None:
    put(letsencrypt, "ecdsa", issuer.pair(HOST), RENEWAL.replace(words, other))
    assert lineages(tmp_path).state_now().current == ()


def test_a_certificate_that_certbot_should_have_renewed_is_asked_for_but_served(
    letsencrypt: Path, issuer: Issuer, tmp_path: Path
) -> None:
    put(letsencrypt, "ecdsa", issuer.pair(HOST, days=15, starts=-75))
    assert lineages(tmp_path).state_now().current == ()
    assert issued("ecdsa", (HOST,)) is not None


def test_a_certificate_that_a_person_wants_anew_is_asked_for_until_that_is_forgotten(
    letsencrypt: Path, issuer: Issuer, tmp_path: Path
) -> None:
    _key, certificate = issuer.issue(HOST)
    put(letsencrypt, "ecdsa", issuer.pair(HOST))
    pair = issued("ecdsa", (HOST,))
    assert pair is not None
    found = authority.read_certificate(pair.chain)
    assert found is not None
    retire([found], str(tmp_path / "state"))
    assert not is_retired(certificate, str(tmp_path / "state"))
    assert lineages(tmp_path / "state").state_now().current == ()
    forget_retired(str(tmp_path / "state"))
    assert lineages(tmp_path / "state").state_now().current == ("ecdsa",)


def test_a_place_that_cannot_be_written_to_is_an_error_in_words(tmp_path: Path, issuer: Issuer) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(MailsteadError, match="nothing was asked for"):
        retire([issuer.root], str(tmp_path / "file"))


def test_without_acme_renewals_rest_and_with_it_they_go_on(
    letsencrypt: Path, issuer: Issuer, rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    put_both(letsencrypt, issuer, rsa_key)
    conf = letsencrypt / "renewal" / "mailstead-rsa.conf"
    resting = lineages(tmp_path, None)
    (now,) = Lineages.look([resting])

    resting.put(resting.wanted(now))

    assert "[renewalparams]\nautorenew = False\n" in conf.read_text()
    (now,) = Lineages.look([resting])
    assert resting.wanted(now) == now
    asking = lineages(tmp_path)
    asking.put(asking.wanted(now))
    assert conf.read_text() == RENEWAL


def test_certbot_is_asked_for_each_kind_of_key_and_keeps_it() -> None:
    ecdsa, by_rsa = (" ".join(certbot_command(kind, (HOST,), SETTINGS)) for kind in KEY_KINDS)
    assert "--key-type ecdsa --elliptic-curve secp256r1 --standalone" in ecdsa
    assert "--key-type rsa --rsa-key-size 3072" in by_rsa
    assert f"--server {URL}" in ecdsa
    assert "--reuse-key" in ecdsa
    loose = certbot_command("rsa", (HOST,), replace(SETTINGS, keeps_keys=False))
    assert "--reuse-key" not in loose


def test_a_rehearsal_names_no_server_and_forces_nothing() -> None:
    words = certbot_command("ecdsa", (HOST,), replace(SETTINGS, directory=LETS_ENCRYPT), is_rehearsal=True)
    assert "--server" not in words
    assert "--force-renewal" not in words


def test_only_a_private_authority_needs_trust() -> None:
    assert environment(SETTINGS) == {}
    assert environment(replace(SETTINGS, ca_file="/root/ca.pem")) == {"REQUESTS_CA_BUNDLE": "/root/ca.pem"}


SAID = {
    "a rate limit is reached": "An unexpected error occurred:\nurn:ietf:params:acme:error:rateLimited :: "
    "There were too many requests of a given type :: too many certificates already issued",
    "another program holds port 80": "Could not bind TCP port 80 because it is already in use by another "
    "process on this system (such as a web server).",
    "the disk is full": "An unexpected error occurred:\nOSError: [Errno 28] No space left on device",
    "own certificate is not trusted here": "requests.exceptions.SSLError: HTTPSConnectionPool(host='a'): Max "
    "retries exceeded (Caused by SSLError(SSLCertVerificationError(1, 'certificate verify failed')))",
    "the authority can't be reached": "An unexpected error occurred:\nrequests.exceptions.ConnectionError: "
    "HTTPSConnectionPool(host='a', port=443): Max retries exceeded (NewConnectionError: Connection refused)",
    "could not prove that this server has its name": "Certbot failed to authenticate some domains "
    "(authenticator: standalone). The Certificate Authority reported these problems:\n  Type: connection\n"
    "  Detail: Fetching http://mail.example.test/.well-known/acme-challenge/x: Connection refused",
    "a CAA record forbids": "urn:ietf:params:acme:error:caa :: CAA record for mail.example.test prevents",
    "did not take the record": "Received response from server: NOTAUTH\nEncountered exception when making "
    "TXT record: x",
    "the authority refused": "something that nobody has seen before",
}


@pytest.mark.parametrize("meaning", SAID)
def test_what_certbot_says_is_put_in_words(meaning: str) -> None:
    refusal = refusals.explain(SAID[meaning], URL)
    assert meaning in refusal.message
    assert URL in refusal.message
    assert refusal.next_step
    assert refusal.seen


def test_a_failed_rehearsal_is_told_as_one_and_control_characters_are_not_passed_on() -> None:
    refusal = refusals.explain("\x1b[2J\x07urn:ietf:params:acme:error:rateLimited", URL, is_rehearsal=True)
    assert refusal.message.startswith("in the rehearsal, which costs nothing: the authority issues")
    assert "\x1b" not in refusal.seen


def test_a_refusal_is_a_failure_before_the_first_certificate_and_a_warning_afterwards(
    letsencrypt: Path, issuer: Issuer, rsa_key: rsa.RSAPrivateKey, tmp_path: Path
) -> None:
    settings = CertificatesSettings(HOST, acme=SETTINGS, state_directory=str(tmp_path))
    assert issued_by_acme(settings).status is Status.FAIL
    refusals.keep(refusals.explain(SAID["a rate limit is reached"], URL), str(tmp_path))

    before = issued_by_acme(settings)
    put_both(letsencrypt, issuer, rsa_key)
    after = issued_by_acme(settings)

    assert (before.status, after.status) == (Status.FAIL, Status.WARN)
    assert "the own authority are served" in before.seen
    assert "5 certificates a week" in after.mend
    refusals.forget(str(tmp_path))
    assert issued_by_acme(settings).status is Status.OK


def test_a_problem_that_certbot_told_only_its_log_is_found_there(tmp_path: Path) -> None:
    log = tmp_path / "letsencrypt.log"
    end = refusals.EndOfLog.now(str(log))
    assert end.problem_since(str(log)) == ""
    log.write_text(
        '{"type": "urn:ietf:params:acme:error:badNonce", "detail": "again"}\n'
        '{\n  "type": "urn:ietf:params:acme:error:rateLimited",\n  "detail": "too many"\n}\n'
    )
    assert end.problem_since(str(log)) == "urn:ietf:params:acme:error:rateLimited :: too many"


def test_a_problem_of_an_earlier_call_is_not_taken_for_one_of_this(tmp_path: Path) -> None:
    log, other = tmp_path / "letsencrypt.log", tmp_path / "new"
    log.write_text('{"type": "urn:ietf:params:acme:error:connection", "detail": "earlier"}\n')
    end = refusals.EndOfLog.now(str(log))
    with log.open("a") as more:
        more.write("Connection refused\n")
    assert end.problem_since(str(log)) == ""
    other.write_text('{"type": "urn:ietf:params:acme:error:caa", "detail": "in a log begun anew"}\n')
    other.rename(log)
    assert end.problem_since(str(log)) == "urn:ietf:params:acme:error:caa :: in a log begun anew"
