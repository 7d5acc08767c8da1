"""DeepL, through its own library with retries off: retries exist at one level only, the job's row.

Temporary: no answer, 429, 5xx and 529 (which the library counts as final). Permanent: a rejected
key (403), a used-up quota (456), requests that DeepL does not understand. A request that is too
large for it (413) is sent again in halves.
"""

from __future__ import annotations

import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

import structlog

from dragoman.domain import language
from dragoman.domain.job import Tone
from dragoman.errors import (
    EngineBusy,
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    QuotaUsedUp,
)
from dragoman.ports import Answer, Batch, Capabilities, Context, Limits
from pipeline.engines import deepl_languages
from pipeline.engines.deepl_glossaries import Glossaries
from pipeline.engines.deepl_internals import languages, on_answer
from pipeline.engines.deepl_languages import INSTRUCTED, NAME, VARIANTS, Listed
from pipeline.engines.pairs import refuse_unserved
from pipeline.engines.settings import EngineSettings, number, text
from pipeline.stages import markup

log = structlog.get_logger(__name__)

if TYPE_CHECKING:
    import requests
    from deepl import DeepLClient, TextResult
    from deepl.exceptions import DeepLException

# At most 50 texts and 128 KiB a request (developers.deepl.com/api-reference/translate). JSON writes
# a character of 2 bytes as 6, so 30,000 bytes of text stay below 90,000 on the way.
LIMITS = Limits(texts=50, size=30_000)
# Write takes 10 KiB a request (developers.deepl.com/api-reference/improve-text).
WRITE_LIMITS = Limits(texts=50, size=3_000)
PARALLEL = 4
# The default of DeepL is speed; all languages have both
# (developers.deepl.com/docs/translate/understanding-model-types).
MODEL_TYPE = "quality_optimized"
VERSION_LETTERS = 16
ANSWER_TIMEOUT_S = 60.0
CAPABILITIES_TTL_S = 3600.0
# developers.deepl.com/docs/best-practices/error-handling
QUOTA_EXCEEDED, TOO_MANY_REQUESTS, OVERLOADED = 456, 429, 529
INSTRUCTIONS = {
    Tone.BUSINESS: "Use the clear, courteous and professional language of business correspondence.",
    Tone.ACADEMIC: "Use precise academic language, as in a scholarly publication.",
    Tone.SIMPLE: "Use plain language: short sentences and common words.",
    Tone.CASUAL: "Use a relaxed, conversational tone.",
}
FORMALITY = {Tone.FORMAL: "prefer_more", Tone.INFORMAL: "prefer_less"}
WRITTEN = ("de", "en")  # languages with styles in DeepL Write


