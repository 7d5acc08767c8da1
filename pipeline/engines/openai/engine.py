"""The `Translator` that asks a language model, looks over each text of its answer, and asks again
for those that failed.

A batch goes out whole. What failed is asked for again together, then text by text: one that makes
the model do something else spoils no other. What still fails is given up: the pipeline keeps it in
the original, says so, and remembers nothing of it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import ClassVar

from dragoman.domain import language
from dragoman.ports import NO_TOKENS, Answer, Batch, Capabilities, Limits, Tokens
from pipeline.engines import language_check
from pipeline.engines.openai import prompts, replies, tags
from pipeline.engines.openai.projecting import projected
from pipeline.engines.openai.prompts import Form
from pipeline.engines.openai.wire import FormRefused, Reply, TooLong, Wire
from pipeline.engines.pairs import refuse_unserved
from pipeline.engines.settings import EngineSettings, number, text
from pipeline.stages import checks, markup, protection, terms
from pipeline.stages.checks import Doubt
from pipeline.stages.protection import Glossary

NAME = "openai"
PARALLEL = 4
# About 1,500 tokens of European languages: enough neighbours to see, and small enough for models
# with 8k of context.
LIMITS = Limits(texts=40, size=6_000)
GIVE_UP_AFTER = 5  # texts that fail alone one after the other: the model cannot do it
# times the texts' characters, and characters more, that an answer may have
MOST_TIMES, MOST_MORE = 6, 4_000
# What current models translate well. Others are refused: words in a language that a model hardly
# knows look right and are not.
LANGUAGES = frozenset(
    ["af", "am", "ar", "az", "be", "bg", "bn", "bs", "ca", "cs", "cy", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fil", "fr", "ga", "gl", "gu", "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "km", "kn", "ko", "ky", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "mt", "my", "nb", "ne", "nl", "nn", "pa", "pl", "ps", "pt", "ro", "ru", "si", "sk", "sl", "so", "sq", "sr", "sv", "sw", "ta", "te", "th", "tr", "uk", "ur", "uz", "vi", "yo", "zh", "zu"]  # noqa: E501
) | {"en-GB", "en-US", "pt-BR", "pt-PT", "zh-Hans", "zh-Hant"}  # fmt: skip
# a character of the source: measured with prompts and tags, from English
_TOKENS_READ, _TOKENS_WRITTEN = 0.5, 0.35
MILLION = 1_000_000
LONGEST_VERSION = 64


class OpenAI:
    """See above. May be asked from several threads."""

    name = NAME
    takes_hints = True
    limits: ClassVar[Limits] = LIMITS

    def __init__(
        self,
        base_url: str,
        model: str,
        api_key: str | None = None,
        *,
        parallel: int = PARALLEL,
        prices: tuple[float | None, float | None] = (None, None),
        wire: Wire | None = None,
    ) -> None:
        """`prices` of a million tokens read and written, in the server's currency; None: they
        are not known.
        """
        self._wire = wire or Wire(base_url, api_key, model)
        self._model = model
        self._prices = prices
        self._form = Form.SCHEMA
        self.parallel = parallel

    @property
    def version(self) -> str:
        """The model, and the words that it is asked with."""
        whole = f"{self._model}/{prompts.VERSION}"
        return (
            whole if len(whole) <= LONGEST_VERSION else hashlib.sha256(whole.encode()).hexdigest()
        )

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """See `Translator.takes_terms`."""
        return not prompts.is_template_model(self._model)

    def capabilities(self) -> Capabilities:
        """What current models translate, with every tone. Nobody is asked."""
        toned = frozenset[str]() if prompts.is_template_model(self._model) else LANGUAGES
        return Capabilities(NAME, LANGUAGES, formality=toned, styles=toned)

    @property
    def model(self) -> str:
        """The model that is asked."""
        return self._model

    def models(self) -> frozenset[str] | None:
        """The models that the server lists; None: it has no list. Raises as `translate`."""
        return self._wire.models()

    def price(self, characters: int) -> float:
        """About what so many characters cost, before they are translated."""
        return self.price_of(
            Tokens(round(characters * _TOKENS_READ), round(characters * _TOKENS_WRITTEN))
        )

    def price_of(self, tokens: Tokens) -> float:
        """What so many tokens cost."""
        taken, given = self._prices
        return (tokens.taken * (taken or 0.0) + tokens.given * (given or 0.0)) / MILLION

    @property
    def is_free(self) -> bool:
        """Whether the admin has said that it costs nothing, as a model in the house."""
        return self._prices == (0.0, 0.0)

    def translate(self, batch: Batch) -> Answer:
        """See `Translator.translate`."""
        refuse_unserved(self.capabilities(), None, batch.target_lang)
        worded = [
            at for at, text in enumerate(batch.texts) if protection.has_words(markup.plain(text))
        ]
        if not worded:
            return Answer(batch.texts, 0)
        work = _Work(batch, {at: tags.shortened(batch.texts[at]) for at in worded})
        if prompts.is_template_model(self._model):
            self._each(work, worded, times=2)
        else:
            self._ask(work, worded)
            self._repair(work)
        asked = frozenset(worded)
        texts = tuple(work.best(at) if at in asked else text for at, text in enumerate(batch.texts))
        return Answer(texts, sum(len(markup.plain(batch.texts[at])) for at in worded), work.spent)

    def _repair(self, work: _Work) -> None:
        failed = work.failed()
        if not failed:
            return
        for group in _groups(failed, whole=len(failed) < len(work.texts)):
            self._ask(work, group)
        self._each(work, work.useless())

    def _each(self, work: _Work, wanted: Iterable[int], times: int = 1) -> None:
        """Text by text, each at most so many times, until too many fail one after the other."""
        in_vain = 0
        for at in wanted:
            for _ in range(times):
                self._ask_alone(work, at)
                if at not in work.failed():
                    break
            in_vain = in_vain + 1 if at in work.useless() else 0
            if in_vain == GIVE_UP_AFTER:
                return

    def _ask_alone(self, work: _Work, at: int) -> None:
        if not prompts.is_template_model(self._model):
            self._ask(work, [at])
            return
        reply = self._whole(work, prompts.template(work.batch, work.texts[at]), None, [at])
        if reply and reply.whole and not reply.refused:
            work.take(at, replies.without_thought(reply.text).strip())

    def _ask(self, work: _Work, wanted: list[int]) -> None:
        """Ask for these texts at once; where that is too long for the model, in halves."""
        numbers = dict(enumerate(wanted, start=1))
        texts = {place: work.texts[at] for place, at in numbers.items()}
        reply, form = self._in_some_form(work, texts, wanted)
        if reply is not None:
            for place, words in replies.read(reply.text, form, numbers.keys()).items():
                work.take(numbers[place], words)
        if reply is None or not reply.whole:
            left = [at for at in wanted if at not in work.answers]
            if left and len(wanted) > 1:
                for group in _groups(left, whole=False):
                    self._ask(work, group)

    def _in_some_form(
        self, work: _Work, texts: Mapping[int, str], wanted: list[int]
    ) -> tuple[Reply | None, Form]:
        """The reply, and the form it was asked for in: the strictest that the server takes."""
        while True:
            form = self._form
            try:
                return (
                    self._whole(work, prompts.messages(work.batch, texts, form), form, wanted),
                    form,
                )
            except FormRefused:
                self._form = Form.OBJECT if form is Form.SCHEMA else Form.LINES

    def _whole(
        self, work: _Work, messages: list[prompts.Message], form: Form | None, wanted: list[int]
    ) -> Reply | None:
        """The reply; None: it was too long for the model."""
        most = MOST_TIMES * sum(len(work.texts[at]) for at in wanted) + MOST_MORE
        try:
            reply = self._wire.ask(messages, form, most)
        except TooLong:
            if len(wanted) == 1:
                return Reply("", whole=True)
            return None
        work.spent += reply.spent
        return Reply("", spent=reply.spent) if reply.refused else reply


@dataclass
class _Work:
    """A batch on its way: `texts` as they are sent, and the best `answers` so far, by their
    place in the batch.
    """

    batch: Batch
    texts: Mapping[int, str]
    answers: dict[int, str] = field(default_factory=dict)
    doubts: dict[int, Doubt] = field(default_factory=dict)
    spent: Tokens = NO_TOKENS

    @cached_property
    def glossary(self) -> Glossary:
        """The terms that the model is told."""
        entries = [(term.source, term.target) for term in self.batch.terms]
        return Glossary(entries, self.batch.source_lang)

    def take(self, at: int, words: str) -> None:
        """Keep an answer, unless there is a better one already."""
        answer = tags.restored(words)
        doubt = self._doubt(at, answer)
        if doubt is Doubt.TAGS:
            answer = projected(self.batch.texts[at], answer)
            doubt = self._doubt(at, answer)
        if at in self.answers and _rank(doubt) <= _rank(self.doubts.get(at)):
            return
        self.answers[at] = answer
        self.doubts.pop(at, None)
        if doubt is not None:
            self.doubts[at] = doubt

    def best(self, at: int) -> str | None:
        """The answer to be given; None: the text failed."""
        doubt = self.doubts.get(at)
        return None if doubt is not None and doubt.is_useless else self.answers.get(at)

    def failed(self) -> list[int]:
        """The places without an answer that is believed."""
        return [at for at in self.texts if at not in self.answers or at in self.doubts]

    def useless(self) -> list[int]:
        """The places without an answer that is of use."""
        return [at for at in self.texts if self.best(at) is None]

    def _doubt(self, at: int, answer: str) -> Doubt | None:
        source_lang, target_lang = self.batch.source_lang, self.batch.target_lang
        found = checks.doubt(self.batch.texts[at], answer, source_lang, target_lang)
        if found is not None or language.same(source_lang, target_lang):
            return found
        if language_check.is_in_another_language(answer, target_lang):
            return Doubt.LANGUAGE
        meant, said = markup.plain(self.batch.texts[at]), markup.plain(answer)
        wrong = next(terms.doubts(meant, said, self.glossary, target_lang), None)
        return Doubt.TERM if wrong else None


def _rank(doubt: Doubt | None) -> int:
    """How good an answer with that doubt is."""
    if doubt is None:
        return 2
    return 0 if doubt.is_useless else 1


def _groups(places: list[int], *, whole: bool) -> list[list[int]]:
    """All of them together, or in two halves: what spoils one half spoils the other no more."""
    if whole or len(places) == 1:
        return [places]
    middle = len(places) // 2
    return [places[:middle], places[middle:]]


def build(settings: EngineSettings) -> OpenAI | None:
    """The language model, if a server and a model are set."""
    url, model = text(settings, "openai_base_url"), text(settings, "openai_model")
    if url is None or model is None:
        return None
    prices = number(settings, "openai_price_in"), number(settings, "openai_price_out")
    return _kept(
        url,
        model,
        text(settings, "openai_api_key"),
        int(number(settings, "openai_parallel") or PARALLEL),
        prices,
    )


def is_free(engine: OpenAI, settings: EngineSettings, *, in_house: bool) -> bool:
    """Whether it costs nothing: both prices are 0, or none is set and the server is the house's
    own.
    """
    has_price = number(settings, "openai_price_in") or number(settings, "openai_price_out")
    return engine.is_free or (in_house and not has_price)


def price(engine: OpenAI, characters: int, settings: EngineSettings) -> float | None:
    """An estimate by the prices that are set; None: it is nothing, or not known."""
    return engine.price(characters) or None


def bill(engine: OpenAI, characters: int, tokens: Tokens, settings: EngineSettings) -> float | None:
    """What was paid: for the tokens that the server counted, else about what characters cost."""
    counted = engine.price_of(tokens) if tokens != NO_TOKENS else engine.price(characters)
    return counted or None


@lru_cache(8)
def _kept(
    base_url: str,
    model: str,
    key: str | None,
    parallel: int,
    prices: tuple[float | None, float | None],
) -> OpenAI:
    return OpenAI(base_url, model, key, parallel=parallel, prices=prices)
