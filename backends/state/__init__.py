"""Mailstead's own places on the machine."""
