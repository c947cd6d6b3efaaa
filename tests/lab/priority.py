"""Who gets the processor first on a machine that is busy with all the others."""


def ahead() -> tuple[str, ...]:
    """What to put before a command that stands for something out in the internet, such as a name server.

    That would not be slower because a test machine installs packages just now; programs give up on it after a
    second or two. The kernel weighs sessions before it looks at single processes (sched(7), autogroup).
    """
    weigh = '{ echo -10 >/proc/self/autogroup; } 2>/dev/null; exec nice -n -10 "$@"'
    return ("/bin/sh", "-c", weigh, "ahead")
