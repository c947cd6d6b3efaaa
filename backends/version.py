"""Which version of Mailstead this is; pyproject.toml reads it from here too."""

VERSION = "0.1.0"
