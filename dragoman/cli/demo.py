"""`dragoman demo`: the whole path on this machine, with nothing installed, from a mail sent to the answer."""

from __future__ import annotations

import typer


def demo() -> None:
    """Mail a sample PDF to a Dragoman of its own and show the answer; then stop everything."""
    from dragoman.demo import run

    run(typer.echo)
