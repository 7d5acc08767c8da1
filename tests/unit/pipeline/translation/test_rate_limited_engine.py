"""Waiting for one's turn at an engine."""

from __future__ import annotations

import pytest

from dragoman.errors import EngineBusy, LeaseLost
from dragoman.ports import Batch
from pipeline.translation.rate_limited_engine import Queue, ThrottledToneModel, ThrottledTranslator
from tests.fakes import FailingTranslator, RememberingTranslator, ShoutingToneModel

BATCH = Batch(('<g id="1">Hello</g> &amp;', "you"), "en", "de")


class FakeBucket:
    """Lets everybody wait for `wait` seconds."""

    def __init__(self, wait: float = 0.0) -> None:
        self.wait, self.taken, self.pauses = wait, [], []

    def take(self, characters):
        self.taken.append(characters)
        return self.wait

    def pause(self, seconds):
        self.pauses.append(seconds)


def nothing():
    return None


def test_tags_and_escapes_do_not_count():
    bucket = FakeBucket()
    ThrottledTranslator(RememberingTranslator(), Queue(bucket, nothing)).translate(BATCH)
    assert bucket.taken == [len("Hello &") + len("you")]


def test_waits_in_small_steps_and_then_asks():
    slept, engine = [], RememberingTranslator()
    throttled = ThrottledTranslator(engine, Queue(FakeBucket(2.5), nothing, slept.append))
    assert throttled.translate(BATCH).texts == engine.translate(BATCH).texts
    assert slept == [1.0, 1.0, 0.5]
    assert (throttled.name, throttled.limits) == (engine.name, engine.limits)
    assert throttled.capabilities() == engine.capabilities()


def test_a_job_that_was_cancelled_stops_waiting_and_asks_nothing():
    def lost():
        raise LeaseLost

    engine = RememberingTranslator()
    with pytest.raises(LeaseLost):
        ThrottledTranslator(engine, Queue(FakeBucket(60), lost, lambda _: None)).translate(BATCH)
    assert engine.batches == []


@pytest.mark.parametrize(("asked", "pauses"), [(30.0, [30.0]), (None, [])])
def test_all_workers_pause_when_the_service_asks_for_it(asked, pauses):
    bucket = FakeBucket()
    engine = FailingTranslator(EngineBusy(retry_after_s=asked))
    with pytest.raises(EngineBusy):
        ThrottledTranslator(engine, Queue(bucket, nothing)).translate(BATCH)
    assert bucket.pauses == pauses


def test_tone_models_wait_too():
    bucket, model = FakeBucket(), ShoutingToneModel()
    throttled = ThrottledToneModel(model, Queue(bucket, nothing))
    assert throttled.rephrase(Batch(("hello",), "de", "de")).texts == ("HELLO",)
    assert (bucket.taken, throttled.limits) == ([5], model.limits)
