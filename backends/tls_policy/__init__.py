"""How mail to other servers is encrypted: DANE where they have it, else their MTA-STS policy."""
