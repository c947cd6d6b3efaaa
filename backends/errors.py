"""The one family of errors: what was tried, what was seen, what to do next."""


class MailsteadError(Exception):
    """Something a person has to know about.

    `message` is one sentence; `tried`, `seen` and `next_step` are there when they help. Faces show
    `describe()`, never a traceback.
    """

    def __init__(self, message: str, *, tried: str = "", seen: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.tried = tried
        self.seen = seen
        self.next_step = next_step

    def describe(self) -> str:
        """The whole error as a few lines of text, safe to print."""
        lines = [self.message]
        lines += [f"  tried: {self.tried}"] if self.tried else []
        lines += [f"  seen:  {line}" for line in self.seen.splitlines() if line.strip()]
        lines += [f"  next:  {self.next_step}"] if self.next_step else []
        return "\n".join(lines)


class CommandFailed(MailsteadError):
    """A program ended with an exit status that was not expected, or could not be started."""


class ValidationFailed(MailsteadError):
    """A system refused its new configuration when asked to check it."""


class ActivationFailed(MailsteadError):
    """A service did not come up with its new configuration."""
