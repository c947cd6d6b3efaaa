"""The files of a pair of DKIM keys."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from backends.machine.files import remove
from backends.resources import GeneratedFile
from backends.rspamd import dkim_keys
from backends.rspamd.settings import DKIM_DIRECTORY, dkim_key_path, selectors


def key_files(domains: Sequence[str], pair: int, directory: str = DKIM_DIRECTORY) -> Iterator[GeneratedFile]:
    """Both keys of each domain."""
    rsa, ed25519 = selectors(pair)
    for domain in domains:
        yield GeneratedFile(
            dkim_key_path(domain, rsa, directory),
            dkim_keys.new_rsa_key,
            dkim_keys.is_rsa_key,
            mode=0o640,
            group="_rspamd",
            what=f"the RSA key that signs mail of {domain}",
        )
        yield GeneratedFile(
            dkim_key_path(domain, ed25519, directory),
            dkim_keys.new_ed25519_key,
            dkim_keys.is_ed25519_key,
            mode=0o640,
            group="_rspamd",
            what=f"the Ed25519 key that signs mail of {domain}",
        )


def make_keys(domains: Sequence[str], pair: int, directory: str = DKIM_DIRECTORY) -> None:
    """Make those keys of a pair that are not there; raises OSError or LookupError."""
    for key in key_files(domains, pair, directory):
        (now,) = GeneratedFile.look([key])
        wanted = key.wanted(now)
        if now != wanted:
            key.put(wanted)


def remove_keys(pair: int, directory: str = DKIM_DIRECTORY) -> None:
    """Remove both keys of every domain there ever was, for good."""
    for selector in selectors(pair):
        for path in Path(directory).glob(f"*.{selector}.key"):
            remove(path)
