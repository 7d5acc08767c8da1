"""What lies in a folder of translation models, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dragoman.domain import language
from pipeline.engines.local.folder import languages_of, look
from pipeline.engines.local.routes import capabilities, route
from pipeline.engines.pairs import serves

FILES = ("model.{}.intgemm.alphas.bin", "lex.50.50.{}.s2t.bin", "vocab.{}.spm")
SPLIT = (*FILES[:2], "srcvocab.{}.spm", "trgvocab.{}.spm")


def lay(folder: Path, pair: str, names=FILES, code: str | None = None) -> Path:
    """A folder with files of one byte each under the names that a model's have."""
    (folder / pair).mkdir()
    for name in names:
        (folder / pair / name.format(code or pair.replace("-", "").lower())).write_bytes(b"x")
    return folder / pair


@pytest.mark.parametrize(
    ("name", "pair"),
    [
        ("en-pt", ("en", "pt")),
        ("EN-PT", None),
        ("en-zh", ("en", "zh-Hans")),
        ("en-zh-Hant", ("en", "zh-Hant")),
        ("zh_hant-en", ("zh-Hant", "en")),
        ("en-no", ("en", "nb")),
        ("pt-BR-en", ("pt-BR", "en")),
        ("en-pt-BR", ("en", "pt-BR")),
        ("fil-en", ("fil", "en")),
        ("en", None),
        ("en-xx", None),
        ("tmp", None),
        ("en-pt-de", None),
        (".en-pt.part", None),
    ],
)
def test_a_folders_name_means_two_languages(name, pair):
    assert languages_of(name) == pair


def test_whole_models_are_found_with_one_vocabulary_or_two(tmp_path):
    lay(tmp_path, "en-pt")
    lay(tmp_path, "en-ja", SPLIT)
    (tmp_path / "notes").mkdir()
    (tmp_path / ".en-fr.part").mkdir()
    (tmp_path / "README").write_text("hello")
    found = look(tmp_path)
    assert found.flaws == ()
    assert {model.pair: [path.name for path in model.vocabularies] for model in found.models} == {
        "en-ja": ["srcvocab.enja.spm", "trgvocab.enja.spm"],
        "en-pt": ["vocab.enpt.spm", "vocab.enpt.spm"],
    }


def test_no_folder_is_no_models(tmp_path):
    assert look(tmp_path / "none").models == ()
    assert look(tmp_path / "none").flaws == ()


@pytest.mark.parametrize(
    ("missing", "words"),
    [(0, "no weights"), (1, "no shortlist"), (2, "no vocabulary"), (3, "no vocabulary")],
)
def test_an_incomplete_model_is_named_and_not_offered(tmp_path, missing, words):
    names = FILES[:missing] + FILES[missing + 1 :] if missing < 3 else SPLIT[:3]
    lay(tmp_path, "en-pt", names)
    found = look(tmp_path)
    assert found.models == ()
    assert [flaw.wrong for flaw in found.flaws if "en-pt" in flaw.wrong and words in flaw.wrong]
    assert found.flaws[0].todo


def test_what_can_be_seen_to_be_wrong_is_named(tmp_path):
    (lay(tmp_path, "en-de") / "lex.50.50.ende.s2t.bin").write_bytes(b"")
    (lay(tmp_path, "en-es") / "vocab.enes.spm").rename(tmp_path / "en-es" / "vocab.esen.spm")
    (lay(tmp_path, "en-fr") / "model.enfr.other.bin").write_bytes(b"x")
    (lay(tmp_path, "en-it") / "model.json").write_text("{")
    facts = {"files": {"vocab.enpl.spm": {"bytes": 2, "sha256": "ab"}}}
    (lay(tmp_path, "en-pl") / "model.json").write_text(json.dumps(facts))
    found = look(tmp_path)
    assert found.models == ()
    wanted = [
        "an empty file lex",
        "mixes files",
        "two files",
        "not JSON",
        "of 1 bytes that should have 2",
    ]
    assert [
        words for flaw, words in zip(found.flaws, wanted, strict=True) if words not in flaw.wrong
    ] == []


def test_what_model_json_tells_is_taken(tmp_path):
    facts = {"version": "1.0", "files": {"vocab.enpt.spm": {"bytes": 1, "sha256": "AB"}}}
    (lay(tmp_path, "en-pt") / "model.json").write_text(json.dumps(facts))
    assert look(tmp_path).models[0].sums == {"vocab.enpt.spm": "ab"}


class TestRoutes:
    @pytest.fixture
    def models(self, tmp_path):
        for pair in ("en-pt", "pt-en", "es-en", "en-zh", "en-zh-Hant", "de-fr"):
            lay(tmp_path, pair)
        return look(tmp_path).models

    def test_pairs_go_directly_or_through_english(self, models):
        able = capabilities(models)
        assert able.pairs == {
            ("en", "pt"), ("pt", "en"), ("es", "en"), ("en", "zh"), ("de", "fr"), ("pt", "zh"), ("es", "pt"), ("es", "zh"),
        }  # fmt: skip
        assert able.targets == {"pt", "en", "zh-Hans", "zh-Hant", "fr"}

    @pytest.mark.parametrize(
        ("source", "target", "expected"),
        [
            ("en", "pt-BR", ["en-pt"]),
            ("en-GB", "pt", ["en-pt"]),
            ("es", "pt", ["es-en", "en-pt"]),
            ("en", "zh-Hant", ["en-zh-Hant"]),
            ("en", "zh", ["en-zh"]),
            ("pt", "zh-Hant", ["pt-en", "en-zh-Hant"]),
            ("de", "en", []),
            ("de", "pt", []),
        ],
    )
    def test_the_way_is_the_shortest_and_of_the_very_script(self, models, source, target, expected):
        assert [model.pair for model in route(models, source, target)] == expected
        assert serves(capabilities(models), source, target) == bool(expected)

    def test_what_is_said_to_be_served_has_a_way(self, models):
        able = capabilities(models)
        for source, target in able.pairs or ():
            tags = [tag for tag in able.targets if language.base(tag) == target]
            assert all(route(models, source, tag) for tag in tags)
