"""The interfaces that the program owns; adapters and fakes implement them, contract tests hold
both to them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

from dragoman.domain.job import Tone


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What an engine can do.

    `targets`: tags it can translate into. `pairs`: the (source, target) base languages it can
    serve, None: any source into any target. `formality`: targets for which `Tone.FORMAL` and
    `Tone.INFORMAL` are honoured while translating; `styles`: targets for which the other tones are.
    """

    engine: str
    targets: frozenset[str]
    pairs: frozenset[tuple[str, str]] | None = None
    formality: frozenset[str] = frozenset()
    styles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one request may hold: `texts` pieces, `size` bytes of UTF-8 over all of
    them.
    """

    texts: int
    size: int


@dataclass(frozen=True, slots=True)
class Term:
    """A word of the glossary that occurs, and what it is to be in the translation: a hint,
    which may be inflected.
    """

    source: str
    target: str


@dataclass(frozen=True, slots=True)
class Context:
    """Where texts stand, for engines that read it and translate none of it.

    All of it is plain text; empty: not known.

    `title` of the document, `section`: the heading over the first text, `before` and `after`: the
    neighbours of the texts.
    """

    title: str = ""
    section: str = ""
    before: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


NO_CONTEXT = Context()


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts to translate in one request.

    Each text is XML: `&amp; &lt; &gt;` escaped, `<g id="N">…</g>` around a run of another style,
    `<x id="N"/>` for something that must come back unchanged. An engine keeps every tag once, and
    may move them. `source_lang` None: the engine detects it. `terms`: those of the glossary that
    occur in the texts; `glossary`: all of them where any occurs, for an engine that keeps
    glossaries of its own.
    """

    texts: tuple[str, ...]
    source_lang: str | None
    target_lang: str
    tone: Tone | None = None
    context: Context = NO_CONTEXT
    terms: tuple[Term, ...] = ()
    glossary: tuple[Term, ...] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """What a language model counted: tokens that it read (`taken`) and wrote (`given`)."""

    taken: int = 0
    given: int = 0

    def __add__(self, other: Tokens) -> Tokens:
        """Both together."""
        return Tokens(self.taken + other.taken, self.given + other.given)


NO_TOKENS = Tokens()


@dataclass(frozen=True, slots=True)
class Answer:
    """The translations of a batch, in its order, and what the engine charges for: characters, and
    tokens if it counts these.

    None in place of a text: the engine failed at it. It stays in the original, which is said, and
    is asked for again another time. `partly`: places (from 0) of texts in which the engine left a
    sentence in the original, since no try kept its figures or signs; that is said as well.
    """

    texts: tuple[str | None, ...]
    characters_billed: int
    spent: Tokens = NO_TOKENS
    partly: frozenset[int] = frozenset()


class Translator(Protocol):
    """An engine. Retries nothing itself."""

    @property
    def name(self) -> str:
        """The engine's name in settings, keys and answers: `deepl`, `openai`, `libretranslate`,
        `local`, `apertium`, `pseudo`.
        """

    @property
    def version(self) -> str:
        """What else its answers depend on, such as a model's name; empty: nothing.

        Part of the memory's key.

        At most 64 characters. Another version: what was remembered of the former one is not used
        any more.
        """

    @property
    def parallel(self) -> int:
        """How many requests it may be asked at once, 1 or more.

        With more than 1 `translate` is called from several threads.
        """

    @property
    def takes_hints(self) -> bool:
        """Whether it minds `Batch.context`."""

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """Whether it minds `Batch.terms` between these languages.

        Where it does not, the terms of a glossary are taken out of the texts, and put back as they
        stand.
        """

    @property
    def limits(self) -> Limits:
        """How large a batch may be."""

    def capabilities(self) -> Capabilities:
        """What it can do now. Raises an engine error when it cannot be asked."""

    def translate(self, batch: Batch) -> Answer:
        """The same texts in `batch.target_lang`, same number and order, None for those that it
        fails at.

        Raises EngineBusy, EngineUnavailable, EngineKeyRejected, QuotaUsedUp, EngineMisbehaved,
        EngineMissing or UnsupportedPair.
        """


class ToneModel(Protocol):
    """Rewrites texts of one language in another tone, in that language."""

    @property
    def limits(self) -> Limits:
        """How large a batch may be."""

    def rephrase(self, batch: Batch) -> Answer:
        """The texts of `batch` (in `batch.target_lang`) in `batch.tone`; raises as
        `Translator.translate`.
        """


class BlobStore(Protocol):
    """Bytes under write-once keys such as `jobs/ID/source.pdf`."""

    def put(self, key: str, body: BinaryIO) -> bool:
        """Store `body` (from its position to its end) durably; False, and nothing written, if the
        key is taken.

        Raises StoreUnavailable.
        """

    def adopt(self, key: str, file: Path) -> bool:
        """As `put` with the bytes of `file` (on disk with fsync), which is gone afterwards."""

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """The bytes under `key`, to be read forward. Raises Gone or StoreUnavailable."""

    def size(self, key: str) -> int | None:
        """Bytes under `key`, None if there are none. Raises StoreUnavailable."""

    def delete(self, key: str) -> None:
        """Forget `key`; nothing happens if there is none. Raises StoreUnavailable."""

    def keys(self, prefix: str) -> Iterator[str]:
        """All keys that begin with `prefix`. Raises StoreUnavailable."""


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """What a token server gave: the token, and for how many seconds from now on it says that it
    is good.
    """

    text: str = field(repr=False)
    expires_in_s: float


class TokenIssuer(Protocol):
    """A server that gives tokens for a credential of ours."""

    @property
    def credential(self) -> str:
        """All that the token depends on, the secret too: another credential, another token."""

    def issue(self) -> IssuedToken:
        """A new token.

        Raises OutboundLoginRefused (the credential is not taken) or OutboundUnavailable.
        """


@dataclass(frozen=True, slots=True)
class Token:
    """A token to log in with. `number` rises with each renewal."""

    text: str = field(repr=False)
    number: int


class TokenSource(Protocol):
    """Where a mail server's client gets its token from, each time that it logs in."""

    def token(self) -> Token:
        """A token that is good now. Raises OutboundLoginRefused or OutboundUnavailable."""

    def renewed(self, refused: Token) -> Token | None:
        """Another token in place of one that a mail server refused; raises as `token`.

        None: the refused one is so new that another would be refused as well.
        """
