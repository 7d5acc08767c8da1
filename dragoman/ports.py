"""The interfaces that the program owns; adapters and fakes implement them, contract tests hold both to them."""

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

    `targets`: tags it can translate into. `pairs`: the (source, target) base languages it can serve, None: any source
    into any target. `formality`: targets for which `Tone.FORMAL` and `Tone.INFORMAL` are honoured while translating;
    `styles`: targets for which the other tones are.
    """

    engine: str
    targets: frozenset[str]
    pairs: frozenset[tuple[str, str]] | None = None
    formality: frozenset[str] = frozenset()
    styles: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one request may hold: `texts` pieces, `size` bytes of UTF-8 over all of them."""

    texts: int
    size: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts to translate in one request.

    Each text is XML: `&amp; &lt; &gt;` escaped, `<g id="N">…</g>` around a run of another style, `<x id="N"/>` for
    something that must come back unchanged. An engine keeps every tag once, and may move them.
    `source_lang` None: the engine detects it.
    """

    texts: tuple[str, ...]
    source_lang: str | None
    target_lang: str
    tone: Tone | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """The translations of a batch, in its order, and the characters that the engine charges for."""

    texts: tuple[str, ...]
    characters_billed: int


class Translator(Protocol):
    """An engine. Retries nothing itself."""

    @property
    def name(self) -> str:
        """The engine's name in settings, keys and answers: `deepl`, `local`, `apertium`, `pseudo`."""

    @property
    def limits(self) -> Limits:
        """How large a batch may be."""

    def capabilities(self) -> Capabilities:
        """What it can do now. Raises an engine error when it cannot be asked."""

    def translate(self, batch: Batch) -> Answer:
        """The same texts in `batch.target_lang`, same number and order.

        Raises EngineBusy, EngineUnavailable, EngineKeyRejected, QuotaUsedUp, EngineMisbehaved, EngineMissing or UnsupportedPair.
        """


class ToneModel(Protocol):
    """Rewrites texts of one language in another tone, in that language."""

    @property
    def limits(self) -> Limits:
        """How large a batch may be."""

    def rephrase(self, batch: Batch) -> Answer:
        """The texts of `batch` (in `batch.target_lang`) in `batch.tone`; raises as `Translator.translate`."""


class BlobStore(Protocol):
    """Bytes under write-once keys such as `jobs/ID/source.pdf`."""

    def put(self, key: str, body: BinaryIO) -> bool:
        """Store `body` (from its position to its end) durably; False, and nothing written, if the key is taken.

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
    """What a token server gave: the token, and for how many seconds from now on it says that it is good."""

    text: str = field(repr=False)
    expires_in_s: float


class TokenIssuer(Protocol):
    """A server that gives tokens for a credential of ours."""

    @property
    def credential(self) -> str:
        """All that the token depends on, the secret too: another credential, another token."""

    def issue(self) -> IssuedToken:
        """A new token. Raises OutboundLoginRefused (the credential is not taken) or OutboundUnavailable."""


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
