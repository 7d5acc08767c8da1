"""LibreTranslate, in the house or somebody's: plain texts in a list, and our own code for tags.

Its way with HTML breaks sentences at tags and unescapes, so tags do not travel: a kept piece is a
stand-in that the model copies (`[1]`), and the words of a style are translated alone beside the
text, to be found in it again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from dragoman.domain import language
from dragoman.errors import (
    EngineBusy,
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    UnknownLanguage,
)
from dragoman.ports import Answer, Batch, Capabilities, Limits
from pipeline.engines.deepl import closest, retry_after_s
from pipeline.engines.local import marked, standins, word_alignment
from pipeline.engines.local.marked import Marked
from pipeline.engines.pairs import refuse_unserved
from pipeline.engines.settings import EngineSettings, text
from pipeline.stages import protection

if TYPE_CHECKING:
    import requests

NAME = "libretranslate"
TIMEOUTS_S = (10.0, 120.0)  # to connect, and of silence: a small machine takes seconds for a text
CAPABILITIES_TTL_S = 3600.0
LONGEST_ERROR = 300
FORMS = standins.FORMS[:2]
# What it calls languages where that is no tag, or a tag that means more than it says.
_TAGS = {"zh": "zh-Hans", "zt": "zh-Hant", "pb": "pt-BR"}
_ADDRESS = "Please check DRAGOMAN_LIBRETRANSLATE_URL, such as http://127.0.0.1:5000."
_KEY = "Please check DRAGOMAN_LIBRETRANSLATE_API_KEY; `dragoman doctor` tries it."


class TooMuch(EngineMisbehaved):
    """LibreTranslate says that a request is over its limit of characters or texts: it is cut
    and asked again.
    """

    message = "The request is larger than the translation server allows."


class LibreTranslate:
    """The `Translator`. May be asked from several threads."""

    name = NAME
    version = "1"  # of our way with its answers: the server tells none of its own
    parallel = 2
    takes_hints = False
    # its own limits are set by its admin; 413 and 400 halve
    limits: ClassVar[Limits] = Limits(texts=20, size=2_000)

    def __init__(
        self,
        url: str,
        api_key: str | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
        silence_s: float = TIMEOUTS_S[1],
    ) -> None:
        """`url` of its front page.

        `clock` in seconds, for how long its list of languages is believed.
        """
        self._url = url.rstrip("/").removesuffix("/translate")
        self._api_key = api_key
        self._clock = clock
        self._timeouts = (TIMEOUTS_S[0], silence_s)
        self._known: tuple[float, Capabilities, dict[str, str]] | None = None

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """See `Translator.takes_terms`."""
        return False

    def capabilities(self) -> Capabilities:
        """Its languages and pairs, asked at most once an hour."""
        return self._listed()[0]

    def translate(self, batch: Batch) -> Answer:
        """See `Translator.translate`."""
        if not batch.texts:
            return Answer((), 0)
        known, codes = self._listed()
        asked = replace(known, pairs=known.pairs if batch.source_lang else None)
        refuse_unserved(asked, batch.source_lang, batch.target_lang)
        source = _code(codes, batch.source_lang) if batch.source_lang else "auto"
        target = _code(codes, batch.target_lang)

        def ask(texts: Sequence[str]) -> list[str]:
            return self._ask(list(texts), source, target)

        wholes = [marked.read(text) for text in batch.texts]
        worded = {
            at: whole
            for at, whole in enumerate(wholes)
            if protection.has_words(marked.HOLE.sub(" ", whole.words))
        }
        done = _translated(worded, ask)
        return Answer(tuple(done.get(at, text) for at, text in enumerate(batch.texts)), 0)

    def _listed(self) -> tuple[Capabilities, dict[str, str]]:
        if self._known is None or self._clock() - self._known[0] > CAPABILITIES_TTL_S:
            with _our_errors():
                found = self._request("GET", "/languages", None)
                codes = {_tag(str(one["code"])): str(one["code"]) for one in found}
                pairs = frozenset(
                    (language.base(_tag(str(one["code"]))), language.base(_tag(str(target))))
                    for one in found
                    for target in one.get("targets") or codes.values()
                )
            pairs = frozenset((one, other) for one, other in pairs if one != other)
            capabilities = Capabilities(NAME, frozenset(codes), pairs)
            self._known = (self._clock(), capabilities, codes)
        return self._known[1:]

    def _ask(self, texts: list[str], source: str, target: str) -> list[str]:
        if not texts:
            return []
        body = {"q": texts, "source": source, "target": target, "format": "text"}
        if self._api_key:
            body["api_key"] = self._api_key
        try:
            with _our_errors():
                answers = self._request("POST", "/translate", body)["translatedText"]
        except TooMuch:
            if len(texts) == 1:
                raise
            middle = len(texts) // 2
            return [
                *self._ask(texts[:middle], source, target),
                *self._ask(texts[middle:], source, target),
            ]
        if (
            not isinstance(answers, list)
            or len(answers) != len(texts)
            or not all(isinstance(one, str) for one in answers)
        ):
            raise EngineMisbehaved(detail=f"no list of {len(texts)} translations")
        return answers

    def _request(self, method: str, path: str, body: dict[str, Any] | None) -> Any:
        import requests

        with requests.Session() as session:
            session.trust_env = False
            response = session.request(
                method,
                f"{self._url}{path}",
                json=body,
                timeout=self._timeouts,
                allow_redirects=False,
            )
        if response.status_code != HTTPStatus.OK:
            _raise_ours(response)
        try:
            return json.loads(response.content)
        except ValueError as error:
            raise _not_there(response.text[:LONGEST_ERROR]) from error


def _translated(
    wholes: Mapping[int, Marked], ask: Callable[[Sequence[str]], list[str]]
) -> dict[int, str]:
    """The texts as XML: words with stand-ins first, the words of styles beside them; what lost
    a stand-in once more.
    """
    said: dict[int, str] = {}
    alone: dict[str, str] = {}
    for form in FORMS:
        sent = {
            at: standins.stood_in(whole.words, form)
            for at, whole in wholes.items()
            if at not in said
        }
        possible = {at: one for at, one in sent.items() if one is not None}
        styled = [words for at in possible for words in _styled(wholes[at]) if words not in alone]
        styled = list(dict.fromkeys(styled))
        answers = ask([*(text for text, _ in possible.values()), *styled])
        alone |= dict(zip(styled, answers[len(possible) :], strict=True))
        for (at, (_, marks)), answer in zip(possible.items(), answers, strict=False):
            words = standins.filled(answer, marks)
            if words is not None:
                said[at] = words
    for at, whole in wholes.items():
        if at not in said:
            said[at] = standins.apart(whole.words, lambda words: ask([words])[0])
    return {at: _written(wholes[at], words, alone) for at, words in said.items()}


def _styled(whole: Marked) -> list[str]:
    """The words of a text that have a style of their own, without holes."""
    found = [
        marked.HOLE.sub(" ", whole.words[span.start : span.end]).strip() for span in whole.spans
    ]
    return [words for words in found if protection.has_words(words)]


def _written(whole: Marked, words: str, alone: Mapping[str, str]) -> str:
    spans = word_alignment.place(
        whole.words, words, whole.spans, lambda piece: alone.get(piece, piece)
    )
    return marked.write(replace(whole, words=words, spans=spans))


def _code(codes: Mapping[str, str], tag: str) -> str:
    """What the server calls a language."""
    found = closest(tag, codes)
    return codes[found] if found else language.base(tag)


def _tag(code: str) -> str:
    try:
        return language.parse(_TAGS.get(code, code))
    except UnknownLanguage:
        return code


@contextmanager
def _our_errors() -> Iterator[None]:
    from requests import RequestException
    from requests.exceptions import InvalidURL, ReadTimeout

    try:
        yield
    except InvalidURL as error:
        raise _not_there(str(error)) from error
    except RequestException as error:
        silent = isinstance(error, ReadTimeout) or "timed out" in str(error)
        said = "The translation server has stopped answering." if silent else None
        raise EngineUnavailable(said, detail=str(error)[:500]) from error
    except (TypeError, KeyError, AttributeError) as error:  # an answer of another shape
        raise _not_there(f"{type(error).__name__}: {error}") from error


def _raise_ours(response: requests.Response) -> NoReturn:
    status, said = response.status_code, response.text[:LONGEST_ERROR]
    detail, words = f"{status}: {said}", said.casefold()
    wait = retry_after_s(response.headers.get("Retry-After"))
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN) or "api key" in words:
        rejected = EngineKeyRejected(detail=detail)
        rejected.for_admin = _KEY
        raise rejected
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        raise EngineBusy(detail=detail, retry_after_s=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise EngineUnavailable(detail=detail, retry_after_s=wait)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or "exceeds" in words:
        raise TooMuch(detail=detail)
    if status == HTTPStatus.BAD_REQUEST:
        raise EngineMisbehaved(detail=detail)
    raise _not_there(detail)


def _not_there(detail: str) -> EngineMissing:
    missing = EngineMissing("There is no LibreTranslate at the address that is set.", detail=detail)
    missing.for_admin = _ADDRESS
    return missing


def build(settings: EngineSettings) -> LibreTranslate | None:
    """LibreTranslate, if its address is set."""
    url = text(settings, "libretranslate_url")
    return _kept(url, text(settings, "libretranslate_api_key")) if url else None


@lru_cache(8)  # clients kept open; a process has one address
def _kept(url: str, key: str | None) -> LibreTranslate:
    return LibreTranslate(url, key)
