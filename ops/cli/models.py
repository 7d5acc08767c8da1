"""`dragoman models`: the models of the local engine, as an admin gets, sees and removes them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from dragoman.settings import Settings
    from ops.models.folder import Installed
    from ops.models.installing import Step
    from ops.models.listing import Offer
    from ops.models.pairs import Pair
    from ops.models.source import Source
    from ops.models.transfer import Progress

app = typer.Typer(
    no_args_is_help=True, help="The local engine's models: list, add and remove them."
)

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Wanted = Annotated[
    list[str],
    typer.Argument(
        metavar="SRC-TGT...", help="Language pairs, such as en-pt: English into Portuguese."
    ),
]
Available = Annotated[
    bool, typer.Option("--available", help="List the models that DRAGOMAN_MODELS_URL offers.")
]
Architecture = Annotated[
    str | None, typer.Option(metavar="A", help="tiny, base or base-memory; default: the best one.")
]
UNCUT = 1000  # characters in a line


@app.command("list")
def list_(*, available: Available = False, data: DataDir = None, as_json: AsJson = False) -> None:
    """List what is installed, and which languages it can translate."""
    from ops.models.folder import installed
    from ops.models.pairs import through_english
    from ops.models.source import open_source

    settings = _settings(data)
    if available:
        _show_offers(open_source(str(settings.given("models_url"))), as_json)
        return
    found = installed(settings.models_dir)
    whole = {one.pair for one in found if not one.problem}
    between = through_english(whole)
    if as_json:
        told: dict[str, Any] = {"folder": str(settings.models_dir.absolute())}
        told["models"] = [one.as_dict() for one in found]
        told["through_english"] = [str(pair) for pair in between]
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    if not found:
        typer.echo(f"No models are installed in {settings.models_dir.absolute()}.")
        typer.echo("Add one, for example English into Portuguese: dragoman models add en-pt")
        return
    _print_rows(
        ("pair", "languages", "version", "architecture", "size", ""), [_row(one) for one in found]
    )
    if between:
        typer.echo(f"Through English also: {', '.join(str(pair) for pair in between)}.")


@app.command()
def add(
    pairs: Wanted,
    *,
    architecture: Architecture = None,
    data: DataDir = None,
    as_json: AsJson = False,
) -> None:
    """Download models and check them; after a failure, the next run continues where it stopped."""
    from ops.models import folder, installing
    from ops.models import pairs as names
    from ops.models.source import open_source

    settings = _settings(data)
    wanted = [names.parse(text) for text in pairs]
    source = open_source(str(settings.given("models_url")))
    added: list[dict[str, Any]] = []
    with folder.alone(settings.models_dir):
        for pair in wanted:
            steps = installing.plan(source, pair, architecture)
            if len(steps) > 1:
                through = " and ".join(str(step.offer.pair) for step in steps)
                _say(f"{pair} has no model of its own: it goes through English, with {through}.")
            for step in steps:
                if any(one["pair"] == str(step.offer.pair) for one in added):
                    continue
                added.append(_add(source, step, settings.models_dir))
    if as_json:
        typer.echo(json.dumps({"added": added}, ensure_ascii=False))


@app.command()
def remove(pairs: Wanted, *, data: DataDir = None, as_json: AsJson = False) -> None:
    """Delete installed models."""
    from ops.models import folder
    from ops.models import pairs as names

    settings = _settings(data)
    removed = []
    wanted = [names.parse(text) for text in pairs]
    with folder.alone(settings.models_dir):
        for pair in wanted:
            freed = folder.remove(settings.models_dir, pair)
            _say(f"{pair} ({pair.spoken}) is removed; {_mb(freed)} are free again.")
            removed.append({"pair": str(pair), "size": freed})
    if as_json:
        typer.echo(json.dumps({"removed": removed}, ensure_ascii=False))


def _settings(data: Path | None) -> Settings:
    from dragoman.settings import Settings

    return Settings.from_env(**({"data_dir": data} if data else {}))


def _add(source: Source, step: Step, folder: Path) -> dict[str, Any]:
    from ops.models import installing

    offer = step.offer
    if installing.is_there(folder, offer):
        _say(f"{offer.pair} ({offer.pair.spoken}) is there already, in version {offer.version}.")
        return {"pair": str(offer.pair), "version": offer.version, "new": False}
    size = f"{_mb(step.bytes_to_load)} to load" if step.bytes_to_load else "size unknown"
    version = f"version {offer.version}, " if offer.version else ""
    kind = "" if offer.architecture == "unknown" else f"{offer.architecture}, "
    _say(f"{offer.pair} ({offer.pair.spoken}): {version}{kind}{size}")
    _say(f"  from {source.where}")
    _say(f"  licence: {offer.licence}")
    with _progress() as progress:
        card = installing.add(source, step, folder, progress, judge=_judge)
    sure = [file.name for file in card.files if file.vouched]
    checked = (
        f"SHA-256 matches: {', '.join(sure)}"
        if sure
        else "the source names no SHA-256 to check against"
    )
    _say(f"  installed in {folder / card.pair}, {_mb(card.size)}; {checked}")
    return {**card.as_dict(), "new": True}


def _judge(pair: Pair, files: Path) -> None:
    """Raises ModelDamaged where the files are cut short, are something else or do not belong
    together.
    """
    from ops.models.errors import ModelDamaged
    from ops.models.source import offer_in
    from pipeline.engines.local.checking import Damaged, check

    offer = offer_in(files, pair)
    if offer is None:
        raise ModelDamaged(f"{pair} came without some of its files.")
    weights, shortlist, *vocabularies = ((files / file.name).read_bytes() for file in offer.files)
    try:
        check(weights, vocabularies[0], vocabularies[-1], shortlist)
    except Damaged as error:
        raise ModelDamaged(f"The files of {pair} are not a usable model: {error}.") from error


def _show_offers(source: Source, as_json: bool) -> None:
    from ops.models.listing import best

    chosen = [offer for _, offers in sorted(source.offers.items()) if (offer := best(offers))]
    if as_json:
        offered = [_offer(one) for _, offers in sorted(source.offers.items()) for one in offers]
        typer.echo(json.dumps({"from": source.where, "available": offered}, ensure_ascii=False))
        return
    rows = [(str(o.pair), o.pair.spoken, o.version, o.architecture, o.status) for o in chosen]
    _print_rows(("pair", "languages", "version", "architecture", "status"), rows)
    typer.echo(f"From {source.where}. What has no model of its own goes through English.")


def _offer(offer: Offer) -> dict[str, Any]:
    told = {"architecture": offer.architecture, "status": offer.status, "version": offer.version}
    return {"pair": str(offer.pair), **told, "licence": offer.licence}


def _row(one: Installed) -> tuple[str, ...]:
    architecture = one.card.architecture if one.card else ""
    broken = f"DAMAGED: {one.problem}; dragoman models add {one.pair}" if one.problem else ""
    return str(one.pair), one.pair.spoken, one.version, architecture, _mb(one.size), broken


def _print_rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column(head[0], no_wrap=True), *head[1:], box=None)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else UNCUT, highlight=False).print(table)


@contextmanager
def _progress() -> Iterator[Progress]:
    """A bar for each file on stderr where that is a terminal; silence elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _name, _here, _total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = ("  {task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(name: str, here: int, total: int | None) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=total)
            bars.update(tasks[name], completed=here)

        yield show


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"


def _say(text: str) -> None:
    """For people; stdout is for `--json` and for lists."""
    typer.echo(text, err=True)
