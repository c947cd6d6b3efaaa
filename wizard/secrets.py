"""References to secrets: the answers say where a password is, never what it is.

| written                | the secret is                                             |
| ---------------------- | --------------------------------------------------------- |
| `"generate"`           | made by Mailstead and kept in /etc/mailstead/secrets/NAME |
| `"secret:NAME"`        | in /etc/mailstead/secrets/NAME                            |
| `"file:/etc/db.pass"`  | in that file                                              |
| `"env:DB_PASSWORD"`    | in that variable of the environment                       |

A secret is one line of text; the line break at its end is not part of it.
"""

import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from backends.language import _
from backends.text import clean
from wizard.errors import SecretUnavailable
from wizard.text_checks import absolute_path

SECRETS_DIRECTORY = Path("/etc/mailstead/secrets")
LONGEST_SECRET = 1024
"""Characters. Argon2 and every SASL mechanism in use take this much."""

Kind = Literal["generate", "secret", "file", "env"]

_SECRET_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,254}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Letters and digits that nobody mixes up on paper or on the telephone: no 0 and o, no 1, i and l."""
_GROUPS, _GROUP_LENGTH = 5, 4
"""20 characters out of 31 are 99 bits."""


class SecretInTheOpenError(ValueError):
    """A password stands where a reference to it belongs. Its message never holds the value."""


@dataclass(frozen=True)
class SecretReference:
    """Where a secret is. Holds no secret itself, so it may be shown, logged and compared."""

    kind: Kind
    target: str = ""

    def __str__(self) -> str:
        return self.kind if self.kind == "generate" else f"{self.kind}:{self.target}"

    @property
    def is_generated(self) -> bool:
        """Whether Mailstead makes this secret itself where it isn't there yet."""
        return self.kind == "generate"

    def path(self, default_name: str, directory: Path = SECRETS_DIRECTORY) -> Path | None:
        """The file that holds the secret; None where it comes from the environment.

        `default_name` names the file of a generated secret, after the place where its reference stands, such
        as `mailbox-admin@example.test`.
        """
        if self.kind == "env":
            return None
        if self.kind == "file":
            return Path(self.target)
        return directory / checked_name(default_name if self.is_generated else self.target)

    def location(self, default_name: str, directory: Path = SECRETS_DIRECTORY) -> str:
        """Where the secret is, in words for a person."""
        path = self.path(default_name, directory)
        return str(path) if path else f"the environment variable {self.target}"


GENERATE = SecretReference("generate")


def parse_reference(text: str) -> SecretReference:
    """The reference that a text stands for; raises ValueError without repeating the text, which may be a
    password.
    """
    if text == "generate":
        return GENERATE
    kind, colon, target = text.partition(":")
    if not colon or kind not in {"secret", "file", "env"}:
        raise SecretInTheOpenError(
            _(
                'must not hold the password itself. Write "generate" to have one made, or put it on one '
                'line of a file that only root can read and write "file:/path/of/the/file"; '
                '"secret:NAME" means {secrets_directory}/NAME, "env:VAR" an environment variable'
            ).format(secrets_directory=SECRETS_DIRECTORY)
        )
    if kind == "secret":
        return SecretReference("secret", checked_name(target))
    if kind == "file":
        return SecretReference("file", _checked_path(target))
    if not _VARIABLE.fullmatch(target):
        raise SecretInTheOpenError(
            _(
                'names no environment variable after "env:". A name is made of letters, digits and "_", as '
                'in "env:RELAY_PASSWORD"'
            )
        )
    return SecretReference("env", target)


def checked_name(name: str) -> str:
    """A name that is a plain file name below the directory of secrets; raises ValueError for others."""
    if not _SECRET_NAME.fullmatch(name):
        raise SecretInTheOpenError(
            _(
                'names no secret after "secret:". A name is made of a-z, 0-9 and . _ @ - and starts with a '
                'letter or digit, as in "secret:relay"'
            )
        )
    return name


def resolve(
    reference: SecretReference,
    default_name: str,
    directory: Path = SECRETS_DIRECTORY,
    environment: Mapping[str, str] = os.environ,
) -> str:
    """The secret itself. Raises SecretUnavailable where it is missing, open to others, or no line of text.

    A generated secret is read like any other: whoever makes it writes it to `reference.path(default_name)`
    first.
    """
    where = reference.location(default_name, directory)
    path = reference.path(default_name, directory)
    if path is not None:
        text = _read(path, reference)
    elif reference.target in environment:
        text = environment[reference.target]
    else:
        raise SecretUnavailable(
            _("{where} is not set").format(where=where),
            next_step=_("set {target} before starting Mailstead").format(target=reference.target),
        )
    return _one_line(text, where)


def generate_password() -> str:
    """A new password of 99 random bits, in groups that can be read out: `k7mw-…`, 24 characters."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def _checked_path(path: str) -> str:
    try:
        return absolute_path(path)
    except ValueError:
        raise SecretInTheOpenError(
            _(
                'names no file after "file:". Write its whole path, from "/" on, out of letters, digits '
                'and . _ - + = @ : without "..", as in "file:/root/relay.password"'
            )
        ) from None


def _read(path: Path, reference: SecretReference) -> str:
    try:
        # not blocking: a pipe that nobody writes to must not stop a run
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise SecretUnavailable(
                    _("{path} is no ordinary file").format(path=path), next_step=_("put the secret in a file")
                )
            if status.st_mode & stat.S_IRWXO:
                raise SecretUnavailable(
                    _("{path} is open to every user of this machine").format(path=path),
                    next_step=_("chmod 600 {path}").format(path=path),
                )
            content = file.read(LONGEST_SECRET * 4 + 1)
    except FileNotFoundError as error:
        raise SecretUnavailable(
            _("the secret in {path} is not there").format(path=path),
            next_step=_("replay the answers, which makes it")
            if reference.is_generated
            else _("write it, on one line, into {path}, readable for root only").format(path=path),
        ) from error
    except OSError as error:
        raise SecretUnavailable(
            _("{path} can't be read").format(path=path), seen=clean(error.strerror or str(error))
        ) from error
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        # "from None": the decoding error carries the bytes of the secret
        raise SecretUnavailable(
            _("{path} is not UTF-8 text").format(path=path), next_step=_("save it as UTF-8")
        ) from None


def _one_line(text: str, where: str) -> str:
    secret = text.removesuffix("\n").removesuffix("\r")
    if not secret:
        raise SecretUnavailable(
            _("the secret in {where} is empty").format(where=where),
            next_step=_("write it there, on one line"),
        )
    if len(secret) > LONGEST_SECRET:
        raise SecretUnavailable(
            _("the secret in {where} is longer than {most} characters").format(
                where=where, most=LONGEST_SECRET
            )
        )
    if not secret.isprintable():
        raise SecretUnavailable(
            _("the secret in {where} has a line break or a control character in it").format(where=where),
            next_step=_("write it there on one line"),
        )
    return secret
