"""`dragoman translate`: one PDF, in this process, without broker or database.

What is heavy is imported inside the functions: the program's start is a part of every short
document's time.
"""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dragoman.domain.file_kinds import HEADER_WITHIN, is_pdf, what_is
from dragoman.domain.specs import engine_specs
from dragoman.errors import DragomanError, NotAllowed, NotAPdf, NotFound

if TYPE_CHECKING:
    from dragoman.domain.job import Options, Stage
    from pipeline.jobs.in_process import Report

# A collection after every 700 new objects takes a tenth of the time of a program that mostly loads
# modules and makes values.
OBJECTS_A_COLLECTION = 50_000
INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def translate(
    source: Annotated[Path, typer.Argument(metavar="IN.pdf", help="The PDF to translate.")],
    to: Annotated[
        str,
        typer.Option("--to", metavar="LANG", help="Target language: a code (de, pt-BR) or a name."),
    ],
    *,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="LANG", help="Source language; default: detected."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", metavar="OUT.pdf", help="Default: IN.LANG.pdf beside it."),
    ] = None,
    engine: Annotated[
        str | None, typer.Option(help=f"auto, or one of {', '.join(engine_specs.names())}.")
    ] = None,
    in_house: Annotated[
        bool, typer.Option("--in-house", help="Only with an engine that sends nothing to anybody.")
    ] = False,
    tone: Annotated[
        str | None, typer.Option(help="formal, informal, business, academic, simple or casual.")
    ] = None,
    glossary: Annotated[
        Path | None, typer.Option(metavar="F.csv|.tsv", help="Two columns: term, translation.")
    ] = None,
    layout: Annotated[
        str, typer.Option(help="translated, side-by-side or alternating.")
    ] = "translated",
    pages: Annotated[
        str | None,
        typer.Option(
            metavar="1-5,9", help="Translate only these pages; the others stay as they are."
        ),
    ] = None,
    password: Annotated[str | None, typer.Option(help="The password that opens the PDF.")] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object on stdout.")
    ] = False,
) -> None:
    """Translate a PDF and keep its layout."""
    gc.set_threshold(OBJECTS_A_COLLECTION)
    try:
        options = replace(
            _options(to, from_, tone=tone, layout=layout, pages=pages, engine=engine),
            in_house=in_house,
        )
        report = _run(source, out, options, glossary, password)
    except DragomanError as error:
        _complain(error, as_json)
        raise typer.Exit(error.exit_code) from error
    except KeyboardInterrupt:
        typer.echo("Interrupted; nothing was written.", err=True)
        raise typer.Exit(INTERRUPTED) from None
    _tell(report, as_json)


def _options(
    to: str,
    from_: str | None,
    *,
    tone: str | None,
    layout: str,
    pages: str | None,
    engine: str | None,
) -> Options:
    from dragoman.domain import language
    from dragoman.domain.job import Layout, Options, Tone, choice

    return Options(
        target_lang=language.parse(to),
        source_lang=language.parse(from_) if from_ else None,
        tone=choice(Tone, tone) if tone else None,
        layout=choice(Layout, layout),
        pages=pages,
        engine=engine,
    )


def _run(
    source: Path, out: Path | None, options: Options, glossary: Path | None, password: str | None
) -> Report:
    from dragoman.domain.engines import in_house
    from pipeline.engines import registry
    from pipeline.engines import settings as engine_settings
    from pipeline.jobs import in_process
    from pipeline.stages.protection import NO_GLOSSARY
    from pipeline.translation import billing
    from pipeline.translation import glossary as glossaries

    readable(source)
    settings = engine_settings.from_env(os.environ)
    registry.admit(settings, options.engine, options.source_lang, options.target_lang)
    own = in_house(settings.given)
    allowed = own if options.in_house else None
    engines = in_process.Engines(
        choose=lambda source, target: registry.choose(
            settings, options.engine, source, target, allowed
        ),
        tone_model=lambda engine, tone, lang: registry.tone_model(settings, engine, tone, lang),
        bill=lambda engine, characters, tokens: billing.amount(
            engine, characters, tokens, settings
        ),
    )
    terms = glossaries.load(glossary) if glossary else NO_GLOSSARY
    out = out or source.with_name(f"{source.stem}.{options.target_lang}.pdf")
    with _progress() as on_progress:
        return in_process.run(
            source,
            out,
            options,
            engines,
            password=password,
            glossary=terms,
            max_pages=settings.max_pages,
            on_progress=on_progress,
        )


def readable(source: Path) -> None:
    """Raises NotFound or NotAllowed with the reason where the file cannot be opened, NotAPdf
    with what it seems to be.
    """
    try:
        if source.is_dir():
            raise NotFound(f"{source} is a folder.", advice="Please name one PDF file.")
        with source.open("rb") as file:
            head = file.read(HEADER_WITHIN)
    except FileNotFoundError as error:
        raise NotFound(
            f"There is no file {source}.", advice="Please check the name and the folder."
        ) from error
    except OSError as error:
        raise NotAllowed(
            f"{source} cannot be read: {error.strerror}.", advice="Please check its permissions."
        ) from error
    if head and not is_pdf(head):
        raise NotAPdf(what_is(head))


@contextmanager
def _progress() -> Iterator[Callable[[Stage, float], None]]:
    """A progress bar on stderr where that is a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _stage, _share: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    from dragoman.domain.job import percent

    columns = (
        TextColumn("{task.description:>12}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("starting", total=100)
        yield lambda stage, share: progress.update(
            task, description=stage.value, completed=percent(stage, share)
        )


def _complain(error: DragomanError, as_json: bool) -> None:
    advice = error.for_admin or error.advice  # who runs this command is the admin of its engines
    typer.echo(f"{error} {advice}", err=True)
    if as_json:
        said: dict[str, Any] = {"code": error.code, "message": str(error), "advice": advice}
        typer.echo(json.dumps({"error": said}, ensure_ascii=False))


def _tell(report: Report, as_json: bool) -> None:
    for warning in report.warnings:
        where = "" if warning.page is None else f"page {warning.page + 1}: "
        typer.echo(f"Note: {where}{warning.message}", err=True)
    if as_json:
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False))
        return
    paid = f", {report.characters_billed:,} characters billed" if report.characters_billed else ""
    way = f"{report.source_lang or 'unknown'} to {report.target_lang} by {report.engine}"
    typer.echo(f"{report.out} ({report.pages} pages, {way}{paid})")
