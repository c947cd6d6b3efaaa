"""Regular expressions of the answers, in the syntax of Rspamd's map files."""

import re


def map_line(expression: str) -> str:
    r"""One line of a regexp map: `/…/i`, matching wherever the expression does, in either case.

    The line ends at a `/` without a backslash, `#` begins a comment and a space ends the key: these
    are written as `\x23` and `\x20`, which mean the same. Answers let no line break in.
    """
    if "\n" in expression or "\r" in expression:
        raise ValueError("a regular expression of one line is needed")
    escapes = {"/": r"\/", "#": r"\x23", " ": r"\x20"}
    inner = re.sub(
        r"\\(.)|([/# ])",
        lambda found: escapes.get(found[1] or found[2], found[0]),
        expression,
        flags=re.DOTALL,
    )
    return f"/{inner}/i"
