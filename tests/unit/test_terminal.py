"""What a terminal can show, as its environment tells."""

import pytest

from screens import terminal


@pytest.mark.parametrize("term", ["", "dumb", "unknown"])
def test_a_terminal_that_cannot_place_text_is_refused_by_name(
    term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    words = terminal.refusal({"TERM": term})

    assert (term or "not set") in words


def test_what_is_no_terminal_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)

    assert "not a terminal" in terminal.refusal({"TERM": "xterm-256color"})


def test_a_usual_terminal_is_welcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)

    assert terminal.refusal({"TERM": "xterm-256color"}) == ""


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "linux", "LANG": "en_GB.UTF-8"},
        {"TERM": "vt220", "LANG": "en_GB.UTF-8"},
        {"TERM": "xterm-256color", "LANG": "C"},
        {"TERM": "xterm-256color", "LANG": "en_GB.UTF-8", "LC_ALL": "POSIX"},
    ],
)
def test_consoles_and_other_charsets_get_plain_borders(environment: dict[str, str]) -> None:
    assert terminal.has_few_glyphs(environment)


@pytest.mark.parametrize(
    "environment",
    [
        {"TERM": "xterm-256color", "LANG": "C.UTF-8"},
        {"TERM": "xterm-256color", "LANG": "ja_JP.utf8"},
        {"TERM": "screen-256color"},
    ],
)
def test_usual_terminals_get_the_full_borders(environment: dict[str, str]) -> None:
    assert not terminal.has_few_glyphs(environment)


@pytest.mark.parametrize(
    ("environment", "few"),
    [
        ({"TERM": "linux"}, True),
        ({"TERM": "xterm"}, True),
        ({"TERM": "xterm-16color"}, True),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm-256color"}, False),
        ({"TERM": "tmux-256color"}, False),
    ],
)
def test_only_sixteen_colours_are_used_where_no_more_are_sure(environment: dict[str, str], few: bool) -> None:
    assert terminal.has_few_colours(environment) is few
