"""`dragoman explain`: the page as it is understood."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dragoman.errors import DragomanError

if TYPE_CHECKING:
    from pipeline.pdf.writing.overlay import Drawing
    from pipeline.stages.explain import ExplainedPage, RowPair, Text

BLUE, GREEN, RED, GREY, ORANGE = (
    (0.1, 0.3, 0.9),
    (0.0, 0.6, 0.2),
    (0.8, 0.1, 0.1),
    (0.6, 0.6, 0.6),
    (0.9, 0.5, 0.0),
)


def explain(
    source: Annotated[Path, typer.Argument(metavar="IN.pdf", help="The PDF to look at.")],
    *,
    page: Annotated[
        int | None,
        typer.Option("--page", metavar="N", min=1, help="This page alone, counting from 1."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OVERLAY.pdf", help="Draw it over the pages, into."),
    ] = None,
    password: Annotated[
        str | None, typer.Option("--password", metavar="P", help="Opens an encrypted PDF.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Show how the pages of a PDF are understood: columns, tables, lists, texts in reading order as
    they would be sent, and why rows were joined or not. Nothing is translated or sent.
    """
    from ops.cli.translate import readable
    from pipeline.stages import explain as explaining

    try:
        readable(source)
        pages = explaining.explain(source, page=page, password=password)
        if out is not None:
            explaining.draw(source, map(_drawing, pages), out, password=password)
    except DragomanError as error:
        if as_json:
            typer.echo(json.dumps({"error": {"code": error.code, "message": str(error)}}))
            sys.exit(error.exit_code)
        raise
    if as_json:
        typer.echo(json.dumps({"pages": [_as_json(one) for one in pages]}, ensure_ascii=False))
        return
    for one in pages:
        for line in _said(one):
            typer.echo(line)


def _as_json(page: ExplainedPage) -> dict[str, object]:
    return {
        "page": page.number + 1,
        "columns": [list(column) for column in page.columns],
        "tables": [{"box": list(one.box), "lines": one.count} for one in page.tables],
        "lists": [{"box": list(one.box), "items": one.count} for one in page.lists],
        "texts": [
            {
                "id": text.block,
                "kind": text.kind,
                "box": list(text.box),
                "sent": text.sent,
                "flow": list(text.flow),
                "follows": text.follows,
            }
            for text in page.texts
        ],
        "rows": [
            {
                "upper": pair.upper,
                "lower": pair.lower,
                "joined": pair.decision.joined,
                "rule": pair.decision.rule,
                "value": pair.decision.value,
                "limit": pair.decision.limit,
            }
            for pair in page.rows
        ],
    }


def _said(page: ExplainedPage) -> Iterator[str]:
    """The page in words."""
    columns = ", ".join(f"{left:.0f}-{right:.0f}" for left, right in page.columns) or "none"
    tables = ", ".join(f"{one.count} lines" for one in page.tables) or "none"
    lists = ", ".join(f"{one.count} items" for one in page.lists) or "none"
    yield f"Page {page.number + 1}: columns {columns}; tables: {tables}; lists: {lists}"
    for text in page.texts:
        yield f"  {text.block} {text.kind}: {_sent(text)}"
    yield "  Rows:"
    for pair in page.rows:
        yield f"    {_why(pair)}"


def _sent(text: Text) -> str:
    if text.follows:
        return "(goes with the text before it)"
    if text.sent is None:
        return "(stays as it is)"
    onward = f" (goes on in {', '.join(text.flow[1:])})" if text.flow else ""
    return text.sent + onward


def _why(pair: RowPair) -> str:
    found = pair.decision
    weighed = ""
    if found.value is not None and found.limit is not None:
        weighed = f" ({found.value:.1f}, limit {found.limit:.1f})"
    sign = "+" if found.joined else "|"
    return f"{pair.upper[-40:]} {sign} {pair.lower[:40]}: {found.rule}{weighed}"


def _drawing(page: ExplainedPage) -> Drawing:
    from pipeline.pdf.writing.overlay import Drawing, Outline

    sent = [text for text in page.texts if text.sent is not None or text.follows]
    kept = [text for text in page.texts if text not in sent]
    bottom = max((text.box[3] for text in page.texts), default=0.0)
    top = min((text.box[1] for text in page.texts), default=0.0)
    outlines = [Outline((left, top, right, bottom), BLUE) for left, right in page.columns]
    outlines += [Outline(one.box, GREEN, f"table, {one.count}") for one in page.tables]
    outlines += [Outline(one.box, ORANGE, f"list, {one.count}") for one in page.lists]
    outlines += [Outline(text.box, GREY) for text in kept]
    for number, text in enumerate(sent, start=1):
        label = f"{number} >" if text.flow else f"> {number}" if text.follows else str(number)
        outlines.append(Outline(text.box, RED, label, filled=True))
    order = [(text.box[0], (text.box[1] + text.box[3]) / 2) for text in sent]
    return Drawing(page.number, outlines, order)
