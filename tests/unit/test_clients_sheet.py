"""The set-up sheet: what is on it, how wide it is, and that its QR code is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backends.certificates.authority import new_authority
from backends.certificates.keys import new_authority_key
from backends.clients import qr_code
from backends.clients.settings import MailAccess, MailService
from backends.clients.sheet import Sheet, code_lines, html, text_lines
from backends.clients.words import fingerprint

ACCESS = MailAccess(
    "mail.example.test",
    (MailService("imap", 993, "tls"),),
    (MailService("smtp", 465, "tls"), MailService("smtp", 587, "starttls")),
    has_pages=True,
)
ADDRESS = "anna@example.test"
LABEL = st.from_regex(r"[a-z]{1,60}", fullmatch=True)


@pytest.fixture(scope="module")
def authority() -> bytes:
    return new_authority(new_authority_key(), "Mailstead CA of mail.example.test", 30)


def test_it_has_what_a_mail_program_asks_for() -> None:
    lines = text_lines(Sheet(ADDRESS, ACCESS))

    assert lines[:8] == (
        "Mail for anna@example.test",
        "==========================",
        "",
        "Server     mail.example.test",
        "Reading    IMAP, port 993, SSL/TLS, normal password",
        "Sending    SMTP, port 465, SSL/TLS, normal password",
        "Sending    SMTP, port 587, STARTTLS, normal password",
        "User name  anna@example.test",
    )
    assert lines[-1] == "More, for every device: https://mail.example.test/"


def test_with_an_own_authority_there_is_a_fingerprint_to_compare(authority: bytes) -> None:
    lines = text_lines(Sheet(ADDRESS, ACCESS, authority))

    expected = fingerprint(authority)
    (first,) = (number for number, line in enumerate(lines) if line.startswith("Authority"))
    assert lines[first].removeprefix("Authority").strip() == f"SHA-256 {expected[:48]}"
    assert lines[first + 1].strip() == expected[48:]


def test_without_pages_there_is_neither_link_nor_code() -> None:
    sheet = Sheet(ADDRESS, MailAccess(ACCESS.hostname, ACCESS.incoming, ACCESS.outgoing))

    assert "https" not in "\n".join(text_lines(sheet))
    assert code_lines(sheet) == ()
    assert b"<svg" not in html(sheet)


@given(labels=st.lists(LABEL, min_size=2, max_size=4), user=LABEL, has_blocks=st.booleans())
def test_no_line_is_wider_than_a_terminal(labels: list[str], user: str, has_blocks: bool) -> None:
    name = ".".join(labels)
    sheet = Sheet(f"{user}@{name}", MailAccess(name, ACCESS.incoming, ACCESS.outgoing, has_pages=True))

    lines = (*text_lines(sheet)[2:], *code_lines(sheet, has_blocks=has_blocks))

    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("has_blocks", [True, False])
def test_the_code_is_the_one_of_the_page(has_blocks: bool) -> None:
    lines = code_lines(Sheet(ADDRESS, ACCESS), has_blocks=has_blocks)
    text = ACCESS.url

    drawn = _from_blocks(lines) if has_blocks else _from_signs(lines)

    border = qr_code.QUIET
    modules = [row[border:-border] for row in drawn[border : border + len(drawn[0]) - 2 * border]]
    assert modules == _expected(text)
    assert not any(any(row[:border]) for row in drawn)


def test_the_code_keeps_to_signs_that_every_terminal_has_where_it_must() -> None:
    assert set("".join(code_lines(Sheet(ADDRESS, ACCESS), has_blocks=False))) == {"#", " "}


def test_a_code_without_room_is_left_out() -> None:
    assert qr_code.half_blocks("https://mail.example.test/", 20) == ()
    assert qr_code.ascii_blocks("https://mail.example.test/", 50) == ()


def test_the_page_to_print_needs_no_other_file(authority: bytes) -> None:
    page = html(Sheet(ADDRESS, ACCESS, authority)).decode()

    assert "<svg" in page
    assert ADDRESS in page
    assert "<script" not in page
    assert "src=" not in page


def _expected(text: str) -> list[list[bool]]:
    import segno

    code = segno.make_qr(text, error="l", boost_error=True)
    return [[bool(module) for module in row] for row in code.matrix]


def _from_blocks(lines: tuple[str, ...]) -> list[list[bool]]:
    rows = []
    for line in lines:
        rows.append([sign in "▀█" for sign in line])
        rows.append([sign in "▄█" for sign in line])
    return rows


def _from_signs(lines: tuple[str, ...]) -> list[list[bool]]:
    return [[line[at : at + 2] == "##" for at in range(0, len(line), 2)] for line in lines]
