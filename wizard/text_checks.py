"""What a piece of text may be made of, so that it can't break out of its place in any server's configuration.

Every answer that is free text passes one of these: Postfix's main.cf, Dovecot's and Rspamd's braces,
nftables, systemd units, SQLite and the shell all read text that stems from here. So none lets through a line
break, a quote, a brace, a backslash, `$`, `;`, `#`, a control or a bidirectional character
(`regular_expression` says what it lets through, and why).

Each gives the text in its one normal form, or raises ValueError with words that follow the text itself, as in
`"mail example" has a space in it; …`.
"""

import re
import string
import unicodedata
import warnings
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from backends.language import _

LONGEST_ADDRESS = 240
"""RFC 5321 section 4.5.3.1.3 has 254; secrets and directories are named after addresses, and file names end
at 255.
"""
LONGEST_EXPRESSION = 200

_LETTERS_DIGITS = frozenset(string.ascii_letters + string.digits)
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CHARACTER_NAMES = {
    " ": _("a space"),
    "\t": _("a tab"),
    "\n": _("a line break"),
    "\r": _("a line break"),
    "\0": _("a NUL character"),
}
_LARGEST_REPEAT = 255

IPAddress = IPv4Address | IPv6Address
IPNetwork = IPv4Network | IPv6Network


def host_name(text: str) -> str:
    """A full host name in lower case (RFC 1123 section 2.1): two labels or more, the last no number."""
    return _dotted_name(text, _("a host name"), "mail.example.org")


def domain(text: str) -> str:
    """A mail domain in lower case; names in other scripts in their ASCII form (RFC 5890, A-labels)."""
    return _dotted_name(text, _("a domain"), "example.org")


def host_or_address(text: str) -> str:
    """A full host name, or an IP address in its shortest form."""
    if re.fullmatch(r"[0-9.]+|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*", text):
        return str(address(text))
    return host_name(text)


def mailbox_address(text: str) -> str:
    """`user@domain` in lower case: the part of RFC 5321's dot-atom that is safe as a directory's name,
    without `+`.
    """
    return _mail_address(
        text, "abcdefghijklmnopqrstuvwxyz0123456789._-", hint=_('"+" separates the folder from the name')
    )


def mail_address(text: str) -> str:
    """`user@domain` in lower case, anywhere in the world; `+` and `=` may stand before the `@`."""
    return _mail_address(text, "abcdefghijklmnopqrstuvwxyz0123456789._-+=", hint="")


def absolute_path(text: str) -> str:
    """A path from `/` on, without `..`, out of characters that mean nothing to any shell or server."""
    only(text, "._-+=@:/", 1024, _("a path"))
    if not text.startswith("/"):
        raise ValueError(_('is no whole path; write it from "/" on, like /etc/ssl/mail.pem'))
    parts = text[1:].split("/")
    if "" in parts or "." in parts or ".." in parts:
        raise ValueError(_('is no plain path; leave out "..", ".", double and trailing "/"'))
    if any(len(part) > 255 for part in parts):
        raise ValueError(_("has a part of more than 255 characters, which no file system takes"))
    return text


def address(text: str) -> IPAddress:
    """An IPv4 or IPv6 address, without a zone."""
    only(text, ".:", 45, _("an IP address"))
    try:
        return ip_address(text)
    except ValueError:
        raise ValueError(_("is no IP address; write one like 192.0.2.53 or 2001:db8::53")) from None


def network(text: str) -> IPNetwork:
    """An IPv4 or IPv6 network; a bare address is the network of that one address."""
    only(text, ".:/", 49, _("a network"))
    try:
        return ip_network(text)
    except ValueError:
        raise ValueError(_why_no_network(text)) from None


