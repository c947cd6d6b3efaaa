"""Accounts, Postfix and Dovecot on booted machines, without the filter and the rest of a whole server."""

import base64
import email
import imaplib
import json
import poplib
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.lab import inside, mail_adapters
from tests.lab.endpoint import Endpoint, unchecked
from tests.lab.lab import Lab
from tests.lab.machine import Machine
from tests.lab.mail_adapters import PASSWORD

HOST = "mail.example.test"
ADMIN, ANNA, BOB, SMALL = (f"{name}@example.test" for name in ("admin", "anna", "bob", "small"))
INFO = "info@example.test"

pytestmark = pytest.mark.usefixtures("server")


@pytest.fixture(scope="module")
def servers(lab: Lab) -> Iterator[dict[str, Machine]]:
    """One of each release, booted when first needed: pytest goes to and fro between releases."""
    found: dict[str, Machine] = {}
    yield found
    for machine in found.values():
        lab.discard(machine)


@pytest.fixture
def server(lab: Lab, release: str, servers: dict[str, Machine]) -> Machine:
    """The mail server that is mail.example.test during this test."""
    if release not in servers:
        servers[release] = lab.boot(release, f"mail-{release}", "program")
        set_up(servers[release])
    lab.dns.set("example.test", "mail", "A", servers[release].address)
    return servers[release]


@pytest.fixture
def laptop(lab: Lab) -> Endpoint:
    return lab.outsider("laptop")


@pytest.fixture
def stranger(lab: Lab) -> Endpoint:
    return lab.outsider("stranger")


def set_up(machine: Machine) -> dict[str, Any]:
    source = Path(mail_adapters.__file__).read_text()
    done = machine.run(inside.PYTHON, "-", machine.release, input=source, env=inside.ENVIRONMENT)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def call(machine: Machine, module: str, expression: str) -> str:
    """What a function of backends/accounts gives on the machine."""
    program = f"from backends.accounts.{module} import *; print({expression})"
    return machine.run(inside.PYTHON, "-c", program, env=inside.ENVIRONMENT).stdout.strip()


def log_digest(machine: Machine) -> str:
    """SHA-256 of the write-ahead log of the accounts, whose space is used again."""
    return machine.run("sha256sum", f"{_DATABASE}-wal").stdout


def submission(client: Endpoint, user: str, password: str = PASSWORD) -> smtplib.SMTP:
    session = client.smtp(HOST, 587)
    session.local_hostname = "laptop.example.net"
    session.starttls(context=unchecked())
    session.login(user, password)
    return session


def letter(subject: str, sender: str = ANNA, headers: str = "", body: str = "Hello!") -> str:
    return f"From: {sender}\r\nTo: {ADMIN}\r\nSubject: {subject}\r\n{headers}\r\n{body}\r\n"


def deliver(client: Endpoint, to: str, text: str, sender: str = "") -> None:
    """Hand a message in on port 25, as another mail server would."""
    with client.smtp(HOST) as session:
        session.local_hostname = "mx.example.net"
        session.sendmail(sender, [to], text)


def inbox(client: Endpoint, user: str, password: str = PASSWORD, folder: str = "INBOX") -> imaplib.IMAP4:
    session = client.imaps(HOST)
    session.login(user, password)
    session.select(folder)
    return session


def received(
    client: Endpoint, user: str, subject: str, password: str = PASSWORD, folder: str = "INBOX"
) -> Message:
    """The message with this subject, as soon as it is there."""
    give_up = time.monotonic() + 20
    while time.monotonic() < give_up:
        session = client.imaps(HOST)
        session.login(user, password)
        if session.select(folder)[0] == "OK":
            (numbers,) = session.search(None, "SUBJECT", f'"{subject}"')[1]
            if numbers:
                found = session.fetch(numbers.split()[0].decode(), "(BODY.PEEK[])")[1][0]
                assert isinstance(found, tuple)
                return email.message_from_bytes(found[1])
        session.logout()
        time.sleep(0.3)
    raise AssertionError(f"no {subject!r} in {folder} of {user}")


def refusal(problem: pytest.ExceptionInfo[smtplib.SMTPRecipientsRefused]) -> tuple[int, str]:
    ((code, words),) = problem.value.recipients.values()
    return code, words.decode()


def test_everything_is_as_wanted_and_every_check_is_ok(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "fresh", "program")) as machine:
        result = set_up(machine)
        again = set_up(machine)

    assert result["missed"] == []
    assert {status for status, _ in result["checks"].values()} == {"ok"}, result["checks"]
    assert {"postfix.port-25", "postfix.port-587", "postfix.port-465"} <= set(result["checks"])
    assert {"dovecot.port-143", "dovecot.port-993", "dovecot.port-4190"} <= set(result["checks"])
    assert again["changed"] == []


