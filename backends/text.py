"""Text from outside, made safe to show.

Log lines, mail headers, queue entries, DNS answers and file names come from attackers. A terminal obeys what
it is sent (OSC 52 writes the clipboard, CSI 2J clears the screen), and bidirectional controls reorder what a
person reads.
"""

import unicodedata

_CONTROL_PICTURES = 0x2400
"""Start of the block Control Pictures: U+2400 + n shows C0 control n (Unicode 15, chapter 22)."""


def _visible(code: int) -> str:
    if code < 0x20:
        return chr(_CONTROL_PICTURES + code)
    if code == 0x7F:
        return "\u2421"
    return f"<U+{code:04X}>"


def _is_harmful(character: str) -> bool:
    return unicodedata.category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co"}


def clean(text: str | bytes, limit: int | None = None) -> str:
    """The text on one line, with every control, format and bidirectional character made visible.

    Bytes are read as UTF-8, undecodable ones become U+FFFD. With `limit`, at most that many characters are
    given, the last of them an ellipsis when something was cut.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    if limit is not None and len(text) > limit:
        text = text[: max(limit - 1, 0)] + "…"
    if text.isprintable():
        return text
    return "".join(_visible(ord(c)) if _is_harmful(c) else c for c in text)


def clean_lines(text: str | bytes, limit: int | None = None) -> str:
    """Like `clean`, but line breaks stay: for a program's output of several lines."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", errors="replace")
    return "\n".join(clean(line, limit) for line in text.split("\n"))
