"""The local engine with real weights: models that are damaged, pairs through English, threads
and forks, long texts.
"""

from __future__ import annotations

import json
import multiprocessing
import re
import shutil
import threading
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from dragoman.errors import EngineMissing, ModelUnusable, UnsupportedPair
from dragoman.ports import Batch
from pipeline.engines.local import loading
from pipeline.engines.local.engine import Local
from tests import weights

HOUSE = "The house is red and the garden has 3 trees."


@pytest.fixture
def models(tmp_path) -> Path:
    return weights.lay(tmp_path / "models", "en-pt")


def translated(folder: Path, text: str = HOUSE, source: str = "en", target: str = "pt") -> str:
    return Local(folder).translate(Batch((text,), source, target)).texts[0]


@pytest.fixture(scope="module")
def galician(tmp_path_factory) -> Path:
    """Portuguese into English read as Galician, which is near to it, so that a pair has to go
    through English.
    """
    folder = weights.lay(tmp_path_factory.mktemp("models"), "pt-en", "en-pt")
    shutil.move(folder / "pt-en", folder / "gl-en")
    return folder


@pytest.fixture(scope="module")
def engine(tmp_path_factory) -> Local:
    return Local(weights.lay(tmp_path_factory.mktemp("models"), "en-pt"))


def file_of(folder: Path, kind: str) -> Path:
    return next((folder / "en-pt").glob(f"{kind}*"))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[:-100],
    "half": lambda data: data[: len(data) // 2],
    "zeros": lambda data: bytes(len(data)),
    "a page of a web server": lambda data: b"<html>404 Not Found</html>",
    "begun wrongly": lambda data: b"\0" * 64 + data[64:],
}


@pytest.mark.parametrize("kind", ["model", "vocab", "lex"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_named_in_one_sentence_and_ends_nothing(models, kind, damage):
    path = file_of(models, kind)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    with pytest.raises(ModelUnusable, match="en-pt") as refused:
        translated(models)
    assert str(refused.value).count(".") == 1
    assert "add the model again" in refused.value.for_admin


def test_a_changed_byte_is_seen_where_the_sum_is_known(models):
    path = file_of(models, "vocab")
    data = path.read_bytes()
    facts = {"files": {path.name: {"sha256": sha256(data).hexdigest(), "bytes": len(data)}}}
    (models / "en-pt" / "model.json").write_text(json.dumps(facts))
    assert "casa" in translated(models)
    path.write_bytes(data[:5000] + bytes([data[5000] ^ 1]) + data[5001:])
    with pytest.raises(ModelUnusable, match="not what was downloaded"):
        translated(models)


def test_an_incomplete_model_is_not_offered(models):
    file_of(models, "lex").unlink()
    engine = Local(models)
    assert not engine.installed
    assert engine.capabilities().pairs == frozenset()
    assert "no shortlist" in engine.found().flaws[0].wrong


def test_without_the_library_the_engine_is_missing_and_says_so(models, monkeypatch):
    # what an import without a wheel comes to
    monkeypatch.setitem(__import__("sys").modules, "fxtranslate", None)
    with pytest.raises(EngineMissing, match="fxtranslate"):
        translated(models)


def test_a_model_that_is_added_is_there_at_once(tmp_path):
    engine = Local(tmp_path / "models")
    assert not engine.installed
    weights.lay(tmp_path / "models", "en-pt")
    assert engine.installed
    assert engine.translate(Batch((HOUSE,), "en", "pt")).texts[0] != HOUSE


class TestThroughEnglish:
    def test_the_pair_is_told(self, galician):
        assert Local(galician).capabilities().pairs == {("gl", "en"), ("en", "pt"), ("gl", "pt")}

    def test_tags_and_figures_survive_both_ways(self, galician):
        text = 'A casa <g id="1">vermella</g> ten 1.234,5 m e <x id="2"/> &amp; 202–493–2251.'
        answer = translated(galician, text, "gl", "pt")
        assert sorted(re.findall(r"<[^<>]*>", answer)) == ["</g>", '<g id="1">', '<x id="2"/>']
        assert [
            piece for piece in ("1.234,5", "&amp;", "202–493–2251") if piece not in answer
        ] == []

    def test_the_other_way_is_refused_with_what_is_possible(self, galician):
        with pytest.raises(UnsupportedPair) as refused:
            translated(galician, HOUSE, "de", "pt")
        assert "Galician → Portuguese" in refused.value.advice


class TestLoading:
    def test_each_thread_has_an_engine_that_answers(self, models):
        engine = Local(models)
        answers = []

        def ask() -> None:
            answers.append(engine.translate(Batch((HOUSE,), "en", "pt")).texts[0])

        ask()
        thread = threading.Thread(target=ask)
        thread.start()
        thread.join(60)
        assert answers[0] == answers[1] != HOUSE

    def test_a_forked_worker_answers_before_and_after(self, models):
        before = translated(models)
        context = multiprocessing.get_context("fork")
        with context.Pool(1) as pool:
            assert pool.apply_async(translated, (models,)).get(60) == before

    def test_no_more_models_stay_in_memory_than_wanted(self, models, monkeypatch):
        monkeypatch.setattr(loading, "MOST_LOADED", 1)
        weights.lay(models, "pt-en")
        engine = Local(models)
        for source, target in [("en", "pt"), ("pt", "en"), ("en", "pt")]:
            engine.translate(Batch((HOUSE,), source, target))
        assert len(engine._shelf._of_thread.loaded) == 1


class TestTexts:
    def test_a_very_long_text_comes_back_whole(self, engine):
        text = " ".join(f"The house number {number} is red." for number in range(1, 251))
        answer = engine.translate(Batch((text,), "en", "pt")).texts[0]
        assert [number for number in range(1, 251) if not re.search(rf"\b{number}\b", answer)] == []

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("Call 202–493–2251 or 202-493-2251.", ["202–493–2251", "202-493-2251"]),
            ("AD 2018–23–51, Docket No. FAA–2020–0686", ["2018–23–51", "n.º FAA–2020–0686"]),
            ("It is 6.00 € – or £5 – a day", ["6.00 €", "£5", "–"]),
            ("Up to 10,505 dollars", ["10,505"]),
            ("§ 39.13 [Amended]", ["§ 39.13"]),
            ("From 3:30pm to 5:00 p.m.", ["3:30pm", "5:00 p.m."]),
        ],
    )
    def test_figures_stay_what_they_are(self, engine, text, kept):
        answer = engine.translate(Batch((text,), "en", "pt")).texts[0]
        assert [piece for piece in kept if piece not in answer] == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("No.", "N.º"),
            ("John Smith", "John Smith"),
            ("SAFETY INSTRUCTIONS", "INSTRUÇÕES DE SEGURANÇA"),
            ("6.00 €", "6.00 €"),
            ("2018–23–51", "2018–23–51"),
        ],
    )
    def test_short_texts_are_what_a_person_would_write(self, engine, text, expected):
        assert engine.translate(Batch((text,), "en", "pt")).texts[0] == expected

    def test_a_text_in_another_language_loses_no_figures(self, engine):
        text = "Das Haus Nr. 12 kostet 3.450,50 € im Jahr 2019."
        answer = engine.translate(Batch((text,), "en", "pt")).texts[0]
        assert [piece for piece in ("12", "3.450,50", "€", "2019") if piece not in answer] == []
