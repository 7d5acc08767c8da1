"""Terms of ours as glossaries at DeepL, which inflects them: made once for each set of terms and
pair of languages, found again by a hash in their names.

An account may have 1,000 glossaries (developers.deepl.com/docs/customize/managing-glossaries); of
ours the oldest gives way to the newest.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from dragoman.domain import language
from dragoman.ports import Term

if TYPE_CHECKING:
    from deepl import DeepLClient
    from deepl.api_data import MultilingualGlossaryInfo

PREFIX = "dragoman-"
HASH_LETTERS = 24
MOST = 200  # glossaries of ours in one account
LONGEST_BYTES = 1024  # of a term


class Glossaries:
    """The glossaries of one account. May be asked from several threads."""

    def __init__(self, client: Callable[[], DeepLClient]) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._ids: dict[str, str] | None = None  # by name; None: not asked for yet

    def id_of(self, terms: Iterable[Term], source_lang: str, target_lang: str) -> str | None:
        """The id of the glossary with these terms, made if there is none; None: none of the terms
        is one that DeepL takes.

        Raises what the library raises.
        """
        langs = (language.base(source_lang), language.base(target_lang))
        entries = entries_of(terms)
        if not entries:
            return None
        name = name_of(entries, *langs)
        with self._lock:
            if self._ids is None:
                self._ids = {one.name: one.glossary_id for one in self._listed()}
            if name not in self._ids:
                self._ids[name] = self._made(name, entries, *langs)
            return self._ids[name]

    def forget(self) -> None:
        """Ask anew which there are: one that was known is gone."""
        with self._lock:
            self._ids = None

    def _listed(self) -> list[MultilingualGlossaryInfo]:
        known = self._client().list_multilingual_glossaries()
        return [one for one in known if one.name.startswith(PREFIX)]

    def _made(self, name: str, entries: dict[str, str], source: str, target: str) -> str:
        from deepl.api_data import MultilingualGlossaryDictionaryEntries

        client, ours = self._client(), self._listed()
        by_age = sorted(ours, key=lambda one: one.creation_time)
        for old in by_age[: max(0, len(ours) - MOST + 1)]:
            client.delete_multilingual_glossary(old.glossary_id)
        dictionary = MultilingualGlossaryDictionaryEntries(source, target, entries)
        return str(client.create_multilingual_glossary(name, [dictionary]).glossary_id)


def entries_of(terms: Iterable[Term]) -> dict[str, str]:
    """The terms that DeepL takes: without control characters, and of at most 1,024 bytes."""
    return {term.source: term.target for term in terms if _is_fit(term.source, term.target)}


def name_of(entries: dict[str, str], source: str, target: str) -> str:
    """The name of the glossary with these entries: the same whatever their order."""
    said = json.dumps([source, target, sorted(entries.items())], ensure_ascii=False)
    return f"{PREFIX}{hashlib.sha256(said.encode()).hexdigest()[:HASH_LETTERS]}"


def _is_fit(*words: str) -> bool:
    return all(word.isprintable() and 0 < len(word.encode()) <= LONGEST_BYTES for word in words)