class DeepL:
    """The `Translator` that asks DeepL's servers.

    Free keys (ending in `:fx`) go to the free host.
    """

    name = NAME
    parallel = PARALLEL
    takes_hints = True
    limits = LIMITS

    def __init__(
        self,
        auth_key: str,
        server_url: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        model_type: str | None = MODEL_TYPE,
    ) -> None:
        """`server_url` None: DeepL's own host. `model_type` None: DeepL's own choice.

        `clock` in seconds, for how long its list of languages is believed.
        """
        self._auth_key = auth_key
        self._server_url = f"{server_url.rstrip('/')}/" if server_url else None
        self._clock = clock
        self._model_type = model_type
        self._known: tuple[float, Listed] | None = None
        self._glossaries = Glossaries(lambda: self.client)
        self.asked_s: float | None = None  # what the last answer asked to wait

    @cached_property
    def version(self) -> str:
        """A hash of the options that every request has; which model DeepL takes is its own
        choice, and is not told.
        """
        options = _options(Batch((), None, "de"), "DE", self._model_type)
        said = json.dumps([options, VARIANTS, FORMALITY, INSTRUCTIONS], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:VERSION_LETTERS]

    @property
    def has_free_key(self) -> bool:
        """Whether the key is one of DeepL API Free, which costs no money and has other terms
        for the data.
        """
        return is_free_key(self._auth_key)

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """See `Translator.takes_terms`."""
        if source_lang is None:  # a glossary needs to know it
            return False
        have = self._listed().glossaries
        return language.base(source_lang) in have and language.base(target_lang) in have

    def capabilities(self) -> Capabilities:
        """What DeepL lists as targets, asked at most once an hour."""
        return self._listed().capabilities

    def _listed(self) -> Listed:
        if self._known is None or self._clock() - self._known[0] > CAPABILITIES_TTL_S:
            self._known = (self._clock(), self._ask_capabilities())
        return self._known[1]

    def translate(self, batch: Batch) -> Answer:
        """See `Translator.translate`."""
        if not batch.texts:
            return Answer((), 0)
        options = _options(batch, self._target(batch.target_lang), self._model_type)
        results = self._with_terms(batch, options)
        if len(results) != len(batch.texts):
            raise EngineMisbehaved(
                detail=f"{len(results)} translations of {len(batch.texts)} texts"
            )
        return Answer(
            tuple(result.text for result in results),
            sum(result.billed_characters for result in results),
        )

    def _with_terms(self, batch: Batch, options: dict[str, Any]) -> list[TextResult]:
        """The results with the glossary of the batch; made anew where it is gone meanwhile."""
        for again in (True, False):
            glossary = self._glossary(batch)
            try:
                return list(self._results(batch.texts, {**options, **glossary}))
            except EngineMissing:
                if not glossary or not again:
                    raise
                self._glossaries.forget()
        raise AssertionError

    def _glossary(self, batch: Batch) -> dict[str, Any]:
        """The option that names the glossary with the terms of a batch; empty: it has none.

        One that DeepL does not take is left out: what is not obeyed then is told afterwards.
        """
        source, target = batch.source_lang, batch.target_lang
        if source is None or not batch.terms or not self.takes_terms(source, target):
            return {}
        try:
            with translated_errors(lambda: self.asked_s):
                found = self._glossaries.id_of(batch.glossary or batch.terms, source, target)
        except (EngineMisbehaved, QuotaUsedUp) as error:
            log.warning("deepl_glossary_refused", detail=error.detail)
            return {}
        return {"glossary": found} if found else {}

    @cached_property
    def client(self) -> DeepLClient:
        """One client, and so one connection, for all requests."""
        client = _client(self._auth_key, self._server_url)
        on_answer(client, self._hear)
        return client

    def _hear(self, response: requests.Response) -> None:
        self.asked_s = retry_after_s(response.headers.get("Retry-After"))

    def _results(self, texts: tuple[str, ...], options: dict[str, Any]) -> Iterator[TextResult]:
        try:
            with translated_errors(lambda: self.asked_s):
                results = self.client.translate_text(list(texts), **options)
        except TooLargeForDeepL:
            if len(texts) == 1:
                raise
            middle = len(texts) // 2
            yield from self._results(texts[:middle], options)
            yield from self._results(texts[middle:], options)
        else:
            yield from results if isinstance(results, list) else [results]

    def usage(self) -> tuple[int, int] | None:
        """Characters used and allowed in the present period; None if there is no limit.

        Raises as `capabilities`.
        """
        client = _client(self._auth_key, self._server_url)
        try:
            with translated_errors():
                used = client.get_usage().character
        finally:
            client.close()  # type: ignore[no-untyped-call]
        return (used.count, used.limit) if used.count is not None and used.limit else None

    def _ask_capabilities(self) -> Listed:
        # The library asks by GET with a body, which some servers leave unread: a connection of its
        # own.
        client = _client(self._auth_key, self._server_url)
        try:
            with translated_errors():
                return deepl_languages.listed(languages(client)) or deepl_languages.before(client)
        finally:
            client.close()  # type: ignore[no-untyped-call]

    def _target(self, tag: str) -> str:
        """DeepL's code for a target tag. Raises UnsupportedTarget."""
        capabilities = self.capabilities()
        refuse_unserved(capabilities, None, tag)
        return (closest(tag, capabilities.targets) or tag).upper()


class DeepLWrite:
    """The `ToneModel` of accounts with DeepL Write.

    It takes plain text only: texts with tags come back unchanged.
    """

    limits = WRITE_LIMITS

    def __init__(self, engine: DeepL) -> None:
        """`engine` lends its connection."""
        self._engine = engine

    @staticmethod
    def writes(target_lang: str, tone: Tone | None) -> bool:
        """Whether Write has this tone in this language."""
        return tone in INSTRUCTIONS and language.base(target_lang) in WRITTEN

    def rephrase(self, batch: Batch) -> Answer:
        """See `ToneModel.rephrase`."""
        plain = [index for index, text in enumerate(batch.texts) if text and "<" not in text]
        if not plain or batch.tone is None or not self.writes(batch.target_lang, batch.tone):
            return Answer(batch.texts, 0)
        texts = [markup.unescape(batch.texts[index]) for index in plain]
        target = (closest(batch.target_lang, {"de", "en-US", "en-GB"}) or batch.target_lang).upper()
        with translated_errors(lambda: self._engine.asked_s):
            results = self._engine.client.rephrase_text(
                texts, target_lang=target, style=f"prefer_{batch.tone.value}"
            )
        results = results if isinstance(results, list) else [results]
        if len(results) != len(texts):
            raise EngineMisbehaved(detail=f"{len(results)} improvements of {len(texts)} texts")
        answers = list(batch.texts)
        for index, result in zip(plain, results, strict=True):
            answers[index] = markup.escape(result.text) or answers[index]
        return Answer(tuple(answers), sum(map(len, texts)))


class TooLargeForDeepL(EngineMisbehaved):
    """DeepL answered 413: the batch is cut into halves and asked again."""

    message = "DeepL says that the request is too large."


def is_free_key(auth_key: str) -> bool:
    """Whether a key is one of DeepL API Free: they end in `:fx`
    (developers.deepl.com/docs/getting-started/auth).
    """
    return auth_key.strip().endswith(":fx")


def closest(tag: str, targets: Iterable[str]) -> str | None:
    """The target that a tag means: itself, else the usual variant of its language, else any of
    the same script; or None.
    """
    possible = sorted(target for target in targets if language.same(target, tag))
    base = language.base(tag)
    wanted = [tag, VARIANTS.get(base, base), base]
    return next((one for one in wanted if one in possible), possible[0] if possible else None)


