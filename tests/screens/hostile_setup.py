"""Runs the wizard on this terminal, with answers that hold what attackers send."""

from backends.machine.surroundings import Surroundings
from screens.app import SETUP, MailsteadApp
from screens.setup import looking
from wizard.suggestions import suggested_draft

HOSTILE = "evil\x1b]52;c;eA==\x07[/x][bold]\u202egnp.exe\x9b2J\x7f\u2028end"


def look() -> looking.FirstLook:
    """A machine and answers in which every text is an attack."""
    machine = Surroundings(hostname="mail.example.org", other_mail_server=HOSTILE, ports_held={25: HOSTILE})
    draft = suggested_draft(machine)
    for key, value in {
        "site.hostname": HOSTILE,
        "site.domains": [HOSTILE, "example.org"],
        "site.language": HOSTILE,
        "certificates.source": HOSTILE,
        "accounts.mailboxes": [{"address": HOSTILE, "password": HOSTILE, "quota": HOSTILE}],
        "logging.alerts.to": [HOSTILE],
    }.items():
        draft = draft.with_value(key, value)
    return looking.FirstLook(draft, machine, HOSTILE)


if __name__ == "__main__":
    looking.look = look
    looking.page_of_a_run = str
    MailsteadApp(SETUP).run()
