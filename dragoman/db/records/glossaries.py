"""Glossaries that are kept, by whose they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, cast

from sqlalchemy import Connection, Table, delete, select

from dragoman.db.clock import now_s
from dragoman.db.statements import upsert
from dragoman.db.tables import GlossaryRow
from dragoman.domain.glossaries.kept import KeptGlossary

GLOSSARIES = cast("Table", GlossaryRow.__table__)


def keep(connection: Connection, glossary: KeptGlossary) -> None:
    """Keep it, in the place of one with the same scope, name and target language."""
    upsert(
        connection,
        GLOSSARIES,
        ("scope", "name", "target_lang"),
        scope=glossary.scope,
        name=glossary.name,
        target_lang=glossary.target_lang,
        source_lang=glossary.source_lang,
        terms=[list(term) for term in glossary.terms],
        kept_at=now_s(),
    )


def of_scopes(connection: Connection, scopes: Sequence[str]) -> list[KeptGlossary]:
    """Those of these scopes, in the scopes' order, then by name."""
    found = connection.execute(select(GLOSSARIES).where(GLOSSARIES.c.scope.in_(scopes))).mappings()
    return sorted(
        map(_glossary, found), key=lambda one: (scopes.index(one.scope), one.name, one.target_lang)
    )


def listed(connection: Connection) -> list[KeptGlossary]:
    """All of them."""
    order = (GLOSSARIES.c.scope, GLOSSARIES.c.name, GLOSSARIES.c.target_lang)
    return [
        _glossary(row) for row in connection.execute(select(GLOSSARIES).order_by(*order)).mappings()
    ]


def drop(
    connection: Connection, scope: str, name: str | None = None, target_lang: str | None = None
) -> int:
    """Forget those of a scope (with that name, into that language); how many they were."""
    statement = delete(GLOSSARIES).where(GLOSSARIES.c.scope == scope)
    if name is not None:
        statement = statement.where(GLOSSARIES.c.name == name)
    if target_lang is not None:
        statement = statement.where(GLOSSARIES.c.target_lang == target_lang)
    return connection.execute(statement).rowcount


def drop_all(connection: Connection, scopes: Collection[str]) -> None:
    """Forget all of these scopes."""
    connection.execute(delete(GLOSSARIES).where(GLOSSARIES.c.scope.in_(scopes)))


def _glossary(row: Any) -> KeptGlossary:
    return KeptGlossary(
        scope=row["scope"],
        name=row["name"],
        target_lang=row["target_lang"],
        terms=tuple((source, target) for source, target in row["terms"]),
        source_lang=row["source_lang"],
        kept_at=row["kept_at"],
    )
