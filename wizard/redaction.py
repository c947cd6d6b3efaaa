"""Takes secrets out of text that a person may send on."""

import base64
import binascii
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from backends.text import clean
from wizard.answers import Answers
from wizard.secrets import LONGEST_SECRET, SECRETS_DIRECTORY, SecretReference

_PRIVATE_KEY = re.compile(r"-----BEGIN ([A-Z ]*PRIVATE KEY)-----.*?(-----END \1-----|\Z)", re.DOTALL)
_USER_AND_PASSWORD = re.compile(r"(://)[^\s/@\"']*@")
_HASH = re.compile(r"\{[A-Z0-9.-]+\}\$?[^\s\"']+|\$(?:argon2\w*|y|2[aby]|5|6)\$[^\s\"']+")
"""Passwords as databases have them: `{ARGON2ID}$…`, crypt(5)."""


@dataclass(frozen=True)
class Redaction:
    """The secrets that must not be told, each with the name it is told by instead."""

    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)

    def of(self, text: str) -> str:
        """The text without them, be it as they are, in JSON, in a URL, in Base64, or made safe to show."""
        text = _PRIVATE_KEY.sub(r"[a \1 was here]", text)
        text = _HASH.sub("[a password's hash was here]", text)
        text = _USER_AND_PASSWORD.sub(r"\1[login taken out]@", text)
        forms = {form: name for secret, name in self.secrets.items() for form in _forms(secret)}
        # the longest first: one may be a part of another
        for form in sorted(forms, key=len, reverse=True):
            text = text.replace(form, f"[secret {forms[form]}]")
        return text


def known_secrets(
    answers: Answers | None,
    environment: Mapping[str, str] = os.environ,
    directory: Path = SECRETS_DIRECTORY,
) -> dict[str, str]:
    """Every secret of this machine that Mailstead knows of, with a name for it; those it can't read are not
    known.
    """
    found: dict[str, str] = {}
    paths = sorted(directory.iterdir()) if directory.is_dir() else []
    for text in _texts(answers.model_dump()) if answers else ():
        kind, _colon, target = text.partition(":")
        if kind == "env":
            found[environment.get(target, "")] = text
        elif kind == "file":
            paths.append(Path(target))
    for url in answers.logging.alerts.to if answers else ():
        if isinstance(url, str):  # the path of such a URL is often a token
            found[url.partition("://")[2]] = "in a URL for alerts"
    for path in paths:
        with suppress(OSError):
            for line in path.read_bytes()[: LONGEST_SECRET * 4].decode(errors="replace").splitlines():
                found.setdefault(line, path.name)
    return {secret: name for secret, name in found.items() if secret.strip()}


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str | SecretReference):
        yield str(value)
    elif isinstance(value, Mapping | list | tuple):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(item)


def _forms(secret: str) -> Iterator[str]:
    in_json = json.dumps(secret)[1:-1]
    yield from {secret, secret.strip(), clean(secret), in_json, json.dumps(in_json)[1:-1], quote(secret, "")}
    with suppress(binascii.Error):
        yield base64.b64encode(secret.encode()).decode().rstrip("=")
