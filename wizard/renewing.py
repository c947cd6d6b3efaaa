"""Runs that bring new certificates into force: renewed ones, ones asked for anew, and another source."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from backends.certificates import authority
from backends.certificates.acme import issued
from backends.certificates.imported import read_imported
from backends.certificates.retired import forget_retired, retire
from backends.certificates.settings import KEY_KINDS, STATE, ImportedSettings
from backends.text import clean
from wizard import answers_file, secret_files
from wizard.answers import Answers, Imported
from wizard.dns_settings import certificate_files
from wizard.errors import AnswersError, Mistake
from wizard.launch import new_run
from wizard.lock import RunLocked, run_lock
from wizard.planning import prepare, refuse_to_overwrite
from wizard.preflight import refuse_obstacles
from wizard.request import Request

STEP = "certificates"
_LOCK_PATIENCE = 300.0
"""Seconds that a renewal at night waits for another run."""
_ASK_AGAIN = 1.0


def run_for_certificates(answers: Answers, environment: Mapping[str, str]) -> tuple[Path, Request] | None:
    """A run of that step alone, where it would change something; waits for another run to end.

    Raises RunLocked, InTheWay, ChangedByHand; nothing is touched then.
    """
    variables = secret_files.variables_of(answers, environment)
    with patient_lock():
        prepared = prepare(answers, steps=(STEP,), environment=variables)
        if answers.certificates.source == "imported":
            refuse_obstacles(answers, prepared.facts)  # files that can't be served change nothing
        if not any(change.step == STEP for change in prepared.plan.changes):
            return None
        refuse_obstacles(answers, prepared.facts)
        refuse_to_overwrite(prepared.plan.changes)
    directory = new_run(answers_file.dump(answers))
    return directory, Request("replay", directory.name, steps=(STEP,), environment=variables)


def run_for_import(
    answers: Answers, files: ImportedSettings, environment: Mapping[str, str], ssh_connection: str
) -> tuple[Path, Request, tuple[str, ...]]:
    """A run that makes these files the server's certificate, and remarks on them.

    Raises UnusableCertificate or AnswersError where they are no good; nothing is touched then.
    """
    found = read_imported(files, answers.site.hostname)
    changed = _with_imported(answers, files)
    variables = secret_files.variables_of(changed, environment)
    secret_files.require_secrets(changed, variables)
    with run_lock():
        prepared = prepare(changed, ssh_connection=ssh_connection, environment=variables)
        refuse_obstacles(changed, prepared.facts)
        refuse_to_overwrite(prepared.plan.changes)
    directory = new_run(answers_file.dump(changed))
    request = Request("replay", directory.name, ssh_connection=ssh_connection, environment=variables)
    return directory, request, found.remarks


@contextmanager
def asked_anew(answers: Answers) -> Iterator[None]:
    """Within the block, a run asks for other certificates in place of those there are."""
    chains = [Path(files.chain) for files in certificate_files(answers)]
    pems = [chain.read_bytes() for chain in chains if chain.exists()]
    if answers.certificates.source == "acme":
        pems += [pair.chain for kind in KEY_KINDS if (pair := issued(kind, ()))]
    retire([found for pem in pems if (found := authority.read_certificate(pem))], STATE)
    try:
        yield
    finally:
        forget_retired(STATE)


def _with_imported(answers: Answers, files: ImportedSettings) -> Answers:
    try:
        imported = Imported(certificate=files.certificate, key=files.key)
    except ValidationError as wrong:
        words = clean(wrong.errors()[0]["msg"])
        raise AnswersError([Mistake("certificates.imported", None, words)]) from wrong
    chosen = answers.certificates.model_copy(update={"source": "imported", "imported": imported})
    return answers.model_copy(update={"certificates": chosen})


@contextmanager
def patient_lock() -> Iterator[None]:
    """Hold the lock of runs, after waiting for another run to end; raises RunLocked after five minutes."""
    give_up = time.monotonic() + _LOCK_PATIENCE
    while True:
        try:
            with run_lock():
                yield
                return
        except RunLocked:
            if time.monotonic() > give_up:
                raise
            time.sleep(_ASK_AGAIN)
