"""A new set of rules is on trial: unless someone confirms it, it takes itself back.

The switch is a timer of systemd, or a process of its own session where there is no systemd; both outlive
whoever set them. When it fires it loads /etc/mailstead/nftables-boot.nft, and with it the rules that were
confirmed last. Confirming first puts the new rules there: a switch that fires just then loads the new ones.
"""

import hashlib
import json
from pathlib import Path

from backends.errors import CommandFailed, MailsteadError
from backends.language import _
from backends.machine import files
from backends.machine.run import run
from backends.nftables import table

DIRECTORY = Path("/var/lib/mailstead/firewall")
CONFIRMED = DIRECTORY / "confirmed.nft"
ON_TRIAL = DIRECTORY / "trial.nft"
BOOT_RULES = Path("/etc/mailstead/nftables-boot.nft")

_LISTINGS = DIRECTORY / "listings.json"
_TIMER = "mailstead-firewall-trial"
_PID_FILE = Path("/run/mailstead-firewall-trial.pid")
_INIT_SCRIPT = "/etc/init.d/mailstead-firewall"


def begin(rules: bytes, seconds: int) -> None:
    """Set the switch, then load these rules. Raises CommandFailed; then the rules before are in force."""
    table.keep(ON_TRIAL, rules)
    _disarm()
    _arm(seconds)
    try:
        table.load(ON_TRIAL)
    except CommandFailed:
        _disarm()
        files.remove(ON_TRIAL)
        raise
    _remember(rules)


def settle(rules: bytes) -> None:
    """Load rules that need no trial: they were confirmed before."""
    table.keep(CONFIRMED, rules)
    _disarm()
    table.load(CONFIRMED)
    _remember(rules)
    files.remove(ON_TRIAL)


def forget() -> None:
    """No rules at all, now and at the next boot."""
    _disarm()
    for path in (CONFIRMED, ON_TRIAL, _LISTINGS):
        if path.exists():
            files.remove(path)
    table.delete()


def confirm() -> None:
    """Keep the rules that are on trial; nothing happens where none are.

    Raises MailsteadError where they have taken themselves back already.
    """
    if not ON_TRIAL.exists():
        return
    rules = ON_TRIAL.read_bytes()
    if loaded(table.listing()) != digest(rules):
        raise MailsteadError(
            _("the firewall's new rules took themselves back before they were confirmed"),
            next_step=_("mailstead replay loads them again"),
        )
    table.keep(CONFIRMED, rules)
    _disarm()
    if loaded(table.listing()) != digest(rules):
        table.load(CONFIRMED)
        _remember(rules)
    files.remove(ON_TRIAL)


def is_on_trial(rules_digest: str) -> bool:
    """Whether these are the rules that wait to be confirmed."""
    return ON_TRIAL.exists() and digest(ON_TRIAL.read_bytes()) == rules_digest


def is_taken_back(now: str) -> bool:
    """Whether nobody confirmed what was on trial, so that the rules before, `now`, are in force again."""
    return ON_TRIAL.exists() and now == (digest(CONFIRMED.read_bytes()) if CONFIRMED.exists() else "")


def was_confirmed(rules_digest: str) -> bool:
    """Whether these are the rules that were confirmed last."""
    return CONFIRMED.exists() and digest(CONFIRMED.read_bytes()) == rules_digest


def digest(rules: bytes) -> str:
    """What tells one set of rules from another."""
    return hashlib.sha256(rules).hexdigest()


def loaded(listed: bytes | None) -> str:
    """The digest of the rules that this table was loaded from.

    Empty where there is no table; its own digest, in brackets, where someone has changed it since.
    """
    if listed is None:
        return ""
    seen = digest(listed)
    return _listings().get(seen, f"[{seen}]")


def rules_of(listed: bytes) -> bytes:
    """The rules that this table was loaded from, or else rules that would make the same table."""
    wanted = loaded(listed)
    for path in (CONFIRMED, ON_TRIAL):
        if path.exists() and digest(path.read_bytes()) == wanted:
            return path.read_bytes()
    return table.reloadable(listed)


def _listings() -> dict[str, str]:
    """Digest of a listing to digest of the rules behind it: a listing never equals the text it came from."""
    try:
        found = json.loads(_LISTINGS.read_bytes())
    except (OSError, ValueError):
        return {}
    return dict(found)


def _remember(rules: bytes) -> None:
    listed = table.listing()
    if listed is None:
        return
    confirmed = digest(CONFIRMED.read_bytes()) if CONFIRMED.exists() else ""
    still_of_use = {seen: of for seen, of in _listings().items() if of == confirmed}
    content = json.dumps(still_of_use | {digest(listed): digest(rules)}, indent=1)
    table.keep(_LISTINGS, content.encode())


def _arm(seconds: int) -> None:
    if Path("/run/systemd/system").is_dir():
        take_back = ["/usr/sbin/nft", "-f", str(BOOT_RULES)]
        timer = [f"--unit={_TIMER}", f"--on-active={seconds}s", "--timer-property=AccuracySec=1s"]
        words = "--description=Takes the firewall's new rules back unless they are confirmed"
        run(["systemd-run", "--quiet", "--collect", words, *timer, "--", *take_back])
    else:
        detached = [
            "start-stop-daemon",
            "--start",
            "--background",
            "--make-pidfile",
            "--pidfile",
            str(_PID_FILE),
        ]
        run([*detached, "--startas", _INIT_SCRIPT, "--", "take-back-after", str(seconds)])


def _disarm() -> None:
    """Stop the switch; fine where none is set. One that fires all the same does no harm, see above."""
    if Path("/run/systemd/system").is_dir():
        run(["systemctl", "stop", f"{_TIMER}.timer"], check=False)
    elif _PID_FILE.exists():
        run(["start-stop-daemon", "--stop", "--oknodo", "--remove-pidfile", "--pidfile", str(_PID_FILE)])
