from pathlib import Path

import pytest

from tests.tally import Tally, main, of_report

REPORT = """<?xml version="1.0" encoding="utf-8"?>
<testsuites name="pytest tests"><testsuite name="pytest">
<testcase classname="tests.a" name="works"/>
<testcase classname="tests.a" name="breaks"><failure message="assert">no</failure></testcase>
<testcase classname="tests.a" name="cannot_start"><error message="set-up">no</error></testcase>
<testcase classname="tests.a" name="cannot_stop"/>
<testcase classname="tests.a" name="cannot_stop"><error message="clean-up">no</error></testcase>
<testcase classname="tests.a" name="not_here"><skipped message="no"/></testcase>
</testsuite></testsuites>
"""


def test_errors_count_as_failures_and_no_test_counts_twice(tmp_path: Path) -> None:
    (tmp_path / "fast.xml").write_text(REPORT)
    assert of_report(tmp_path / "fast.xml") == Tally(passed=1, failed=3, skipped=1)


def test_the_last_line_sums_all_reports_and_parts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fast.xml").write_text(REPORT)
    (tmp_path / "lab.xml").write_text(REPORT)
    (tmp_path / "parts").write_text("passed check-lint\nfailed check-types\n")
    assert main(tmp_path) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "3 passed, 7 failed, 2 skipped"


def test_a_report_that_was_cut_off_is_a_failure(tmp_path: Path) -> None:
    (tmp_path / "lab.xml").write_text(REPORT[:200])
    assert of_report(tmp_path / "lab.xml") == Tally(failed=1)


def test_a_run_without_any_test_is_not_good(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == 1
    assert capsys.readouterr().out.strip() == "0 passed, 0 failed"
