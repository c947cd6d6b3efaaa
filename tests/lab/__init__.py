"""Boots real Debian machines on a small private network, for tests that mock nothing a server does."""