@pytest.mark.parametrize("port", [587, 465])
def test_mail_submitted_is_read_by_imaps(laptop: Endpoint, port: int) -> None:
    subject = f"by {port}"
    if port == 465:
        session: smtplib.SMTP = laptop.smtps(HOST)
        session.login(ANNA, PASSWORD)
    else:
        session = submission(laptop, ANNA)
    with session:
        session.sendmail(ANNA, [ADMIN], letter(subject))

    assert received(laptop, ADMIN, subject)["Return-Path"] == f"<{ANNA}>"


def test_submitted_mail_says_nothing_of_its_client(laptop: Endpoint) -> None:
    with submission(laptop, ANNA) as session:
        session.sendmail(ANNA, [ADMIN], letter("private", headers="User-Agent: Telltale 1.0\r\n"))

    text = received(laptop, ADMIN, "private").as_string()
    assert "with ESMTPSA id" in text
    assert laptop.address not in text
    assert "laptop" not in text
    assert "Telltale" not in text


def test_a_wrong_password_is_refused(laptop: Endpoint) -> None:
    with pytest.raises(smtplib.SMTPAuthenticationError, match="535"):
        submission(laptop, ANNA, "wrong horse battery staple")
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        inbox(laptop, ANNA, "wrong horse battery staple")


def test_nobody_sends_without_logging_in(laptop: Endpoint) -> None:
    session = laptop.smtp(HOST, 587)
    session.local_hostname = "laptop.example.net"
    session.starttls(context=unchecked())

    with session, pytest.raises(smtplib.SMTPRecipientsRefused) as problem:
        session.sendmail(ANNA, [ADMIN], letter("not logged in"))
    assert refusal(problem)[0] == 554


