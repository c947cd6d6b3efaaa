"""The step that compares the machine with what the answers ask of it."""

from collections.abc import Iterator

from backends.checks import Status
from backends.language import _, ngettext
from backends.machine.disks import MailPlace
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.needs import (
    BASE_MEMORY,
    GIBIBYTE,
    MEBIBYTE,
    MEMORY_PER_MAILBOX,
    Needs,
    needs_of,
)
from wizard.steps.question import Kind, Question, Step, StepFinding

OTHER_MAIL_SERVER = "other-mail-server"
"""The id under which preflight.py asks whether another mail server may go."""
_MANY = 100
"""Mailboxes from which on a rotating disk is felt: each message is written through to the disk."""
_LEAST_SPACE = GIBIBYTE


def step() -> Step:
    """What was found on the machine, and what of it a person accepts as it is."""
    return Step(
        name="hardware",
        title=_("Hardware"),
        why=_("A machine that is too small loses time first, and mail later."),
        help=_(
            "What this machine has is compared with what the answers ask of it, before anything is "
            "installed. A warning can be accepted: you have read it and go on all the same, and it is "
            "remembered in the answers. What would make the installation fail can't be accepted."
        ),
        sections=("hardware",),
        questions=(_accept(),),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """Processors, memory, disk, the way out for mail, other mail servers; what isn't known is left out."""
    needs = needs_of(draft)
    return (
        *_release(surroundings),
        *_cores(needs, surroundings.cores),
        *_memory(needs, surroundings.memory_bytes, has_antivirus=draft.value("antispam.antivirus") is True),
        *_space(needs, surroundings.mail_place),
        *_disk(needs, surroundings),
        *_way_out(draft, surroundings),
        *_other_mail_server(surroundings),
    )


def _accept() -> Question:
    return Question(
        key="hardware.accept",
        kind=Kind.LINES,
        label=_("Accepted warnings"),
        why=_("What you have read and accepted is not asked again, also not on the next machine."),
        help=_(
            "The ids of warnings that don't stop an installation with these answers any more. Accepting a "
            "warning in any step adds its id here; taking it out asks again."
        ),
        source=_("answers file, [hardware] accept"),
        is_expert=True,
    )


def _release(surroundings: Surroundings) -> Iterator[StepFinding]:
    if surroundings.problem:
        yield StepFinding(
            id="release",
            status=Status.FAIL,
            seen=surroundings.problem,
            wanted=_("Debian 12 (bookworm) or 13 (trixie)"),
            mend=_("install Debian 13 on this machine, or take another one"),
        )


def _cores(needs: Needs, cores: int) -> Iterator[StepFinding]:
    if not cores:
        return
    yield StepFinding(
        id="cores",
        status=Status.OK if cores >= needs.cores else Status.WARN,
        seen=ngettext("{count} processor", "{count} processors", cores).format(count=cores),
        wanted=_("{count} for {mailboxes} mailboxes").format(count=needs.cores, mailboxes=needs.mailboxes),
        mend=_("expect fewer mailboxes, or take a machine with more processors"),
        is_acceptable=True,
    )


def _memory(needs: Needs, memory: int, *, has_antivirus: bool) -> Iterator[StepFinding]:
    if not memory:
        return
    arithmetic = _("{wanted} MiB: {base} for the system, {each} for each of {mailboxes} mailboxes").format(
        wanted=needs.memory_bytes // MEBIBYTE,
        base=BASE_MEMORY // MEBIBYTE,
        each=MEMORY_PER_MAILBOX // MEBIBYTE,
        mailboxes=needs.mailboxes,
    )
    mend = _("expect fewer mailboxes, or take a machine with more memory")
    if has_antivirus:
        arithmetic += _(", and what the virus scanner takes")
        mend = _("do without the virus scanner, expect fewer mailboxes, or take a machine with more memory")
    yield StepFinding(
        id="memory",
        status=Status.OK if memory >= needs.memory_bytes else Status.WARN,
        seen=_("{count} MiB of memory").format(count=memory // MEBIBYTE),
        wanted=arithmetic,
        mend=mend,
        is_acceptable=True,
    )


def _space(needs: Needs, place: MailPlace | None) -> Iterator[StepFinding]:
    if place is None:
        return
    is_enough = place.free_bytes >= needs.space_bytes
    is_hopeless = place.free_bytes < _LEAST_SPACE
    yield StepFinding(
        id="free-space",
        status=Status.OK if is_enough else Status.FAIL if is_hopeless else Status.WARN,
        seen=_("{free} GiB are free where the mail will lie ({path})").format(
            free=_gibibytes(place.free_bytes), path=place.path
        ),
        wanted=_("{wanted} GiB, if all of {mailboxes} mailboxes are filled to their quota").format(
            wanted=_gibibytes(needs.space_bytes), mailboxes=needs.mailboxes
        ),
        mend=_("give smaller quotas, expect fewer mailboxes, or put a bigger disk below {path}").format(
            path=place.path
        ),
        is_acceptable=not is_hopeless,
    )


def _disk(needs: Needs, surroundings: Surroundings) -> Iterator[StepFinding]:
    place = surroundings.mail_place
    beneath = [disk for disk in surroundings.disks if place and disk.name in place.disks]
    rotating = [disk.name for disk in beneath if disk.is_rotational]
    if rotating:
        yield StepFinding(
            id="rotating-disk",
            status=Status.WARN if needs.mailboxes > _MANY else Status.OK,
            seen=_("the mail will lie on a rotating disk ({names})").format(names=", ".join(rotating)),
            wanted=_("an SSD for more than {count} mailboxes: each message waits for the disk").format(
                count=_MANY
            ),
            mend=_("put the mail on an SSD, or expect fewer mailboxes"),
            is_acceptable=True,
        )


def _way_out(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    relay = draft.value("protocols.relay.host")
    port_25 = surroundings.port_25
    if relay or port_25.is_open:
        seen = _("mail goes out through {host}").format(host=relay) if relay else port_25.why
        yield StepFinding(id="port-25-out", status=Status.OK, seen=seen)
    elif port_25.is_open is False:
        yield StepFinding(
            id="port-25-out",
            status=Status.WARN,
            seen=_("port 25 is blocked on the way out: {why}").format(why=port_25.why),
            wanted=_("a way for mail to other servers"),
            mend=_("ask the provider to open port 25, or give a smarthost in the step Protocols"),
            is_acceptable=True,
        )
    elif port_25.why:
        yield StepFinding(
            id="port-25-out",
            status=Status.SKIP,
            seen=_("whether port 25 is open on the way out is not known: {why}").format(why=port_25.why),
        )


def _other_mail_server(surroundings: Surroundings) -> Iterator[StepFinding]:
    package, waiting = surroundings.other_mail_server, surroundings.waiting_messages
    if package and waiting:
        yield StepFinding(
            id="waiting-mail",
            status=Status.FAIL,
            seen=ngettext(
                "{count} message waits in the queue of {package}, and would be lost",
                "{count} messages wait in the queue of {package}, and would be lost",
                waiting,
            ).format(count=waiting, package=package),
            wanted=_("an empty queue"),
            mend=_("deliver or remove them first (exim -bp lists them, exim -qff tries again)"),
        )
    if package:
        yield StepFinding(
            id=OTHER_MAIL_SERVER,
            status=Status.FAIL,
            seen=_("{package} is installed; Postfix takes its place").format(package=package),
            wanted=_("your word that it may go; mail that it has delivered stays where it is"),
            mend=_("accept this, or keep {package} and take another machine").format(package=package),
            is_acceptable=True,
        )


def _gibibytes(size: int) -> str:
    return f"{size / GIBIBYTE:.0f}" if size >= 10 * GIBIBYTE else f"{size / GIBIBYTE:.1f}"
