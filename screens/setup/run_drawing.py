"""A run as the page Apply shows it: its head with the bar, its stages, its log, and its failure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text
from textual.content import Content

from backends.language import _, ngettext
from backends.machine.dpkg_log import latest_step
from backends.text import clean, clean_lines
from screens.setup.run_words import LogLine, duration, stage_title, time_left
from wizard.pace import elapsed, left
from wizard.progress import Act, Phase, Progress, StageProgress, StageState

_TONES = {"bad": "red", "good": "green", "doubtful": "yellow"}


@dataclass(frozen=True)
class RunPicture:
    """How far a run is. `gone` says why nothing more is heard of it, and is empty while something is."""

    progress: Progress | None
    gone: str = ""

    @property
    def has_failed(self) -> bool:
        """Whether a person has to do something."""
        return self.progress is not None and (bool(self.gone) or self.progress.is_ok is False)

    def heading(self, now: datetime, share: float, width: int, *, is_ascii: bool) -> Iterator[Content]:
        """What it is at, the bar filled to `share` (0 to 1), and the times; `width` in columns."""
        progress = self.progress
        if progress is None:
            yield Content(_("Nothing is being installed")).stylize("bold")
            yield Content(_("The page Review shows what would change, and i installs it from there."))
            return
        yield Content(self._title(progress)).stylize("bold")
        yield bar(1.0 if progress.is_ok else share, width, is_ascii=is_ascii)
        rest = None if self.gone else left(progress, now)
        times = [_("{time} gone").format(time=duration(elapsed(progress, now)))]
        if rest is not None and progress.phase is not Phase.ENDED:
            times.append(time_left(rest))
        yield Content(" · ".join(times)).stylize("$text-muted")
        if not self.has_failed:
            yield Content(_now_words(progress, now, width))

    def failure(self) -> Iterator[Content]:
        """What failed, what became of what was changed, and what was seen."""
        progress = self.progress or Progress()
        failed = progress.failed_stage
        if failed is not None:
            yield Content(f"! {stage_title(failed.name)}").stylize("bold $text-error")
        yield Content(self._what_stands(progress, failed))
        yield Content(clean_lines(failed.problem if failed else self.gone or progress.problem))
        for seen in progress.failures:
            yield Content(clean(f"! {seen.title}: {seen.seen}")).stylize("$text-error")

    def _title(self, progress: Progress) -> str:
        is_rollback = progress.command == "rollback"
        if self.gone:
            return _("The run was cut off")
        match progress.phase:
            case Phase.ENDED if progress.is_ok:
                return _("The run was taken back") if is_rollback else _("Done: everything works")
            case Phase.ENDED:
                return _("It failed")
            case Phase.TAKING_BACK:
                return _("Something failed; taking it back")
            case Phase.PREPARING:
                return _("Looking at the machine once more")
            case Phase.CHANGING:
                return _("Taking the run back") if is_rollback else _("Installing")
        return _("Everything is in place; looking whether it works")

    def _what_stands(self, progress: Progress, failed: StageProgress | None) -> str:
        if self.gone:
            return _("What was done stands; trying again looks at everything and goes on from there.")
        if failed is not None and failed.state is StageState.TAKEN_BACK:
            return ngettext(
                "The one change of this stage was taken back. What was done before it stands.",
                "All {count} changes of this stage were taken back. What was done before it stands.",
                len(progress.reverted),
            ).format(count=len(progress.reverted))
        if failed is not None:
            return _("Not all of this stage could be taken back; the log (l) says what.")
        if progress.changes_done:
            return _("All changes were made and stand.")
        return _("Nothing was changed.")


def bar(share: float, width: int, *, is_ascii: bool) -> Content:
    """How much is done, 0 to 1, as wide as `width` columns allow."""
    room = max(10, width - 7)
    done = int(room * share)
    full, empty = ("#", ".") if is_ascii else ("█", "░")
    return Content.assemble(
        Content(full * done).stylize("$success"),
        Content(empty * (room - done)).stylize("$text-muted"),
        Content(f" {share:4.0%}"),
    )


def draw_stage(stage: StageProgress, width: int) -> Text:
    """A line of the list of stages."""
    mark, style, words = {
        StageState.WAITING: (" ", "dim", ""),
        StageState.WORKING: (">", "bold", f"{stage.done}/{stage.total}"),
        StageState.DONE: ("+", "green", _("done")),
        StageState.FAILED: ("!", "bold red", _("failed")),
        StageState.TAKEN_BACK: ("!", "bold red", _("failed, taken back")),
    }[stage.state]
    name = Text(f"{mark} {stage_title(stage.name)}", style=style, no_wrap=True)
    name.truncate(max(8, width - 20), overflow="ellipsis", pad=True)
    return name.append(f" {words}", style=style)


def draw_line(line: LogLine, _width: int) -> Text:
    """A line of the log."""
    return Text(f"{line.at:8}  {line.text}", style=_TONES.get(line.tone, ""), no_wrap=True)


def _now_words(progress: Progress, now: datetime, width: int) -> str:
    act = progress.act
    if progress.is_ok:
        return _("The page Proof shows what works, and what is left for you.")
    if act is None or act.since is None:
        return _("The run goes on if the line drops; mailstead finds it.")
    spent = (now - act.since).total_seconds()
    words = clean(_doing(act))
    time = f" ({duration(spent)})" if spent >= 2 else ""
    room = max(20, width - 2 - len(time))
    return f"> {Content(words).truncate(room, ellipsis=True).plain.rstrip()}{time}"


def _doing(act: Act) -> str:
    """What is done now: of an installation, which takes minutes, what dpkg is at."""
    if act.awaited:
        return _("waiting for {what}").format(what=act.awaited)
    step = latest_step(act.since) if act.since and act.key.startswith("packages:") else None
    if step is None:
        return act.summary
    words = {"unpacking": _("unpacking {package}"), "setting-up": _("setting up {package}")}
    return _("packages: {doing}").format(doing=words[step.doing].format(package=step.package))