@pytest.mark.parametrize(
    "recipient", ["b@example.net", "b%example.net@example.test", "example.net!b@example.test"]
)
def test_port_25_relays_for_nobody(stranger: Endpoint, recipient: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as problem:
        deliver(stranger, recipient, letter("relay"))
    assert refusal(problem)[0] in {550, 554}


def test_port_25_takes_no_logins(stranger: Endpoint) -> None:
    with stranger.smtp(HOST) as session:
        session.local_hostname = "mx.example.net"
        session.starttls(context=unchecked())
        session.ehlo()
        assert not session.has_extn("auth")
        assert session.docmd("VRFY", ANNA)[0] == 502


def test_port_25_refuses_who_is_not_here(stranger: Endpoint) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as problem:
        deliver(stranger, "nobody@example.test", letter("unknown"))
    assert refusal(problem)[0] == 550


@pytest.mark.parametrize("sender", [ADMIN, "nobody@example.test", "someone@example.net"])
def test_a_login_sends_only_with_its_own_addresses(laptop: Endpoint, sender: str) -> None:
    with submission(laptop, BOB) as session, pytest.raises(smtplib.SMTPRecipientsRefused) as problem:
        session.sendmail(sender, [ADMIN], letter("impostor", sender))
    code, words = refusal(problem)
    assert code == 553
    assert "not owned by user" in words


def test_an_alias_is_for_its_owner(laptop: Endpoint) -> None:
    with submission(laptop, ANNA) as session:
        session.sendmail(INFO, [INFO], letter("from the alias", INFO))
    with submission(laptop, BOB) as session, pytest.raises(smtplib.SMTPRecipientsRefused) as problem:
        session.sendmail(INFO, [ADMIN], letter("not my alias", INFO))

    assert received(laptop, ANNA, "from the alias")["Return-Path"] == f"<{INFO}>"
    assert refusal(problem)[0] == 553


def test_an_account_works_as_soon_as_it_is_added(
    server: Machine, laptop: Endpoint, stranger: Endpoint
) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(stranger, "new@second.test", letter("too early"))
    call(server, "domains", "add_domain('second.test')")
    call(server, "mailboxes", f"add_account('new@second.test', {PASSWORD!r})")

    deliver(stranger, "New+folder@Second.test", letter("in time"))

    assert received(laptop, "new@second.test", "in time")


def test_a_disabled_account_gets_mail_but_nobody_logs_in(
    server: Machine, laptop: Endpoint, stranger: Endpoint
) -> None:
    address = "away@example.test"
    call(server, "mailboxes", f"add_account({address!r}, {PASSWORD!r})")
    inbox(laptop, address).logout()

    call(server, "mailboxes", f"disable_account({address!r})")
    deliver(stranger, address, letter("while away"))

    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        inbox(laptop, address)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        submission(laptop, address)
    call(server, "mailboxes", f"enable_account({address!r})")
    assert received(laptop, address, "while away")


def test_a_removed_account_leaves_its_mail(server: Machine, laptop: Endpoint, stranger: Endpoint) -> None:
    address = "leaver@example.test"
    call(server, "mailboxes", f"add_account({address!r}, {PASSWORD!r})")
    deliver(stranger, address, letter("kept"))
    received(laptop, address, "kept")

    place = call(server, "mailboxes", f"remove_account({address!r})")

    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(stranger, address, letter("too late"))
    assert server.run("grep", "-rl", "Subject: kept", place).stdout


@pytest.mark.parametrize("user", ["root", "www-data"])
def test_mail_of_the_machine_reaches_the_admin(server: Machine, laptop: Endpoint, user: str) -> None:
    server.run("sendmail", user, input=f"Subject: for {user}\n\nFrom cron.\n")

    assert received(laptop, ADMIN, f"for {user}")["Delivered-To"] == ADMIN


def test_every_domain_has_a_postmaster(laptop: Endpoint, stranger: Endpoint) -> None:
    deliver(stranger, "Postmaster@example.test", letter("to the postmaster"))
    deliver(stranger, f"root@{HOST}", letter("to the host's root"))

    assert received(laptop, ADMIN, "to the postmaster")
    assert received(laptop, ADMIN, "to the host's root")
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        deliver(stranger, f"daemon@{HOST}", letter("to a system user"))


def test_spam_goes_to_junk(laptop: Endpoint, stranger: Endpoint) -> None:
    deliver(stranger, BOB, letter("cheap", headers="X-Spam: Yes\r\n"))

    assert received(laptop, BOB, "cheap", folder="Junk")


def test_a_script_sorts_mail(laptop: Endpoint, stranger: Endpoint) -> None:
    script = 'require ["fileinto", "mailbox"]; if header :is "List-Id" "x" { fileinto :create "Lists"; }'
    put_script(laptop, BOB, script)

    deliver(stranger, BOB, letter("news", headers="List-Id: x\r\n"))

    assert received(laptop, BOB, "news", folder="Lists")


def test_moving_mail_into_junk_and_out_is_learned(
    server: Machine, laptop: Endpoint, stranger: Endpoint
) -> None:
    # A stand-in for rspamd's controller: what the script would have it learn.
    server.run("mkdir", "-p", "/run/rspamd")
    listener = server.spawn("python3", "-c", _CONTROLLER)
    try:
        server.wait_for("test", "-S", "/run/rspamd/controller.sock")
        deliver(stranger, ADMIN, letter("learn me"))
        received(laptop, ADMIN, "learn me")
        session = inbox(laptop, ADMIN)
        (number,) = session.search(None, "SUBJECT", '"learn me"')[1][0].split()
        session.copy(number.decode(), "Junk")
        session.select("Junk")
        (number,) = session.search(None, "SUBJECT", '"learn me"')[1][0].split()
        session.copy(number.decode(), "INBOX")

        learned = server.wait_for(
            "sh", "-c", "grep -c . /run/rspamd/learned | grep -x 2 >&2; cat /run/rspamd/learned"
        )
    finally:
        listener.kill()
    assert learned.stdout.split() == ["/learnspam", "/learnham"]


def test_a_full_mailbox_refuses_at_the_door(stranger: Endpoint) -> None:
    with stranger.smtp(HOST) as session:
        session.local_hostname = "mx.example.net"
        session.ehlo()
        session.mail("", ["SIZE=20000000"])
        code, words = session.rcpt(SMALL)
        assert code == 552, words
        assert session.rcpt(ANNA)[0] == 250


def test_a_quota_is_told(laptop: Endpoint) -> None:
    answer = inbox(laptop, SMALL).getquotaroot("INBOX")

    assert b"STORAGE 0 1024" in answer[1][1][0]


def test_no_password_goes_in_the_clear(stranger: Endpoint) -> None:
    session = stranger.imap(HOST)
    assert "LOGINDISABLED" in session.capabilities
    with pytest.raises(imaplib.IMAP4.error):
        session.login(ANNA, PASSWORD)
    with stranger.connect(HOST, 110) as plain, plain.makefile("rwb") as lines:
        lines.readline()
        lines.write(f"USER {ANNA}\r\n".encode())
        lines.flush()
        assert lines.readline().startswith(b"-ERR")
    with stranger.smtp(HOST, 587) as submitting:
        submitting.ehlo("laptop.example.net")
        assert not submitting.has_extn("auth")
    with stranger.connect(HOST, 4190) as plain, plain.makefile("rb") as reading:
        assert b'"SASL" ""' in reading.read1(4096)


def test_pop3_reads_the_same_mail(server: Machine, laptop: Endpoint, stranger: Endpoint) -> None:
    deliver(stranger, BOB, letter("for pop"))
    received(laptop, BOB, "for pop")

    with laptop.network():
        session = poplib.POP3_SSL(server.address, 995, timeout=20, context=unchecked())
    session.user(BOB)
    session.pass_(PASSWORD)
    assert session.stat()[0] >= 1


@pytest.mark.parametrize(("kind", "cipher"), [("rsa", "ECDHE+aRSA"), ("ecdsa", "ECDHE+aECDSA")])
@pytest.mark.parametrize("port", [465, 993])
def test_each_client_gets_a_certificate_it_can_use(
    server: Machine, laptop: Endpoint, kind: str, cipher: str, port: int
) -> None:
    context = unchecked()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(cipher)
    with laptop.connect(HOST, port) as plain, context.wrap_socket(plain, server_hostname=HOST) as secured:
        served = secured.getpeercert(binary_form=True)

    assert served is not None
    assert ssl.DER_cert_to_PEM_cert(served) == server.read(f"/etc/mailstead/tls/{kind}/fullchain.pem")


@pytest.mark.parametrize("port", [465, 993])
def test_old_tls_and_weak_ciphers_are_refused(laptop: Endpoint, port: int) -> None:
    for weak in ("AES128-SHA:AES256-GCM-SHA384", "ECDHE-RSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA256", "DHE"):
        context = unchecked()
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(f"{weak}:@SECLEVEL=0")
        with laptop.connect(HOST, port) as plain, pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname=HOST)


