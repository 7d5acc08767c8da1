"""What an engine breaks is told, not remembered, and asked for again: the same for every engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.ports import Translator
from pipeline.stages.checks import Doubt
from pipeline.translation.batches import translate_all
from tests import weights
from tests.contracts.engines import NAMES, running, target_of
from tests.fakes import DictMemory
from tests.spoiling import FAULTS, Spoiling

# Told, and used all the same: nothing of the words is lost.
USED = {"lost tag", "doubled tag", "changed number"}
ANIMALS = (
    "dog cat horse bird cow mouse lion rabbit snake goat duck wolf bear fish frog sheep pig tiger"
    " monkey hen"
)
PEOPLE = (
    "man woman boy girl king queen doctor teacher sister brother father mother friend soldier"
    " student writer painter singer baker farmer"
)
TEXTS = tuple(
    f'In the year 1987 the {one} lived with <x id="1"/> in a big house near the old river, and it'
    " was happy there."
    for one in f"{ANIMALS} {PEOPLE}".split()
)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return weights.lay(tmp_path_factory.mktemp("models"))


@pytest.fixture(params=NAMES)
def engine(request: pytest.FixtureRequest, models: Path) -> Iterator[Translator]:
    with running(request.param, models) as found:
        yield found


def test_forty_broken_texts_are_all_told_none_remembered_and_asked_for_again(
    engine: Translator,
) -> None:
    sound = ("The children eat red apples in the garden every day.", "Results")
    ways = {text: list(FAULTS)[at % len(FAULTS)] for at, text in enumerate(TEXTS)}
    spoiling, memory = (
        Spoiling(engine, {text: FAULTS[way] for text, way in ways.items()}),
        DictMemory(),
    )
    doubts: dict[str, Doubt] = {}

    def ask() -> dict[str, str]:
        into = target_of(engine)
        found, _ = translate_all(
            [*TEXTS, *sound], spoiling, "en", into, memory=memory, on_doubt=doubts.__setitem__
        )
        return found

    first = ask()
    assert sorted(doubts) == sorted(TEXTS)
    assert set(first) == {*sound, *(text for text, way in ways.items() if way in USED)}
    assert len(memory.known) == len(sound)
    spoiling.asked.clear()
    spoiling.spoils = {}
    doubts.clear()
    again = ask()
    assert sorted(spoiling.asked) == sorted(TEXTS)  # all of them, and nothing else
    assert sorted(again) == sorted([*TEXTS, *sound])
    assert doubts == {}
