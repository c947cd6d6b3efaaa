"""Inside a machine: makes a first run in this very process, and kills it after a record.

Usage: python kill_after.py RECORD; the first record of the journal is 1.
"""

import os
import signal
import sys

sys.path.insert(0, "/opt/mailstead/app")

from wizard import answers_file
from wizard.answers_in_force import answers_to_apply
from wizard.journal import Event
from wizard.launch import new_run
from wizard.request import Request, save_request
from wizard.run import execute


def main(record: int) -> None:
    written = 0

    def kill(_event: Event) -> None:
        nonlocal written
        written += 1
        if written == record:
            os.kill(os.getpid(), signal.SIGKILL)

    directory = new_run(answers_file.dump(answers_to_apply(None, is_quickstart=True)))
    save_request(directory, Request("replay", directory.name))
    execute(directory, (kill,))


main(int(sys.argv[1]))
