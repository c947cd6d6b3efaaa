"""Bans: who is banned, for how long, and how to let someone in again."""
