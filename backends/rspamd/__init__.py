"""The mail filter: scores mail, signs what goes out, checks SPF, DKIM, ARC and DMARC."""
