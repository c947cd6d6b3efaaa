"""Dovecot: keeps the mail, lets people read it, knows who may log in."""
