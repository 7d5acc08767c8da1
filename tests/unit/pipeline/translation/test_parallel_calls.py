"""Several batches at once: each answer comes out, also when another one fails."""

from __future__ import annotations

import threading
import time

import pytest

from dragoman.db.ledgers.lease import Leaving
from dragoman.errors import EngineBusy
from dragoman.ports import Answer, Limits
from pipeline.translation.batches import translate_all
from pipeline.translation.parallel_calls import Asking
from tests.fakes import DictMemory, RememberingTranslator
from tests.patience import patience

BATCHES = [(str(number),) for number in range(8)]


def upper(batch: tuple[str, ...]) -> Answer:
    return Answer(tuple(text.upper() for text in batch), 1)


def test_one_at_a_time_in_order() -> None:
    assert [batch for batch, _ in Asking(BATCHES, upper)] == BATCHES


def test_no_more_than_allowed_at_once() -> None:
    running, most, lock = set[str](), 0, threading.Lock()

    def ask(batch: tuple[str, ...]) -> Answer:
        nonlocal most
        with lock:
            running.add(batch[0])
            most = max(most, len(running))
        time.sleep(0.02)
        with lock:
            running.remove(batch[0])
        return upper(batch)

    assert sorted(batch for batch, _ in Asking(BATCHES, ask, 3)) == BATCHES
    assert most == 3


def test_what_was_asked_beside_a_failure_is_given_out_before_it_is_raised() -> None:
    begun = threading.Barrier(3)

    def ask(batch: tuple[str, ...]) -> Answer:
        if int(batch[0]) < 3:
            begun.wait(patience(10))
        if batch[0] == "1":
            raise EngineBusy
        time.sleep(0.05)
        return upper(batch)

    given = []
    with pytest.raises(EngineBusy):
        given.extend(batch[0] for batch, _ in _each(Asking(BATCHES, ask, 3), given))
    assert {"0", "2"} <= set(given)
    assert len(given) < len(BATCHES)


@pytest.mark.parametrize(("parallel", "asked"), [(1, 1), (3, 4)])
def test_after_a_stop_what_is_on_its_way_comes_and_nothing_more_is_asked_for(
    parallel: int, asked: int
) -> None:
    asking = Asking(BATCHES, upper, parallel)
    given = []
    for batch, _ in asking:
        given.append(batch)
        asking.stop()
    # With three at once, a fourth was on its way before the first of them was given out.
    assert sorted(given) == BATCHES[:asked]


def test_a_task_that_leaves_keeps_what_is_on_its_way() -> None:
    class Parallel(RememberingTranslator):
        parallel = 3

    def leave(share: float) -> None:
        if share > 0:
            raise Leaving

    memory, engine = DictMemory(), Parallel(limits=Limits(1, 100))
    with pytest.raises(Leaving):
        translate_all(list("abcdefgh"), engine, "en", "de", memory=memory, on_progress=leave)
    assert len(memory.known) == len(engine.batches) == 4


def _each(pairs, given):
    for pair in pairs:
        given.append(pair[0][0])
        yield pair


def test_answers_of_a_parallel_engine_are_remembered_though_one_batch_fails() -> None:
    class Wobbly(RememberingTranslator):
        parallel = 2

        def translate(self, batch):
            if "c" in batch.texts:
                raise EngineBusy
            return super().translate(batch)

    memory = DictMemory()
    with pytest.raises(EngineBusy):
        translate_all(list("abc"), Wobbly(limits=Limits(1, 100)), "en", "de", memory=memory)
    assert sorted(memory.known.values()) == ["[de] a", "[de] b"]


def test_waiting_may_be_ended() -> None:
    class Enough(Exception):
        pass

    def around():
        raise Enough

    with pytest.raises(Enough):
        list(Asking(BATCHES, upper, 2, around))
