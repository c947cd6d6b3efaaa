"""What can be wrong with a wish to change domains, accounts or aliases."""

from backends.errors import MailsteadError


class NotThere(MailsteadError):
    """The domain, account or alias is not here."""


class AlreadyThere(MailsteadError):
    """The name is taken."""


class StillUsed(MailsteadError):
    """It can't go while others need it."""


class AliasLoop(MailsteadError):
    """An alias would lead back to itself."""
