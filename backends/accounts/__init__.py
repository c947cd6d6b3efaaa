"""Domains, accounts and aliases in one SQLite database that Postfix and Dovecot read."""
