"""Many texts through an engine with a memory."""

from dataclasses import replace

import pytest

from dragoman.domain.job import Tone
from dragoman.errors import EngineBusy, EngineMisbehaved, EngineUnavailable
from dragoman.ports import Answer, Batch, Limits
from pipeline.stages.checks import Doubt
from pipeline.translation.batches import keys_by, rephrase_all, translate_all
from tests.fakes import (
    DictMemory,
    FailingTranslator,
    ForgetfulTranslator,
    RateLimitedTranslator,
    RememberingTranslator,
    ShoutingToneModel,
)

TEXTS = ("One", "Two", "Three")


def test_every_text_is_answered_and_billed_once():
    engine = RememberingTranslator()
    answers, billed = translate_all([*TEXTS, "One"], engine, "en", "de")
    assert answers == {text: f"[de] {text}" for text in TEXTS}
    assert billed == 11
    assert engine.texts == list(TEXTS)


def test_the_engine_is_told_languages_and_tone():
    engine = RememberingTranslator()
    translate_all(TEXTS, engine, None, "de", tone=Tone.FORMAL)
    batch = engine.batches[0]
    assert (batch.source_lang, batch.target_lang, batch.tone) == (None, "de", Tone.FORMAL)


def test_what_is_remembered_is_not_paid_for_again():
    memory, engine = DictMemory(), RememberingTranslator()
    translate_all(TEXTS[:2], engine, "en", "de", memory=memory)
    answers, billed = translate_all(TEXTS, engine, "en", "de", memory=memory)
    assert engine.texts == list(TEXTS)
    assert (billed, memory.billed) == (5, 11)
    assert answers["One"] == "[de] One"


@pytest.mark.parametrize(
    ("told", "asked"), [("[de] One", ["Two", "Three"]), (None, ["Two", "Three", "One"])]
)
def test_what_others_ask_for_is_waited_for_and_asked_only_if_they_give_up(told, asked):
    engine, progress = RememberingTranslator(), []
    key = keys_by(engine, ("en", "de"), None)
    memory = DictMemory(others={key("One"): told})
    answers, _ = translate_all(
        TEXTS, engine, "en", "de", memory=memory, on_progress=progress.append
    )
    assert answers == {text: f"[de] {text}" for text in TEXTS}
    assert engine.texts == asked
    assert memory.pauses_left == 0
    assert progress == sorted(progress)
    assert progress[-1] == 1.0


@pytest.mark.parametrize("change", [{"tone": Tone.FORMAL}, {"target": "fr"}, {"source": "es"}])
def test_another_question_is_asked_again(change):
    memory, engine = DictMemory(), RememberingTranslator()
    translate_all(TEXTS, engine, "en", "de", memory=memory)
    target, source = change.get("target", "de"), change.get("source", "en")
    translate_all(TEXTS, engine, source, target, tone=change.get("tone"), memory=memory)
    assert len(engine.texts) == 6


def test_batches_answered_before_a_failure_stay_remembered():
    memory = DictMemory()
    engine = FailingTranslator(EngineUnavailable(), answered=2, limits=Limits(1, 100))
    with pytest.raises(EngineUnavailable):
        translate_all(TEXTS, engine, "en", "de", memory=memory)
    assert sorted(memory.known.values()) == ["[de] One", "[de] Two"]


def test_after_a_refusal_the_next_run_goes_on_where_it_stopped():
    memory, engine = DictMemory(), RateLimitedTranslator(Limits(1, 100))
    for _ in TEXTS:
        with pytest.raises(EngineBusy):
            translate_all(TEXTS, engine, "en", "de", memory=memory)
    answers, _ = translate_all(TEXTS, engine, "en", "de", memory=memory)
    assert len(answers) == 3
    assert engine.texts == list(TEXTS)


def test_a_short_answer_is_misbehaviour():
    with pytest.raises(EngineMisbehaved):
        translate_all(TEXTS, ForgetfulTranslator(), "en", "de")


def test_a_text_over_the_limit_is_cut_and_joined():
    engine = RememberingTranslator(limits=Limits(10, 12))
    answers, _ = translate_all(["One two. Three four."], engine, "en", "de")
    assert engine.texts == ["One two. ", "Three four."]
    assert answers == {"One two. Three four.": "[de] One two. [de] Three four."}


def test_progress_rises_to_one():
    seen = []
    translate_all(
        TEXTS, RememberingTranslator(limits=Limits(1, 100)), "en", "de", on_progress=seen.append
    )
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)


def test_no_texts_ask_nothing():
    engine = RememberingTranslator()
    assert translate_all([], engine, "en", "de") == ({}, 0)
    assert engine.batches == []


def test_a_tone_model_is_asked_in_the_target_language_and_remembered():
    memory, model = DictMemory(), ShoutingToneModel()
    for _ in range(2):
        answers, _ = rephrase_all(
            ["eins"], model, target_lang="de", tone=Tone.SIMPLE, memory=memory
        )
        assert answers == {"eins": "EINS"}
    assert [(batch.source_lang, batch.target_lang) for batch in model.batches] == [("de", "de")]


def test_a_text_with_a_sentence_left_as_it_was_is_told_and_not_remembered():
    class Careful(RememberingTranslator):
        def translate(self, batch: Batch) -> Answer:
            return replace(super().translate(batch), partly=frozenset({1}))

    memory, doubts = DictMemory(), dict[str, Doubt]()
    answers, _ = translate_all(
        TEXTS, Careful(), "en", "de", memory=memory, on_doubt=doubts.__setitem__
    )
    assert answers["Two"] == "[de] Two"
    assert doubts == {"Two": Doubt.SENTENCE}
    assert sorted(memory.known.values()) == ["[de] One", "[de] Three"]
