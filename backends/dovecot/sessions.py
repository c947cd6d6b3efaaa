"""Who is logged in, and ending that (doveadm-kick(1))."""

from backends.machine.run import find_program, run


def end_sessions(address: str) -> None:
    """Close every connection that this user is logged in on; nothing where there is none, or no Dovecot."""
    if find_program("doveadm"):
        run(["doveadm", "kick", address], check=False, timeout=15)
