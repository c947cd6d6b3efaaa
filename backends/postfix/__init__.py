"""Postfix: takes mail in, sends mail out."""