def retry_after_s(value: str | None) -> float | None:
    """Seconds of a `Retry-After` (RFC 9110 10.2.3: a number, or a date), None if there is none
    that can be read.
    """
    if value is None:
        return None
    try:
        return max(float(value), 0.0)
    except ValueError:
        pass
    try:
        return max((parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds(), 0.0)
    except (TypeError, ValueError):
        return None


@contextmanager
def translated_errors(asked_s: Callable[[], float | None] = lambda: None) -> Iterator[None]:
    """The library's exceptions as ours; `asked_s`: the seconds that the server asked to wait in
    its last answer.
    """
    from deepl.exceptions import DeepLException

    try:
        yield
    except DeepLException as error:
        _raise_ours(error, asked_s())
    except (TypeError, ValueError, KeyError, AttributeError) as error:  # an answer of another shape
        raise EngineMisbehaved(detail=f"{type(error).__name__}: {error}") from error


def _raise_ours(error: DeepLException, asked_s: float | None) -> NoReturn:
    from deepl.exceptions import ConnectionException

    status, detail = error.http_status_code, str(error)[:500]
    if isinstance(error, ConnectionException):
        raise EngineUnavailable(detail=detail) from error
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        raise EngineKeyRejected(detail=detail) from error
    if status == QUOTA_EXCEEDED:
        raise QuotaUsedUp(detail=detail) from error
    if status in (TOO_MANY_REQUESTS, OVERLOADED):
        raise EngineBusy(detail=detail, retry_after_s=asked_s) from error
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        raise TooLargeForDeepL(detail=detail) from error
    if status == HTTPStatus.NOT_FOUND:
        raise EngineMissing(
            "There is no DeepL at the address that is set.", detail=detail
        ) from error
    if status is not None and status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise EngineUnavailable(detail=detail, retry_after_s=asked_s) from error
    raise EngineMisbehaved(detail=detail) from error


def _client(auth_key: str, server_url: str | None) -> DeepLClient:
    import deepl

    deepl.http_client.max_network_retries = 0
    deepl.http_client.min_connection_timeout = ANSWER_TIMEOUT_S
    logging.getLogger("deepl").setLevel(logging.WARNING)  # at DEBUG it logs the texts
    return deepl.DeepLClient(auth_key, server_url=server_url, send_platform_info=False)


def _context(context: Context) -> str:
    """Where the texts stand, as a text of its own: DeepL reads it, and neither translates nor
    charges for it.
    """
    parts = (context.title, context.section, *context.before, *context.after)
    return "\n".join(dict.fromkeys(part for part in parts if part))


def _options(batch: Batch, target: str, model_type: str | None) -> dict[str, Any]:
    options: dict[str, Any] = {
        "source_lang": language.base(batch.source_lang).upper() if batch.source_lang else None,
        "target_lang": target,
        "tag_handling": "xml",
        "outline_detection": False,
        "non_splitting_tags": ["g", "x"],
        "ignore_tags": ["x"],
        "split_sentences": "nonewlines",
    }
    if model_type:
        options["model_type"] = model_type
    if said := _context(batch.context):
        options["context"] = said
    if batch.tone in FORMALITY:
        options["formality"] = FORMALITY[batch.tone]
    elif batch.tone in INSTRUCTIONS and language.base(batch.target_lang) in INSTRUCTED:
        options["custom_instructions"] = [INSTRUCTIONS[batch.tone]]
    return options


def build(settings: EngineSettings) -> DeepL | None:
    """DeepL, if a key is set."""
    key = text(settings, "deepl_auth_key")
    if key is None:
        return None
    return _kept(key, text(settings, "deepl_server_url"), text(settings, "deepl_model_type"))


def tone_model(
    settings: EngineSettings, engine: DeepL, tone: Tone | None, target_lang: str
) -> DeepLWrite | None:
    """DeepL Write where it is switched on and has this tone in this language; else None."""
    is_on = settings.given("deepl_write") and DeepLWrite.writes(target_lang, tone)
    return DeepLWrite(engine) if is_on else None


def price(engine: DeepL, characters: int, settings: EngineSettings) -> float | None:
    """An estimate at the price that is set; free keys cost no money, only their quota."""
    per_million = number(settings, "deepl_price")
    return per_million * characters / 1_000_000 if per_million and not engine.has_free_key else None


def usage(engine: DeepL) -> tuple[int, int] | None:
    """As `DeepL.usage`."""
    return engine.usage()


def rates(settings: EngineSettings) -> tuple[str, float, float]:
    """The key that all workers share, and how many requests and characters a second it may be
    asked for (0: no limit of ours).
    """
    requests_per_s, characters_per_s = (
        number(settings, f"deepl_{of}_per_s") or 0.0 for of in ("requests", "characters")
    )
    return text(settings, "deepl_auth_key") or "", requests_per_s, characters_per_s


@lru_cache(8)  # clients kept open; a process has one key
def _kept(auth_key: str, server_url: str | None, model_type: str | None) -> DeepL:
    return DeepL(auth_key, server_url, model_type=model_type)
