"""What the doctor says of the local engine's models; the files are small and never loaded."""

from __future__ import annotations

import pytest

from ops.doctor.findings import Verdict
from ops.doctor.models import models
from ops.models import card as cards
from ops.models.card import Card, File
from ops.models.transfer import sum_of

FILES = {"model.{}.bin": b"\x01 weights", "lex.{}.bin": b"words", "vocab.{}.spm": b"\nvocab"}


@pytest.fixture
def lay(settings):
    """Lay a model of `pair` into the folder of models; its folder."""

    def put(pair: str):
        folder = settings.models_dir / pair
        folder.mkdir(parents=True)
        for name, body in FILES.items():
            (folder / name.format(pair.replace("-", ""))).write_bytes(body)
        files = tuple(File(file.name, *sum_of(file)) for file in sorted(folder.iterdir()))
        cards.write(
            folder,
            Card(pair, "spring", "tiny", "MPL-2.0", "here", "2026-11-29T20:00:00+00:00", files),
        )
        return folder

    return put


def said(settings):
    return [(one.verdict, one.said, one.todo) for one in models(settings)]


def test_nothing_is_said_where_no_model_is_and_none_is_wanted(settings):
    assert said(settings) == []
    wanted = settings.model_copy(update={"engine": "local"})
    ((verdict, sentence, todo),) = said(wanted)
    assert verdict is Verdict.FAIL
    assert "no model is installed" in sentence
    assert "dragoman models add" in todo


def test_each_model_is_named_with_version_and_size_and_the_pairs_through_english(settings, lay):
    for pair in ("pt-en", "en-de", "en-pt"):
        lay(pair)
    lines = [sentence for _, sentence, _ in said(settings)]
    assert lines == [
        "en-de (English → German), spring, tiny, 0 MB",
        "en-pt (English → Portuguese), spring, tiny, 0 MB",
        "pt-en (Portuguese → English), spring, tiny, 0 MB",
        "through English: pt-de",
    ]


def test_a_file_that_was_changed_is_noticed_by_its_sum(settings, lay):
    folder = lay("en-pt")
    (folder / "lex.enpt.bin").write_bytes(b"sword")
    ((verdict, sentence, todo),) = said(settings)
    assert verdict is Verdict.WARN
    assert sentence == "en-pt is damaged: lex.enpt.bin was changed after it was installed"
    assert todo == "dragoman models add en-pt"


def test_a_model_that_lacks_a_file_is_named_once(settings, lay):
    (lay("en-pt") / "vocab.enpt.spm").unlink()
    ((verdict, sentence, _),) = said(settings)
    assert verdict is Verdict.WARN
    assert "en-pt" in sentence
    assert "vocab" in sentence
