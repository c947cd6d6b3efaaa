"""The step that asks where backups go, how often, and how they are tried."""

from collections.abc import Iterator

from backends.checks import Status
from backends.language import _
from backends.machine.surroundings import Surroundings
from wizard.draft import Draft
from wizard.steps.missing_secrets import missing_secret
from wizard.steps.question import Choice, Kind, Question, Step, StepFinding


def step() -> Step:
    """Places first, then times, then how long."""
    return Step(
        name="backups",
        title=_("Backups"),
        why=_("Disks die, people delete, and break-ins encrypt: only a backup brings mail back."),
        help=_(
            "Mail, accounts, answers and secrets are saved, encrypted before they leave this machine. A "
            "backup that was never read back is only a hope, so restoring is tried regularly. Keep the "
            "repository's password somewhere else as well: without it nobody can read the backup, you "
            "included."
        ),
        sections=("backups",),
        questions=(_repositories(), _schedule(), *_keep(), _check(), _drill(), _engine()),
        findings=findings,
    )


def findings(draft: Draft, surroundings: Surroundings) -> tuple[StepFinding, ...]:
    """No backup, one that dies with the machine, and passwords that are nowhere."""
    return (*_where_they_go(draft), *_missing_passwords(draft, surroundings))


def _repositories() -> Question:
    return Question(
        key="backups.repositories",
        kind=Kind.ROWS,
        label=_("Repositories"),
        why=_("At least one should be in another building."),
        help=_(
            "One row for each place that backups go to. One on this machine brings back a deleted message "
            "fast; one elsewhere is there when this machine is not."
        ),
        source=_("restic documentation, Preparing a new repository"),
        columns=(
            Question(
                key="name",
                kind=Kind.TEXT,
                label=_("Name"),
                why=_("It stands in lists and messages."),
                help=_("A short name, like local or cellar: a-z, 0-9 and . _ - ."),
                source=_("answers file, [[backups.repositories]]"),
            ),
            Question(
                key="url",
                kind=Kind.TEXT,
                label=_("Place"),
                why=_("A disk, a server or a store that this machine can reach by itself."),
                help=_(
                    "A path on this machine, sftp:user@host:/path, s3:https://host/bucket or "
                    "rest:https://host/ . A password never stands in it."
                ),
                source=_("restic documentation, Preparing a new repository"),
            ),
            Question(
                key="password",
                kind=Kind.SECRET,
                label=_("Password"),
                why=_("The backup is encrypted with it: without it nobody can read it, you included."),
                help=_(
                    "Let one be made, and write it down somewhere else. Or type one. It is kept in a file "
                    "that only root can read."
                ),
                source=_("restic documentation, Keys and passwords"),
                choices=(Choice("generate", _("Make one"), _("99 random bits")),),
            ),
        ),
    )


def _schedule() -> Question:
    return Question(
        key="backups.schedule",
        kind=Kind.TEXT,
        label=_("How often"),
        why=_("What came in since the last backup is lost with the disk."),
        help=_(
            "daily, hourly, or any time that systemd knows, like *-*-* 02:30. Only what is new is saved, so "
            "that a backup after the first takes minutes."
        ),
        source=_("systemd.time(7), calendar events"),
        choices=(Choice("daily", _("Every night")), Choice("hourly", _("Every hour"))),
    )


def _keep() -> tuple[Question, ...]:
    return (
        Question(
            key="backups.keep.daily",
            kind=Kind.WHOLE,
            label=_("Days kept"),
            why=_("A mistake that is noticed within days can be undone to the day."),
            help=_("For so many days, the last backup of each is kept."),
            source=_("restic-forget(1), --keep-daily"),
            is_expert=True,
        ),
        Question(
            key="backups.keep.weekly",
            kind=Kind.WHOLE,
            label=_("Weeks kept"),
            why=_("For what is noticed after a holiday."),
            help=_("For so many weeks, the last backup of each is kept."),
            source=_("restic-forget(1), --keep-weekly"),
            is_expert=True,
        ),
        Question(
            key="backups.keep.monthly",
            kind=Kind.WHOLE,
            label=_("Months kept"),
            why=_("For what nobody missed for a long time."),
            help=_(
                "For so many months, the last backup of each is kept. Mail that somebody has to have "
                "deleted, by law or by request, stays in these backups for as long."
            ),
            source=_("restic-forget(1), --keep-monthly"),
            is_expert=True,
        ),
    )


def _check() -> Question:
    return Question(
        key="backups.check",
        kind=Kind.TEXT,
        label=_("Repositories are verified"),
        why=_("A disk that rots does so in silence."),
        help=_(
            "How often the repositories are read and compared with their checksums: weekly, monthly, or any "
            "time that systemd knows."
        ),
        source=_("restic-check(1); systemd.time(7)"),
        is_expert=True,
        choices=(Choice("weekly", _("Every week")), Choice("monthly", _("Every month"))),
    )


def _drill() -> Question:
    return Question(
        key="backups.drill",
        kind=Kind.TEXT,
        label=_("Restoring is tried"),
        why=_("Only what was brought back once can be brought back."),
        help=_(
            "How often mail is really restored, into a place of its own, and compared. Nothing that is in "
            "use changes."
        ),
        source=_("restic-restore(1); systemd.time(7)"),
        is_expert=True,
        choices=(Choice("weekly", _("Every week")), Choice("monthly", _("Every month"))),
    )


def _engine() -> Question:
    return Question(
        key="backups.engine",
        kind=Kind.CHOICE,
        label=_("Backup program"),
        why=_("restic needs nothing but a place; the others fit where they are in use already."),
        help=_(
            "restic saves encrypted and without duplicates to all places above. With Bacula or BackupPC this "
            "machine becomes a client of a backup server that you have already."
        ),
        source=_("restic(1); bacula.org; backuppc.github.io"),
        is_expert=True,
        choices=(
            Choice("restic", _("restic"), _("right for nearly everyone")),
            Choice("bacula", _("Bacula"), _("where there is a Bacula director")),
            Choice("backuppc", _("BackupPC"), _("where there is a BackupPC server")),
        ),
    )


def _where_they_go(draft: Draft) -> Iterator[StepFinding]:
    places = [str(row["url"] or "") for row in draft.rows("backups.repositories")]
    if not places:
        yield StepFinding(
            id="no-backup",
            status=Status.WARN,
            seen=_("there is no repository, so nothing is saved"),
            wanted=_("a repository on another machine"),
            mend=_("add a repository"),
            is_acceptable=True,
        )
    elif all(place.startswith("/") for place in places):
        yield StepFinding(
            id="backup-on-this-machine",
            status=Status.WARN,
            seen=_("backups stay on this machine, and are lost with it"),
            wanted=_("a second repository on another machine"),
            mend=_("add one by SFTP, S3 or REST; or accept this, if the path is a disk from elsewhere"),
            is_acceptable=True,
        )


def _missing_passwords(draft: Draft, surroundings: Surroundings) -> Iterator[StepFinding]:
    for number, row in enumerate(draft.rows("backups.repositories")):
        label = _("Password of {name}").format(name=row["name"] or number + 1)
        yield from missing_secret(draft, surroundings, f"backups.repositories.{number}.password", label)
