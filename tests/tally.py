"""Counts what a whole run of tests/run found: `python -m tests.tally DIRECTORY`, the last line it prints."""

import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree


@dataclass(frozen=True)
class Tally:
    """How many tests and other checks passed, failed (errors are failures) and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    @property
    def is_good(self) -> bool:
        """Something ran and nothing failed."""
        return self.passed > 0 and self.failed == 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def main(directory: Path) -> int:
    """Prints the sum of the directory's pytest reports and its file `parts`; 0 when all is good."""
    total = sum((of_report(report) for report in sorted(directory.glob("*.xml"))), Tally())
    total += of_parts(directory / "parts")
    print(f"\n{total}", flush=True)
    (directory / "counted").touch()
    return 0 if total.is_good else 1


def of_report(report: Path) -> Tally:
    """One JUnit report of pytest. A case that failed and whose clean-up failed too is one failure."""
    try:
        cases = list(ElementTree.parse(report).iter("testcase"))
    except (ElementTree.ParseError, OSError):
        return Tally(failed=1)  # pytest was ended while it wrote
    outcomes: dict[tuple[str, str], str] = {}
    for case in cases:
        name = (case.get("classname", ""), case.get("name", ""))
        if case.find("failure") is not None or case.find("error") is not None:
            outcomes[name] = "failed"
        elif case.find("skipped") is not None:
            outcomes.setdefault(name, "skipped")
        else:
            outcomes.setdefault(name, "passed")
    counts = list(outcomes.values())
    return Tally(counts.count("passed"), counts.count("failed"), counts.count("skipped"))


def of_parts(parts: Path) -> Tally:
    """The parts that are not pytest's own, one a line: `passed NAME` or `failed NAME`."""
    lines = parts.read_text().splitlines() if parts.exists() else []
    words = [line.split()[0] for line in lines]
    return Tally(words.count("passed"), words.count("failed"))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