def test_no_second_message_is_smuggled_in(laptop: Endpoint, stranger: Endpoint) -> None:
    mark = uuid4().hex
    inner = f"MAIL FROM:<{ADMIN}>\r\nRCPT TO:<{ANNA}>\r\nDATA\r\nSubject: smuggled {mark}\r\n\r\nx\r\n.\r\n"
    with stranger.smtp(HOST) as session:
        session.local_hostname = "mx.example.net"
        session.ehlo()
        session.mail("")
        session.rcpt(ANNA)
        session.docmd("DATA")
        session.send(f"Subject: outer {mark}\r\n\r\nhello\n.\n{inner}".encode())
        answer = session.getreply()[0]
    deliver(stranger, ANNA, letter(f"afterwards {mark}"))
    received(laptop, ANNA, f"afterwards {mark}")

    assert answer in {250, 521, 550, 554}
    assert inbox(laptop, ANNA).search(None, "SUBJECT", f'"smuggled {mark}"')[1] == [b""]


def test_who_talks_before_the_greeting_is_refused(lab: Lab) -> None:
    talk = f"EHLO bot.example.net\r\nMAIL FROM:<>\r\nRCPT TO:<{ANNA}>\r\nQUIT\r\n".encode()
    with lab.outsider("hasty").connect(HOST, 25) as plain, plain.makefile("rb") as lines:
        plain.sendall(talk)
        answers = lines.read()

    assert b"\r\n250 2.1.5" not in answers
    assert b"\r\n5" in answers or answers.startswith(b"5")


def test_readers_get_their_answer_while_accounts_change(server: Machine) -> None:
    done = server.run(inside.PYTHON, "-c", _HAMMER, env=inside.ENVIRONMENT, timeout=90)
    result = json.loads(done.stdout)

    assert result["wrong"] == []
    assert result["reads"] > 1
    assert result["writes"] > 20


def test_a_writer_killed_amid_its_transaction_keeps_no_reader_waiting(server: Machine) -> None:
    before = log_digest(server)
    server.run("python3", "-c", _KILLED_IN_A_TRANSACTION, check=False)
    assert log_digest(server) != before, "nothing of the transaction had reached the disk"

    assert server.run("postmap", "-q", ANNA, _ACCOUNTS, timeout=5).stdout.strip() == "mailbox"
    assert ANNA in server.run("doveadm", "auth", "lookup", ANNA, timeout=5).stdout
    assert "torn.test" not in call(server, "domains", "list_domains()")


def test_hashes_are_for_the_mail_servers_only(server: Machine) -> None:
    assert server.run("stat", "-c", "%a %U:%G", _DATABASE).stdout.split() == [
        "640",
        "root:mailstead-accounts",
    ]
    done = server.run(
        "setpriv",
        "--reuid=vmail",
        "--regid=vmail",
        "--clear-groups",
        "cat",
        "/var/lib/mailstead/mail.db",
        check=False,
    )
    assert "Permission denied" in done.stderr


