"""Glossaries that are kept are used where they were kept, named in the answer, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from typing import Any

import pymupdf
import pytest

from dragoman.app import retention
from dragoman.db.records import glossaries
from dragoman.domain.glossaries.kept import KeptGlossary, joined, parse_scope, scopes_of
from dragoman.domain.job import Options
from dragoman.errors import UnsupportedOption
from dragoman.settings import Settings
from pipeline.attempt.context import Context
from tests.driving import drive
from tests.rows import add_job

ANN, BOB, STRANGER = "ann@example.org", "bob@example.org", "cem@other.org"
TEAMS = KeptGlossary("@example.org", "house style", "de", (("visitor", "Gast"),), "en")


@pytest.fixture
def done(settings: Settings, database, store) -> Callable[..., dict[str, Any]]:
    """The row of a job of a page that names a visitor, and the words of its result."""

    def run(
        owner: str, target: str = "de", terms: tuple[tuple[str, str], ...] = ()
    ) -> dict[str, Any]:
        context = Context(settings.model_copy(update={"engine": "pseudo"}), database, store)
        options = Options(target, "en", engine="pseudo", glossary=terms).as_json()
        job_id = add_job(database, owner=owner, options=options, target_lang=target)
        store.put(f"jobs/{job_id}/source.pdf", BytesIO(page()))
        job = drive(context, job_id)
        with store.open(job["result"]) as body, pymupdf.open("pdf", body.read()) as pdf:
            return {**job, "words": pdf[0].get_text()}

    return run


def page() -> bytes:
    with pymupdf.open() as pdf:
        pdf.new_page().insert_text(
            (60, 80), "The visitor wanted a window seat in the morning train."
        )
        return bytes(pdf.tobytes())


def named(job: dict[str, Any]) -> list[str]:
    return [one["message"] for one in job["warnings"] if one["code"] == "glossary_used"]


def test_a_team_s_glossary_serves_its_members_is_named_and_serves_nobody_else(done, database):
    before = done(ANN)
    assert (named(before), "Gast" in before["words"]) == ([], False)
    with database.write() as connection:
        glossaries.keep(connection, TEAMS)
    after = done(ANN)
    assert "Gast" in after["words"]
    assert named(after) == [
        "The glossary “house style” (1 terms), which is kept for @example.org, was used."
    ]
    assert "Gast" in done(BOB)["words"]
    for other in (done(STRANGER), done(ANN, target="fr")):
        assert (named(other), "Gast" in other["words"]) == ([], False)


def test_what_comes_with_the_document_goes_before_what_is_kept(done, database):
    with database.write() as connection:
        glossaries.keep(connection, TEAMS)
        glossaries.keep(connection, KeptGlossary(ANN, "mine", "de", (("visitor", "Besuch"),)))
    assert "Besuch" in done(ANN)["words"]
    assert "Gast" in done(BOB)["words"]
    assert "Kunde" in done(ANN, terms=(("visitor", "Kunde"),))["words"]


def test_keeping_again_replaces_and_forgetting_is_asked_for_by_name(database):
    with database.write() as connection:
        glossaries.keep(connection, TEAMS)
        glossaries.keep(
            connection, KeptGlossary("@example.org", "house style", "de", (("a", "b"),))
        )
        glossaries.keep(
            connection, KeptGlossary("@example.org", "house style", "fr", (("a", "c"),))
        )
        assert [(one.target_lang, one.terms) for one in glossaries.listed(connection)] == [
            ("de", (("a", "b"),)),
            ("fr", (("a", "c"),)),
        ]
        assert glossaries.drop(connection, "@example.org", "other") == 0
        assert glossaries.drop(connection, "@example.org", "house style") == 2


def test_who_is_forgotten_leaves_no_glossary(database, store):
    with database.write() as connection:
        glossaries.keep(connection, TEAMS)
        glossaries.keep(connection, KeptGlossary(ANN, "mine", "de", (("visitor", "Besuch"),)))
    retention.purge_sender(database, store, "Ann@example.org")
    with database.read() as connection:
        assert [one.scope for one in glossaries.listed(connection)] == ["@example.org"]


@pytest.mark.parametrize(
    ("owner", "place", "scopes"),
    [
        ("Ann@Example.org", None, ("ann@example.org", "@example.org")),
        ("ann@gmail.com", None, ("ann@gmail.com",)),
        ("slack:T1:U1", "C1", ("slack:T1:U1", "slack:T1:C1", "slack:T1")),
        ("slack:T1:U1", None, ("slack:T1:U1", "slack:T1")),
        ("web:ci", None, ("web:ci",)),
    ],
)
def test_the_nearest_scope_comes_first(owner, place, scopes):
    assert scopes_of(owner, place) == scopes


def test_a_document_of_another_language_is_none_of_its_business():
    assert TEAMS.serves("en-GB", "de-AT")
    assert TEAMS.serves(None, "de")
    assert not TEAMS.serves("fr", "de")
    assert not TEAMS.serves("en", "nl")
    assert joined([TEAMS], (("x", "y"),)) == (("visitor", "Gast"), ("x", "y"))


@pytest.mark.parametrize("text", ["", "ann", "slack:", "slack:T:U:X", "a b@c", "web:"])
def test_a_scope_that_names_nobody_is_refused(text):
    with pytest.raises(UnsupportedOption, match="names nobody"):
        parse_scope(text)
