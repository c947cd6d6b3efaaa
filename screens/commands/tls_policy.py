"""`mailstead tls-policy`: the service that Postfix asks how to encrypt; started with the machine."""

from pathlib import Path

import click


@click.command(hidden=True)
@click.option("--dane/--no-dane", "has_dane", default=True)
@click.argument("socket", type=click.Path(path_type=Path))
@click.argument("memory", type=click.Path(path_type=Path))
def tls_policy(socket: Path, memory: Path, *, has_dane: bool) -> None:
    """Answer on SOCKET, and remember policies in MEMORY."""
    from backends.tls_policy.serving import serve

    serve(socket, memory, has_dane=has_dane)
