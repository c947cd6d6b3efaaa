"""The machine's own name, which Postfix takes for itself, becomes a mail domain like any other."""

from tests.e2e.server import ADMIN, quickstart
from tests.lab.endpoint import Endpoint
from tests.lab.lab import Lab
from tests.lab.machine import Machine

HOST = "own.example.test"
EVE = f"eve@{HOST}"
PASSWORD = "nine pale horses on a hill"


def answer_to(sender: Endpoint, machine: Machine, recipient: str) -> tuple[int, str]:
    """What the machine says when someone outside has a message, a bounce, for this address."""
    with sender.smtp(machine.address) as session:
        session.ehlo("mx.other.test")
        session.mail("")
        status, words = session.rcpt(recipient)
        return status, words.decode()


def send(machine: Machine, recipient: str, subject: str) -> None:
    """Mail that the machine writes itself."""
    machine.run("sendmail", recipient, input=f"Subject: {subject}\n\nHello.\n")


def wait_for_mail(machine: Machine, user: str, subject: str) -> None:
    name, _, domain = user.partition("@")
    machine.wait_for("grep", "-rqs", f"^Subject: {subject}", f"/var/vmail/{domain}/{name}/Maildir")


def test_mail_for_the_machines_own_name_reaches_its_mailboxes(lab: Lab, release: str) -> None:
    with lab.borrowed(lab.boot(release, "own", image="program")) as machine:
        first = quickstart(machine)
        assert first.is_proven, str(first)
        assert answer_to(lab.outsider("sender"), machine, EVE)[0] == 550

        machine.run("mailstead", "domain", "add", HOST)
        machine.run("mailstead", "account", "add", EVE, "--password-stdin", input=f"{PASSWORD}\n")

        assert answer_to(lab.outsider("sender"), machine, EVE) == (250, "2.1.5 Ok")
        send(machine, EVE, "to the mailbox")
        send(machine, "root", "from cron")
        wait_for_mail(machine, EVE, "to the mailbox")
        wait_for_mail(machine, ADMIN, "from cron")
        with lab.attacker.imaps(machine.address) as session:
            assert session.login(EVE, PASSWORD)[0] == "OK"
        assert "do not list" not in machine.run("journalctl", "-u", "postfix*").stdout
        machine.run("mailstead", "account", "remove", EVE)
        machine.run("mailstead", "domain", "remove", HOST)
        send(machine, "root", "local again")
        wait_for_mail(machine, ADMIN, "local again")
