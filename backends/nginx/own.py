"""Whether the web server of Mailstead's own is what runs here, and not somebody else's nginx."""

from pathlib import Path

CONFIGURATION = "/etc/mailstead/nginx.conf"
PID_FILE = "/run/mailstead-web.pid"


def is_own_running(pid_file: Path = Path(PID_FILE), processes: Path = Path("/proc")) -> bool:
    """Whether the process of our pid file is an nginx that was started with our configuration.

    nginx shows the command line it was called with as its title (`nginx: master process …`).
    """
    try:
        pid = int(pid_file.read_text())
        title = (processes / str(pid) / "cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return title.startswith(b"nginx: master process") and CONFIGURATION.encode() in title
