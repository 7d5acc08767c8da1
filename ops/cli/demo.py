"""`dragoman demo`: the whole path on this machine, with nothing installed, from a mail sent to
the answer.
"""

from __future__ import annotations

import typer


def demo() -> None:
    """Start everything, send it a sample PDF by email, show the answer, and stop again."""
    from ops.demo import run

    run(typer.echo)
