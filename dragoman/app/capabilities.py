"""Which languages can be translated into now, by what the workers say of their engines: what
the front doors refuse and offer.
"""

from __future__ import annotations

from dragoman.db.engine import Database
from dragoman.db.records import process_registry
from dragoman.domain import language
from dragoman.domain.engines import AUTO
from dragoman.domain.job import PSEUDO
from dragoman.errors import EngineNotAllowed, UnsupportedTarget


class NoEngine(UnsupportedTarget):
    """Nothing is set up that could translate anything."""

    message = "No translation engine is set up on this server yet."
    code = "no_engine"
    exit_code = 25
    advice = "Please ask the admin of this server to set one up, then send the document again."
    for_admin = (
        "Set up one of these: a model on this machine for each pair (`dragoman models add en-de`),"
        " Apertium (on Debian: apt-get install apertium apertium-eng-spa), DeepL"
        " (DRAGOMAN_DEEPL_AUTH_KEY), a language model (DRAGOMAN_OPENAI_BASE_URL) or LibreTranslate"
        " (DRAGOMAN_LIBRETRANSLATE_URL). DRAGOMAN_ENGINE=pseudo only shows the layout."
    )


class Possible:
    """A part of intake. All methods may raise DatabaseUnavailable."""

    database: Database

    def check_target(
        self, target_lang: str, engine: str | None = None, allowed: frozenset[str] | None = None
    ) -> None:
        """Raise UnsupportedTarget, listing what is possible, unless some engine here can translate
        into the language.

        Raises NoEngine where none is set up. Nothing is refused before the first worker has said
        what its engines can do, nor where `pseudo`, which every worker has, is asked for by its
        name. `allowed`: the engines that may have the document, None: all. Raises EngineNotAllowed
        where it is these that cannot.
        """
        if allowed is not None and engine not in (None, AUTO, *allowed):
            raise EngineNotAllowed(f"This document may not be given to the engine {engine}.")
        if engine == PSEUDO:
            return
        targets = self.targets(allowed)
        if targets is None:
            return
        if not language.is_among(target_lang, targets) and language.is_among(
            target_lang, self.targets() or frozenset()
        ):
            raise EngineNotAllowed
        if not targets:
            raise NoEngine
        if not language.is_among(target_lang, targets):
            message = f"This server cannot translate into {language.name(target_lang)}."
            raise UnsupportedTarget(
                message, advice=f"Please choose one of these: {language.listed(targets)}."
            )

    def check_engine(self) -> None:
        """Raise NoEngine where the workers have said that no engine is set up: no language has
        to be asked for then.
        """
        if self.targets() == frozenset():
            raise NoEngine

    def targets(self, allowed: frozenset[str] | None = None) -> frozenset[str] | None:
        """The languages that can be translated into now; empty: no engine is set up; None: no
        worker has said anything yet.

        `allowed`: by these engines, None: by any.
        """
        with self.database.read() as connection:
            return process_registry.targets(connection, allowed)
