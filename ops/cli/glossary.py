"""The commands about glossaries that are kept: for a person, a channel or a team."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

DataDir = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="The data folder of `dragoman up`.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")]
Whose = Annotated[
    str,
    typer.Option(
        "--for",
        metavar="WHOM",
        help="An address, @DOMAIN, web:NAME, slack:TEAM, slack:TEAM:USER or slack:TEAM:CHANNEL.",
    ),
]
Name = Annotated[str, typer.Option("--name", help="What answers call it.")]

app = typer.Typer(no_args_is_help=True, help="Glossaries that are kept and used for documents.")


@app.command("list")
def list_(*, data: DataDir = None, as_json: AsJson = False) -> None:
    """Say which are kept, and for whom."""
    from dragoman.db.records import glossaries
    from ops.cli.data import opened

    with opened(data) as found, found.database.read() as connection:
        kept = glossaries.listed(connection)
    if as_json:
        told = [
            {
                "for": one.scope,
                "name": one.name,
                "source_lang": one.source_lang,
                "target_lang": one.target_lang,
                "terms": len(one.terms),
            }
            for one in kept
        ]
        typer.echo(json.dumps({"glossaries": told}, ensure_ascii=False))
        return
    for one in kept:
        langs = f"{one.source_lang or 'any language'} to {one.target_lang}"
        typer.echo(f"{one.scope}  {one.name}  {langs}  {len(one.terms):,} terms")
    if not kept:
        typer.echo("No glossary is kept.")


@app.command()
def show(whose: Whose, name: Name, *, data: DataDir = None) -> None:
    """Print the terms of one, as a table with a tab between the columns."""
    from dragoman.db.records import glossaries
    from dragoman.domain.glossaries.kept import parse_scope
    from dragoman.errors import NotFound
    from ops.cli.data import opened

    with opened(data) as found, found.database.read() as connection:
        kept = glossaries.of_scopes(connection, [parse_scope(whose)])
    chosen = [one for one in kept if one.name == name]
    if not chosen:
        raise NotFound(f"No glossary “{name}” is kept for {whose}.", advice=_LIST)
    for one in chosen:
        for source, target in one.terms:
            typer.echo(f"{source}\t{target}")


@app.command()
def add(
    file: Annotated[Path, typer.Argument(help="A table of two columns: .csv, .tsv or .xlsx.")],
    whose: Whose,
    target: Annotated[str, typer.Option("--to", metavar="LANG", help="Into this language.")],
    *,
    source: Annotated[
        str | None, typer.Option("--from", metavar="LANG", help="Only for documents in it.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--name", help="What answers call it; else the file's name.")
    ] = None,
    data: DataDir = None,
) -> None:
    """Keep a glossary; one with the same name and language for the same is replaced."""
    from dragoman.db.records import glossaries
    from dragoman.domain import language
    from dragoman.domain.glossaries import kept as kept_glossaries
    from ops.cli.data import opened
    from pipeline.translation import glossary

    made = kept_glossaries.KeptGlossary(
        scope=kept_glossaries.parse_scope(whose),
        name=kept_glossaries.check_name(name or file.stem),
        target_lang=language.parse(target),
        terms=glossary.load(file).entries,
        source_lang=language.parse(source) if source else None,
    )
    with opened(data) as found, found.database.write() as connection:
        glossaries.keep(connection, made)
    typer.echo(f"“{made.name}” is kept for {made.scope}: {len(made.terms):,} terms.")


@app.command()
def remove(whose: Whose, name: Name, *, data: DataDir = None) -> None:
    """Forget one. Documents that were translated with it stay as they are."""
    from dragoman.db.records import glossaries
    from dragoman.domain.glossaries.kept import parse_scope
    from dragoman.errors import NotFound
    from ops.cli.data import opened

    with opened(data) as found, found.database.write() as connection:
        if not glossaries.drop(connection, parse_scope(whose), name):
            raise NotFound(f"No glossary “{name}” is kept for {whose}.", advice=_LIST)
    typer.echo(f"“{name}” is forgotten.")


_LIST = "`dragoman glossary list` says which there are."
