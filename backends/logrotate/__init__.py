"""How long logs stay."""