def test_mail_flows_again_after_a_reboot(lab: Lab, release: str, stranger: Endpoint) -> None:
    with lab.borrowed(lab.boot(release, "again", "program")) as machine:
        set_up(machine)
        machine.reboot()
        with stranger.smtp(machine.address) as session:
            session.local_hostname = "mx.example.net"
            session.sendmail("", [ANNA], letter("after the reboot"))
        machine.wait_for(
            "grep", "-rq", "Subject: after the reboot", "/var/vmail/example.test/anna", timeout=20
        )


def test_mail_flows_in_a_container_without_an_init_system(lab: Lab, release: str, stranger: Endpoint) -> None:
    with lab.borrowed(lab.container(release, "box", "program")) as machine:
        result = set_up(machine)
        with stranger.smtp(machine.address) as session:
            session.local_hostname = "mx.example.net"
            session.sendmail("", [ANNA], letter("into the box"))
        machine.wait_for("grep", "-rq", "Subject: into the box", "/var/vmail/example.test/anna", timeout=20)
        log = machine.read("/var/log/mail.log")
        again = set_up(machine)

    assert result["missed"] == []
    assert {status for status, _ in result["checks"].values()} == {"ok"}, result["checks"]
    assert "postfix/lmtp" in log
    assert "saved mail to INBOX" in log or "stored mail into mailbox 'INBOX'" in log
    assert again["changed"] == []


def put_script(client: Endpoint, user: str, script: str) -> None:
    """Upload and activate a Sieve script (RFC 5804)."""
    login = base64.b64encode(f"\0{user}\0{PASSWORD}".encode()).decode()
    with client.connect(HOST, 4190) as plain:
        _until_ok(plain)
        plain.sendall(b"STARTTLS\r\n")
        _until_ok(plain)
        with unchecked().wrap_socket(plain, server_hostname=HOST) as secured:
            _until_ok(secured)
            for line in (
                f'AUTHENTICATE "PLAIN" "{login}"',
                f'PUTSCRIPT "main" {{{len(script)}+}}\r\n{script}',
                'SETACTIVE "main"',
            ):
                secured.sendall(f"{line}\r\n".encode())
                _until_ok(secured)


def _until_ok(connection: socket.socket) -> None:
    said = b""
    while not said.endswith(b"\r\n") or said.splitlines()[-1][:2] not in {b"OK", b"NO", b"BY"}:
        chunk = connection.recv(4096)
        assert chunk, said
        said += chunk
    assert said.splitlines()[-1].startswith(b"OK"), said


_DATABASE = "/var/lib/mailstead/mail.db"
_ACCOUNTS = "proxy:sqlite:/etc/postfix/mailstead/accounts.cf"

_CONTROLLER = """
import grp, os, socket
path = "/run/rspamd/controller.sock"
listener = socket.socket(socket.AF_UNIX); listener.bind(path); listener.listen()
os.chown(path, 0, grp.getgrnam("rspamd-learn").gr_gid); os.chmod(path, 0o660)
while True:
    client, _ = listener.accept()
    request = client.recv(65536)
    with open("/run/rspamd/learned", "a") as file:
        file.write(request.split()[1].decode() + "\\n")
    client.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 16\\r\\nConnection: close\\r\\n\\r\\n")
    client.sendall(b'{"success":true}')
    client.close()
"""

_HAMMER = f"""
import json, subprocess, threading, time
from backends.accounts import mailboxes
wrong, reads, writes, until = [], 0, 0, time.monotonic() + 4
def read():
    global reads
    while time.monotonic() < until:
        command = ["timeout", "30", "postmap", "-q", "{ANNA}", "{_ACCOUNTS}"]
        done = subprocess.run(command, capture_output=True, text=True)
        reads += 1
        if done.stdout.strip() != "mailbox":
            wrong.append(done.stderr)
reader = threading.Thread(target=read)
reader.start()
while time.monotonic() < until:
    mailboxes.set_quota("{BOB}", writes % 2 << 30)
    writes += 1
    time.sleep(0.05)
reader.join()
print(json.dumps({{"wrong": wrong, "reads": reads, "writes": writes}}))
"""

_KILLED_IN_A_TRANSACTION = f"""
import os, signal, sqlite3
connection = sqlite3.connect("{_DATABASE}", isolation_level=None)
connection.execute("PRAGMA cache_size = 2")
connection.execute("BEGIN IMMEDIATE")
for number in range(2000):
    connection.execute("INSERT INTO domains (domain) VALUES (?)", (f"{{number}}.torn.test",))
os.kill(os.getpid(), signal.SIGKILL)
"""