def regular_expression(text: str) -> str:
    """A regular expression for addresses, in the syntax that Python and PCRE share.

    It needs quotes, braces, backslashes and `$`. They do no harm: it is written only into Rspamd map files,
    one expression a line, where nothing but the line's end ends it. So it is one line of printable ASCII, is
    bounded, and doesn't match nothing at all (it would block everything, bounces included).
    """
    if not text:
        raise ValueError(_("is empty; leave the entry out"))
    if len(text) > LONGEST_EXPRESSION:
        raise ValueError(
            _("is {count} characters long; a regular expression may have {most}").format(
                count=len(text), most=LONGEST_EXPRESSION
            )
        )
    for character in text:
        if not " " <= character <= "~":
            raise ValueError(
                _("has {character} in it; use printable ASCII characters").format(
                    character=name_of(character)
                )
            )
    if text != text.strip():
        raise ValueError(_(r"starts or ends with a space; write \x20 if that is meant"))
    if re.search(r"\\[uUNpPXRKGQE]|\(\?[C(&]|\(\?[a-z]*[aLu]|\(\*", text):
        raise ValueError(
            _("uses something that only some programs understand; use plain regular expressions")
        )
    if any(
        int(number) > _LARGEST_REPEAT
        for number in re.findall(r"\d+", " ".join(re.findall(r"\{[\d,]*\}", text)))
    ):
        raise ValueError(
            _("repeats something more than {most} times; use a smaller count").format(most=_LARGEST_REPEAT)
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            matches_nothing = re.compile(text).search("")
    except (re.error, RecursionError, OverflowError) as error:
        raise ValueError(_("is no regular expression: {reason}").format(reason=error)) from None
    if matches_nothing:
        raise ValueError(_("matches every address there is; name what is to be blocked"))
    return text


def identifier(text: str) -> str:
    """A short name for something of ours: lower-case letters, digits, and `.`, `_`, `-` inside."""
    only(text, "._-", 64, _("a name"), letters=frozenset(string.ascii_lowercase + string.digits))
    if not text[:1].isalnum():
        raise ValueError(_("must start with a letter or a digit"))
    return text


def only(text: str, also: str, limit: int, what: str, *, letters: frozenset[str] = _LETTERS_DIGITS) -> None:
    """Raise ValueError unless the text is 1 to `limit` letters, digits and characters of `also`."""
    if not text:
        raise ValueError(_("is empty; write {what}").format(what=what))
    if len(text) > limit:
        raise ValueError(
            _("is {count} characters long; {what} may have {most}").format(
                count=len(text), what=what, most=limit
            )
        )
    for character in text:
        if character not in letters and character not in also:
            kinds = _("letters, digits") if letters is _LETTERS_DIGITS else "a-z, 0-9"
            spaces = _(", spaces") if " " in also else ""
            signs = " ".join(also.replace(" ", ""))
            raise ValueError(
                _("has {character} in it; {what} is made of {kinds}{spaces} and {signs}").format(
                    character=name_of(character), what=what, kinds=kinds, spaces=spaces, signs=signs
                )
            )


def name_of(character: str) -> str:
    """A character as a person can see it: `"$"`, `a line break`, `the invisible character U+202E`."""
    if character in _CHARACTER_NAMES:
        return _CHARACTER_NAMES[character]
    if unicodedata.category(character)[0] in "CZM":
        return _("the invisible character U+{code}").format(code=f"{ord(character):04X}")
    return _("a double quote") if character == '"' else f'"{character}"'


def _why_no_network(text: str) -> str:
    try:
        around = ip_network(text, strict=False)
    except ValueError:
        return _("is no network; write it like 192.0.2.0/24, 2001:db8::/32, or as one address")
    one = text.partition("/")[0]
    return _(
        "is an address within a network; write {network} for the network or {address} for the one address"
    ).format(network=around, address=one)


def _dotted_name(text: str, what: str, example: str) -> str:
    if not text.isascii() and text.isprintable() and len(text) <= 253 and (ascii_form := _ascii_form(text)):
        raise ValueError(_('is not in ASCII; write "{ascii}"').format(ascii=ascii_form))
    only(text, ".-", 253, what)
    name = text.lower()
    if name.endswith("."):
        raise ValueError(_("ends with a dot; write it without, like {example}").format(example=example))
    labels = name.split(".")
    for label in labels:
        if not _LABEL.fullmatch(label):
            raise ValueError(
                _(
                    'has the part "{part}" in it; each part of {what} has 1 to 63 letters, digits or hyphens '
                    "and no hyphen at its ends"
                ).format(part=label, what=what)
            )
    if labels[-1].isdigit():
        raise ValueError(
            _("ends with a number, so it is not {what}; write one like {example}").format(
                what=what, example=example
            )
        )
    if len(labels) < 2:
        raise ValueError(
            _("is only a short name; write the full one, like {example}").format(example=example)
        )
    return name


def _ascii_form(text: str) -> str:
    """The A-labels of a name, where Python's codec (IDNA 2003) and today's rules (RFC 5891) agree on them."""
    if any(character in "ßς\u200c\u200d" for character in text):
        return ""
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""


def _mail_address(text: str, allowed: str, hint: str) -> str:
    local, at, name = text.rpartition("@")
    if not at or not local or not name:
        raise ValueError(_("is no mail address; write one like anna@example.org"))
    if len(text) > LONGEST_ADDRESS:
        raise ValueError(
            _("is {count} characters long; an address may have {most}").format(
                count=len(text), most=LONGEST_ADDRESS
            )
        )
    local = local.lower() if local.isascii() else local
    if len(local) > 64:
        raise ValueError(_('has more than 64 characters before the "@" (RFC 5321)'))
    for character in local:
        if character not in allowed:
            reason = (
                hint
                if character == "+" and hint
                else _("use a-z, 0-9 and {signs}").format(signs=" ".join(allowed[36:]))
            )
            raise ValueError(
                _('has {character} before the "@"; {reason}').format(
                    character=name_of(character), reason=reason
                )
            )
    if ".." in local or local[0] in ".-" or local[-1] in ".-":
        raise ValueError(_('has a dot or hyphen at an end, or two dots in a row, before the "@"'))
    return f"{local}@{domain(name)}"
