"""Which secrets the answers ask for, and the files that hold them once a run has begun."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from backends.machine.files import write_atomically
from backends.state.adapter import SecretFile
from wizard.answers import Answers
from wizard.dns_settings import is_by_provider
from wizard.secrets import SECRETS_DIRECTORY, SecretReference, checked_name, generate_password, resolve

DNS_UPDATE = "dns-update"
"""The name of the TSIG key where the answers do not give it one."""
RELAY = "relay"
"""The name of the smarthost's password where the answers do not give it one."""
PROOF = SECRETS_DIRECTORY / "mailstead-proof"
"""The password of the mailbox that proofs are sent to."""


def references(answers: Answers) -> Iterator[tuple[SecretReference, str]]:
    """Every secret that the server needs, with the name a generated one gets."""
    for mailbox in answers.mailboxes:
        yield mailbox.password, mailbox.secret_name
    relay = answers.protocols.relay
    if relay.host and relay.username:
        yield relay.password, RELAY
    certificates = answers.certificates
    is_proved_by_dns = certificates.source == "acme" and certificates.acme.challenge == "dns-01"
    if is_proved_by_dns or answers.dns.publish == "rfc2136":
        yield answers.dns.rfc2136.key_secret, DNS_UPDATE
    if is_by_provider(answers):
        for credential in answers.dns.credentials:
            yield credential.secret, credential.secret_name


def path_of(reference: SecretReference, name: str) -> Path:
    """The file that holds a secret while a run applies it; one from the environment is kept there too."""
    path = reference.path(name)
    return path if path is not None else SECRETS_DIRECTORY / _environment_name(reference)


def secrets_to_keep(answers: Answers, environment: Mapping[str, str]) -> tuple[SecretFile, ...]:
    """The secrets that Mailstead makes itself or takes over from the environment, each once."""
    kept = {PROOF.name: SecretFile(PROOF.name, generate_password)}
    for reference, name in references(answers):
        if reference.kind == "generate":
            kept[name] = SecretFile(name, generate_password)
        elif reference.kind == "env":
            own_name = _environment_name(reference)
            kept[own_name] = _from_environment(own_name, reference, environment)
    return tuple(kept.values())


def variables_of(answers: Answers, environment: Mapping[str, str]) -> dict[str, str]:
    """Those environment variables that the answers refer to, as far as they are set."""
    names = dict.fromkeys(reference.target for reference, _ in references(answers) if reference.kind == "env")
    return {name: environment[name] for name in names if name in environment}


def require_secrets(answers: Answers, environment: Mapping[str, str]) -> None:
    """Raise SecretUnavailable when one that a person has to provide is missing or unusable."""
    for reference, name in references(answers):
        if (
            reference.kind == "env"
            and reference.target not in environment
            and path_of(reference, name).exists()
        ):
            continue
        if not reference.is_generated:
            resolve(reference, name, environment=environment)


def store(name: str, secret: str, directory: Path = SECRETS_DIRECTORY) -> None:
    """Write a secret that a person typed, readable for root only; raises OSError."""
    directory.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    directory.mkdir(mode=0o700, exist_ok=True)
    write_atomically(directory / checked_name(name), secret.encode() + b"\n", mode=0o600)


def _environment_name(reference: SecretReference) -> str:
    return f"env-{reference.target.lower()}"


def _from_environment(name: str, reference: SecretReference, environment: Mapping[str, str]) -> SecretFile:
    def is_valid(content: bytes) -> bool:
        if reference.target not in environment:
            return bool(content.strip())
        return content.decode(errors="replace").removesuffix("\n") == environment[reference.target]

    return SecretFile(name, lambda: resolve(reference, name, environment=environment), is_valid)
