"""lexicon, an optional extra: what speaks with DNS providers' own interfaces."""
