"""Inside a machine: makes a first run that waits three seconds for apt's lock, where others wait minutes."""

import sys

sys.path.insert(0, "/opt/mailstead/app")

from backends.machine import packages
from wizard import answers_file
from wizard.answers_in_force import answers_to_apply
from wizard.launch import new_run
from wizard.request import Request, save_request
from wizard.run import execute

packages.LOCK_WAIT = 3
directory = new_run(answers_file.dump(answers_to_apply(None, is_quickstart=True)))
save_request(directory, Request("replay", directory.name))
sys.exit(0 if execute(directory) else 1)
