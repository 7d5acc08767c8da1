"""What every engine must do: one class of tests, run against each of them."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dragoman.errors import UnsupportedPair, UnsupportedTarget
from dragoman.ports import Batch, Translator
from pipeline.engines.apertium import Apertium
from pipeline.engines.local.engine import Local
from pipeline.stages import markup
from tests import weights
from tests.contracts.engines import NAMES, running, target_of

TAG = re.compile(r"</?[gx]\b[^<>]*>")
SENTENCES = (
    'This is a <g id="1">very important</g> sentence with <x id="2"/> inside.',
    'See <x id="1"/> for details.',
    "The price is &lt; 5 &amp; more.",
    "Results",
    "The café in the Rue de l’Été costs 3 €.",
    'The <g id="1">red <g id="2">house</g></g> is big.',
    "A [bracket], a {brace}, a ^hat$, a back\\slash, a *star* and an @sign/slash.",
    "1. 2. 3.",
    "The children eat red apples in the garden",
    "Дом и 東京 and שלום.",
)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models: English and Portuguese, both ways."""
    return weights.lay(tmp_path_factory.mktemp("models"))


@pytest.fixture(params=NAMES)
def engine(request: pytest.FixtureRequest, models: Path) -> Iterator[Translator]:
    with running(request.param, models) as found:
        yield found


@pytest.fixture
def into(engine: Translator) -> str:
    """A language that the engine translates English into."""
    return target_of(engine)


class TestTranslator:
    def test_number_and_order_of_texts_stay(self, engine: Translator, into: str):
        alone = [engine.translate(Batch((text,), "en", into)).texts[0] for text in SENTENCES]
        together = engine.translate(Batch(SENTENCES, "en", into)).texts
        assert list(together) == alone

    def test_every_tag_comes_back_once(self, engine: Translator, into: str):
        answers = engine.translate(Batch(SENTENCES, "en", into)).texts
        assert [sorted(TAG.findall(answer)) for answer in answers] == [
            sorted(TAG.findall(text)) for text in SENTENCES
        ]

    def test_escapes_stay_escapes(self, engine: Translator, into: str):
        answer = engine.translate(
            Batch(("Apples &amp; pears &lt; plums &gt; nuts",), "en", into)
        ).texts[0]
        assert [answer.count(entity) for entity in ("&amp;", "&lt;", "&gt;", "<", ">")] == [
            1,
            1,
            1,
            0,
            0,
        ]

    def test_words_are_changed(self, engine: Translator, into: str):
        answer = engine.translate(Batch(("The red house",), "en", into)).texts[0]
        assert answer != "The red house"

    def test_letters_of_other_scripts_survive(self, engine: Translator, into: str):
        answer = engine.translate(Batch(("The word 東京 is here",), "en", into)).texts[0]
        assert "東京" in answer

    def test_no_texts_give_no_texts(self, engine: Translator, into: str):
        answer = engine.translate(Batch((), "en", into))
        assert (answer.texts, answer.characters_billed) == ((), 0)

    def test_a_blank_text_stays_blank(self, engine: Translator, into: str):
        first, blank, last = engine.translate(
            Batch(("One house", " ", "One house"), "en", into)
        ).texts
        assert first == last
        assert blank.strip() == ""

    def test_large_batches_come_back_whole(self, engine: Translator, into: str):
        count = min(engine.limits.texts, 300)
        texts = tuple(f'The house has number {n} and <g id="1">a garden</g>.' for n in range(count))
        answers = engine.translate(Batch(texts, "en", into)).texts
        assert all(str(n) in answer for n, answer in zip(range(count), answers, strict=True))

    def test_a_translation_reads_back_as_runs(self, engine: Translator, into: str):
        source = "The house & the garden < 5."
        segment = markup.write([_run(source)])
        answer = engine.translate(Batch((segment.text,), "en", into)).texts[0]
        text = "".join(run.text for run in markup.read(segment, answer))
        assert "&" in text
        assert "&amp;" not in text

    def test_it_names_itself_as_its_capabilities_do(self, engine: Translator):
        assert engine.capabilities().engine == engine.name

    def test_it_has_a_version_that_stays(self, engine: Translator):
        version = engine.version
        assert 0 < len(version) <= 64
        assert engine.version == version

    def test_it_serves_what_it_lists_and_refuses_the_rest(self, engine: Translator):
        if "tlh" in engine.capabilities().targets:
            assert engine.translate(Batch(("House",), "en", "tlh")).texts != ("House",)
            return
        with pytest.raises((UnsupportedTarget, UnsupportedPair)) as refused:
            engine.translate(Batch(("House",), "en", "tlh"))
        assert "Possible" in refused.value.advice


def test_another_model_is_another_version(models: Path, tmp_path: Path):
    shutil.copytree(models, tmp_path / "models")
    engine = Local(tmp_path / "models")
    before = engine.version
    [weights_file] = (tmp_path / "models").glob("en-pt/model.*")
    with weights_file.open("ab") as file:
        file.write(b"newer")
    assert engine.version != before


def test_another_package_of_apertium_is_another_version(tmp_path: Path):
    data = tmp_path / "share" / "apertium"
    (data / "modes").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "apertium"
    program.write_text("#!/bin/sh\necho eng-spa\n")
    program.chmod(0o755)
    dictionary = data / "eng-spa.autobil.bin"
    dictionary.write_bytes(b"1")
    (data / "modes" / "eng-spa.mode").write_text(f"lt-proc '{dictionary}' | lt-proc $1 'x.bin'")
    engine = Apertium(str(program))
    before = engine.version
    dictionary.write_bytes(b"12")
    assert engine.version != before


def _run(text: str):
    return markup.Run(text, markup.Style())
