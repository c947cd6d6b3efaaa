"""The remote mail domain: a plain Postfix that is not of Mailstead's making, with two mailboxes."""

import email
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage

from tests.lab.dns import Dns
from tests.lab.host import LabError
from tests.lab.machine import Machine

DOMAIN = "other.test"
USERS = ("bob", "carol")
CERTIFICATE = "/etc/postfix/certificate.pem"

_MAIN_CF = """\
compatibility_level = 3.6
myhostname = {host}
mydestination = {domain}, {host}, localhost
mynetworks = 127.0.0.0/8 [::1]/128
home_mailbox = Maildir/
inet_protocols = all
alias_maps =
alias_database =
biff = no
smtpd_tls_chain_files = /etc/postfix/tls.pem
smtpd_tls_security_level = may
smtp_tls_security_level = may
smtp_tls_loglevel = 1
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
minimal_backoff_time = 5s
maximal_backoff_time = 10s
queue_run_delay = 5s
maillog_file = /var/log/maillog
"""


@dataclass
class Remote:
    """The server of other.test, and what its users see."""

    machine: Machine
    domain: str = DOMAIN

    @classmethod
    def set_up(cls, machine: Machine, dns: Dns, domain: str = DOMAIN) -> "Remote":
        """Configures Postfix on a machine that has its package, and publishes MX and SPF for the domain."""
        for user in USERS:
            machine.run("useradd", "--create-home", user)
        host = f"{machine.name}.{domain}"
        subject = ("-subj", f"/CN={host}", "-days", "30")
        files = ("-keyout", "/etc/postfix/key.pem", "-out", CERTIFICATE)
        machine.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files)
        chain = machine.read("/etc/postfix/key.pem") + machine.read(CERTIFICATE)
        machine.write("/etc/postfix/tls.pem", chain, 0o600)
        machine.write("/etc/postfix/main.cf", _MAIN_CF.format(host=host, domain=domain))
        # Debian's unit copies these into the chroot too; postfix itself is what the tests want up.
        machine.run("systemctl", "restart", "postfix")
        dns.set(domain, "@", "MX", f"10 {host}.")
        dns.set(domain, "@", "TXT", "v=spf1 mx -all")
        dns.set(domain, machine.name, "TXT", "v=spf1 a -all")
        machine.wait_for("postfix", "status")
        return cls(machine, domain)

    def send(
        self,
        from_: str,
        to: str,
        subject: str,
        body: str = "Hello.",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Hands one message to the remote Postfix, which delivers it by MX like anybody's mail."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = from_, to, subject
        for name, value in (headers or {}).items():
            message[name] = value
        message.set_content(body)
        self.machine.run("sendmail", "-i", "-f", from_, to, input=message.as_string())

    def mail_of(self, user: str) -> list[EmailMessage]:
        """The messages in a user's mailbox, oldest first."""
        listing = self.machine.run(
            "find", f"/home/{user}/Maildir/new", "-type", "f", "-printf", "%T@ %p\\n", check=False
        ).stdout
        paths = [line.split(" ", 1)[1] for line in sorted(listing.splitlines())]
        return [email.message_from_string(self.machine.read(path), policy=policy.default) for path in paths]

    def wait_for_mail(self, user: str, subject: str, timeout: float = 30) -> EmailMessage:
        """The first message with that subject. Raises LabError, with queue and log, if none comes."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            for message in self.mail_of(user):
                if message["Subject"] == subject:
                    return message
            time.sleep(0.2)
        raise LabError(
            f"{user} got no message {subject!r} in {timeout} s\n{self.queue()}\n{self.log()[-3000:]}"
        )

    def queue(self) -> str:
        """What mailq(1) says."""
        return self.machine.run("mailq").stdout

    def log(self) -> str:
        """Postfix's log since the machine was made."""
        return self.machine.run("cat", "/var/log/maillog", check=False).stdout
