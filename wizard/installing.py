"""Makes a run ready that a person has said yes to, and the same again after one that failed."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

from wizard import answers_file, secret_files
from wizard.answers import Answers
from wizard.draft import Draft
from wizard.history import load_run, unfinished_run
from wizard.launch import continue_run, new_run
from wizard.lock import run_lock
from wizard.request import Request, load_request
from wizard.running import replay_to_go_on_with


@dataclass(frozen=True)
class Installation:
    """A run that only has to be started: `wizard.launch.begin(directory, request)`."""

    directory: Path
    request: Request


def installation(draft: Draft, *, may_overwrite: bool = False) -> Installation:
    """The run that applies the draft, gone on with where one before it did not end.

    Typed secrets are written only now. Raises AnswersError, SecretUnavailable or RunLocked before anything
    is written, and OSError.
    """
    answers = draft.answers()
    with run_lock():
        draft.save_secrets()
        environment = secret_files.variables_of(answers, os.environ)
        secret_files.require_secrets(answers, environment)
        unfinished = replay_to_go_on_with()
    content = answers_file.dump(answers)
    directory = continue_run(unfinished, content) if unfinished else new_run(content)
    return _with(directory, Request("replay", directory.name, may_overwrite=may_overwrite), answers)


def same_again(directory: Path) -> Installation:
    """The run in this directory once more: gone on with where it did not end, else a new one like it.

    Raises RunLocked, AnswersError, or FileNotFoundError where nothing is known of it.
    """
    with run_lock():
        unfinished = unfinished_run()
    path = directory / "answers.toml"
    answers = answers_file.load(path) if path.exists() else None
    request = load_request(directory)
    if unfinished is not None and unfinished.directory == directory:
        return _with(directory, request, answers)
    run = load_run(directory)
    again = new_run(path.read_text() if answers else None)
    return _with(again, replace(request, run=again.name, takes_back=run.takes_back), answers)


def _with(directory: Path, request: Request, answers: Answers | None) -> Installation:
    """The request as of this session: where the person sits, and what the environment has."""
    environment = secret_files.variables_of(answers, os.environ) if answers else {}
    here = os.environ.get("SSH_CONNECTION", "")
    return Installation(directory, replace(request, ssh_connection=here, environment=environment))
