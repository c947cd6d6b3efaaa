"""The program without a screen. Commands are loaded only when they are called, so that --help answers at
once.
"""

import sys
from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType

import click

from backends.language import _
from backends.version import VERSION
from screens.command_help import translated

_MODULES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "account": ("accounts", _("add, remove, suspend mailboxes; set passwords")),
        "alias": ("accounts", _("add and remove addresses that lead to others")),
        "answers": ("answers", _("begin an answers file, look it over, print its schema")),
        "ban": ("bans", _("who is banned; ban and unban")),
        "cert": ("cert", _("certificates on disk and as each port serves them")),
        "check": ("check", _("ask every health check")),
        "clients": ("clients", _("a set-up sheet or an Apple profile for a mailbox")),
        "dkim": ("dkim", _("the keys that sign mail; change them for new ones")),
        "dns": ("dns", _("the DNS records to publish, and what the world sees of them")),
        "domain": ("accounts", _("add and remove mail domains")),
        "drift": ("drift", _("what has been changed by hand since the last run")),
        "log": ("log", _("what the servers write, read back or followed")),
        "mend": ("mend", _("do what mends a check that fails")),
        "plan": ("plan", _("what a replay would change, touching nothing")),
        "prove": ("prove", _("send real mail through the server and read it back")),
        "queue": ("queue", _("what waits in the mail queue; hold, release, retry, delete")),
        "replay": ("replay", _("plan, apply, check and prove, without a person")),
        "reports": ("reports", _("what others report of this server's mail, and what to do")),
        "resume": ("replay", _("finish a run that was interrupted")),
        "rollback": ("rollback", _("take a run back")),
        "runs": ("runs", _("the runs there were")),
        "setup": ("setup", _("the wizard: set the server up, or change how it is")),
        "execute-run": ("execute_run", ""),
        "tls-policy": ("tls_policy", ""),
    }
)
"""Each command, the module below screens/commands it is in, and its line in the list; without one it is
hidden.
"""

_RECORDED = frozenset(
    {"account", "alias", "ban", "cert", "dkim", "dns", "domain", "mend", "queue"}
    | {"replay", "resume", "rollback"}
)
"""Commands that change things."""

_LOOKING = frozenset({"list", "show", "status", "refresh", "records", "check"})
"""Words after those that only look, or that a timer calls."""


class LazyGroup(click.Group):
    """A group that imports the module of a command when it is needed, and lists commands without
    importing.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Every command that people call."""
        return [name for name, (_module, words) in _MODULES.items() if words]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command of this name, freshly imported."""
        if cmd_name not in _MODULES:
            return None
        module = import_module(f"screens.commands.{_MODULES[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return translated(command)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """The list of commands, from the table above."""
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, words) for name, (_module, words) in _MODULES.items() if words])


@click.group(
    cls=LazyGroup,
    name="mailstead",
    context_settings={"help_option_names": ["-h", "--help"]},
    help=_(
        "Sets up and looks after this machine's mail server. Without a command: the console, or the wizard "
        "where nothing is set up yet."
    ),
    invoke_without_command=True,
)
@click.option("--read-only", "is_read_only", is_flag=True, help=_("A console that only looks."))
@click.version_option(VERSION, prog_name="mailstead")
@click.pass_context
def mailstead(context: click.Context, /, *, is_read_only: bool) -> None:
    """The root of all commands."""
    if context.invoked_subcommand is None:
        from screens.open import open_console

        open_console(is_read_only=is_read_only)
    elif is_read_only:
        raise click.UsageError(_("--read-only is for the console, which has no command after it"))


def main() -> int:
    """Run the command line, and write down what changed things; gives the exit status."""
    status = _run()
    if _changes_things(sys.argv[1:]):
        from wizard.audit import record

        record(sys.argv[1:], status)
    return status


def _changes_things(arguments: list[str]) -> bool:
    """Whether a command line may change the machine: looking at it is not worth a line in the audit log."""
    is_help = not {"--help", "-h"}.isdisjoint(arguments)
    is_looking = not _LOOKING.isdisjoint(arguments[1:2])
    return bool(arguments) and arguments[0] in _RECORDED and not is_looking and not is_help


def _run() -> int:
    try:
        mailstead.main(prog_name="mailstead", standalone_mode=False)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    except click.Abort:
        click.echo(_("stopped"), err=True)
        return 1
    except click.ClickException as wrong:
        wrong.show()
        return 2
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    except BrokenPipeError:
        return 0
    except Exception as problem:  # noqa: BLE001  told in words, or raised again
        return _report(problem)
    return 0


def _report(problem: Exception) -> int:
    """Say what went wrong in a few lines; only a mistake in Mailstead itself shows a traceback."""
    from backends.errors import MailsteadError
    from wizard.errors import AnswersError, SecretUnavailable
    from wizard.lock import RunLocked

    if not isinstance(problem, MailsteadError):
        raise problem
    click.echo(problem.describe(), err=True)
    if isinstance(problem, AnswersError | SecretUnavailable):
        return 2
    return 4 if isinstance(problem, RunLocked) else 1


if __name__ == "__main__":
    sys.exit(main())
