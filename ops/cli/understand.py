"""`dragoman understand`: what a message with these words would be taken for."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from dragoman.errors import DragomanError

Text = Annotated[
    str, typer.Argument(metavar="TEXT|-", help="The words, or - to read them from stdin.")
]
Subject = Annotated[str, typer.Option("--subject", metavar="S", help="The subject of the email.")]
To = Annotated[
    str,
    typer.Option(
        "--to", metavar="ADDRESS", help="The address it was sent to, such as translate+de@..."
    ),
]
IsReply = Annotated[bool, typer.Option("--reply", help="It answers one of our messages.")]
Previous = Annotated[
    str | None,
    typer.Option(
        "--previous", metavar="LANG", help="The language of the conversation's last result."
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]


def understand(
    text: Text,
    *,
    subject: Subject = "",
    to: To = "",
    reply: IsReply = False,
    previous: Previous = None,
    as_json: AsJson = False,
) -> None:
    """Show what a message with these words would be taken for. Nothing is translated or sent."""
    from dragoman.domain import language
    from dragoman.domain.wishes.reading import Written
    from dragoman.domain.wishes.understanding import understand as read

    words = sys.stdin.buffer.read().decode("utf-8", "replace") if text == "-" else text
    try:
        known = language.parse(previous) if previous else None
    except DragomanError as error:
        raise typer.BadParameter(str(error), param_hint="--previous") from error
    found = read(Written(words, subject, to, is_reply=reply, previous=known))
    if as_json:
        typer.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    typer.echo(f"{found.intent}: {found.said}")
