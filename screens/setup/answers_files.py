"""Answers kept in files of the person's own: what saving and loading ask and say."""

import asyncio
import errno
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App

from backends.language import _, ngettext
from backends.text import clean
from screens.setup.file_dialog import FileDialog
from screens.widgets.confirm import Confirm
from screens.widgets.help_screen import HelpScreen

if TYPE_CHECKING:
    from wizard.draft import Draft

SUGGESTED_PATH = "/root/mailstead-answers.toml"


async def save(app: "App[None]", draft: "Draft") -> Path | None:
    """Ask where to, and write the answers there; gives where they are, None where that came to nothing."""
    from wizard.answers_file import dump
    from wizard.answers_file import save as write
    from wizard.errors import AnswersError
    from wizard.places import ANSWERS_FILE

    try:
        answers = await asyncio.to_thread(draft.answers)
    except AnswersError:
        app.push_screen(HelpScreen(_("These answers can't be saved yet"), _mistakes(draft)))
        return None
    words = _("Another server can be set up from it: mailstead replay --answers FILE. It holds no password.")
    asked = await app.push_screen_wait(FileDialog(_("Save the answers"), words, SUGGESTED_PATH, _("Save")))
    if asked is None:
        return None
    path = _path(asked)
    if path == ANSWERS_FILE:
        _complain(app, _("That file holds the answers in force; it is written when they are applied."))
        return None
    question = Confirm(_("Write over {path}?").format(path=clean(str(path))), yes=_("Write over it"))
    try:
        if await asyncio.to_thread(_is_file, path) and not await app.push_screen_wait(question):
            return None
        await asyncio.to_thread(write, answers, path)
    except OSError as problem:
        _complain(app, _why_not(path, problem))
        return None
    app.notify(_("Saved in {path}.").format(path=clean(str(path))), markup=False)
    text = dump(answers)
    if names := [name for name in draft.typed if f'"secret:{name}"' in text]:
        files = ", ".join(f"/etc/mailstead/secrets/{name}" for name in names)
        words = _("What you typed as a secret is not in it. For a replay elsewhere, write it there: {files}")
        app.notify(words.format(files=files), timeout=20, markup=False)
    return path


async def load(app: "App[None]", draft: "Draft", *, is_changed: bool) -> "tuple[Draft, Path] | None":
    """Ask for a file and read it; gives both, None where that came to nothing, which the person was told."""
    from wizard.answers_file import load as read
    from wizard.draft import Draft
    from wizard.errors import AnswersError

    words = _("All answers are taken from the file, and nothing is changed on this machine.")
    asked = await app.push_screen_wait(FileDialog(_("Load answers"), words, SUGGESTED_PATH, _("Load")))
    if asked is None:
        return None
    path = _path(asked)
    try:
        answers = await asyncio.to_thread(read, path)
    except AnswersError as error:
        wrong = "\n".join(clean(str(mistake)) for mistake in error.mistakes)
        app.push_screen(HelpScreen(_("These answers can't be loaded"), f"{error.source}\n{wrong}"))
        return None
    question = _("Forget what you have answered here?")
    if is_changed and not await app.push_screen_wait(Confirm(question, yes=_("Load the file"))):
        return None
    app.notify(_("Loaded {path}.").format(path=clean(asked)), markup=False)
    loaded = Draft.from_answers(answers)
    return replace(loaded, in_force=loaded.in_force | draft.in_force), path


def file_with(draft: "Draft", files: Iterable[Path]) -> Path | None:
    """The first of these files that holds just these answers; None where none does, or they aren't whole."""
    from wizard.answers_file import load as read
    from wizard.errors import AnswersError

    def holds_them(path: Path) -> bool:
        try:
            return path.is_file() and read(path) == answers
        except (AnswersError, OSError):
            return False

    try:
        answers = draft.answers()
    except AnswersError:
        return None
    return next(filter(holds_them, files), None)


def _path(asked: str) -> Path:
    """Where that is, seen from here."""
    return Path(os.path.abspath(os.path.expanduser(asked)))  # noqa: PTH100, PTH111  raises nothing


def _is_file(path: Path) -> bool:
    """Whether there is one already; raises OSError where none can be."""
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    return path.exists()


def _mistakes(draft: "Draft") -> str:
    """What is wrong in every step."""
    from wizard.steps import steps

    found = [
        f"{step.title}, {step.label_at(key)}: {clean(words)}"
        for step in steps()
        for key, words in step.mistakes(draft).items()
    ]
    first = ngettext(
        "One answer has to be mended first:", "{count} answers have to be mended first:", len(found)
    )
    return "\n".join([first.format(count=len(found)), *found[:50]])


def _why_not(path: Path, problem: OSError) -> str:
    return _("{path} can't be written: {why}").format(
        path=clean(str(path)), why=clean(problem.strerror or str(problem))
    )


def _complain(app: "App[None]", words: str) -> None:
    app.notify(words, severity="error", timeout=12, markup=False)
