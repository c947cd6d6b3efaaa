"""Where the answers in force and the records of runs are."""

from pathlib import Path

ANSWERS_FILE = Path("/etc/mailstead/answers.toml")
RUNS = Path("/var/lib/mailstead/runs")
