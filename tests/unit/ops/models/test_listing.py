"""What is read out of a list of models in the form of Mozilla's `db/models.json`."""

import copy
import json

import pytest

from ops.models.errors import ModelListInvalid
from ops.models.listing import best, read
from ops.models.pairs import Pair

EN_PT = Pair("en", "pt")
RUN = "models/en-pt/spring_RSpwfHrcSUC_rKTnhOEXzw/exported"
ENTRY = {
    "architecture": "tiny",
    "releaseStatus": "Release",
    "sourceLanguage": "en",
    "targetLanguage": "pt",
    "files": {
        "model": {
            "path": f"{RUN}/model.enpt.intgemm.alphas.bin.gz",
            "uncompressedSize": 17140836,
            "uncompressedHash": "d968735704c75e33c2e183b9241f14c0b2a560d01d88a2728e5c0119a4d7fb22",
        },
        "lexicalShortlist": {"path": f"{RUN}/lex.50.50.enpt.s2t.bin.gz"},
        "vocab": {"path": f"{RUN}/vocab.enpt.spm.gz"},
    },
    "modelStatistics": {"parameters": 16000000},
    "metrics": {"flores200-plus": {"bleu": 46.1}},
}


def listed(*entries, **more):
    models = {"en-pt": list(entries)}
    return {
        "generated": "2026-11-09T00:45:24Z",
        "baseUrl": "https://example.org",
        "models": models,
        **more,
    }


def changed(**values):
    return {**copy.deepcopy(ENTRY), **values}


def with_file(kind, **told):
    entry = copy.deepcopy(ENTRY)
    entry["files"][kind] = told
    return entry


def test_an_entry_becomes_an_offer():
    (offer,) = read(listed(ENTRY))[EN_PT]
    assert (offer.architecture, offer.status) == ("tiny", "Release")
    assert offer.version == "spring_RSpwfHrcSUC_rKTnhOEXzw"
    assert offer.licence.startswith("MPL-2.0")
    assert [file.name for file in offer.files] == [
        "model.enpt.intgemm.alphas.bin",
        "lex.50.50.enpt.s2t.bin",
        "vocab.enpt.spm",
    ]
    model, lex, _ = offer.files
    assert (model.size, model.sha256[:8], model.packed) == (17140836, "d9687357", True)
    assert (lex.size, lex.sha256) == (None, None)


def test_two_vocabularies_are_as_good_as_one():
    entry = copy.deepcopy(ENTRY)
    del entry["files"]["vocab"]
    assert read(listed(entry)) == {}
    entry["files"]["srcVocab"] = {"path": f"{RUN}/srcvocab.enpt.spm.gz"}
    assert read(listed(entry)) == {}
    entry["files"]["trgVocab"] = {"path": f"{RUN}/trgvocab.enpt.spm.gz"}
    (offer,) = read(listed(entry))[EN_PT]
    assert [file.name for file in offer.files][2:] == ["srcvocab.enpt.spm", "trgvocab.enpt.spm"]


def test_the_released_one_is_taken_and_of_those_the_largest():
    entries = [
        changed(architecture="tiny"),
        changed(architecture="base-memory"),
        changed(architecture="base", releaseStatus="None"),
    ]
    offers = read(listed(*entries))[EN_PT]
    assert best(offers).architecture == "base-memory"
    assert best(offers, "tiny").architecture == "tiny"
    assert best(offers, "huge") is None
    assert best(offers[2:]).architecture == "base"


def test_a_name_that_the_engine_would_not_know_is_replaced():
    (offer,) = read(listed(with_file("model", path="m/weights.npz.gz")))[EN_PT]
    assert offer.files[0].name == "model.enpt.bin"


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "../../x.bin", "a/../../x", "https://evil.example/x", "", None, 7]
)
def test_a_path_that_leaves_the_place_is_refused(path):
    with pytest.raises(ModelListInvalid, match="en-pt"):
        read(listed(with_file("lexicalShortlist", path=path, size=1)))


@pytest.mark.parametrize("data", [[], {}, None, 3, "x", {"models": []}, {"models": None}])
def test_what_is_no_list_is_refused(data):
    with pytest.raises(ModelListInvalid):
        read(data)


def test_entries_of_a_kind_that_is_not_known_are_passed_over():
    data = listed(ENTRY, "new", {"files": 3}, {})
    data["models"]["voices"] = {"en": 1}
    assert list(read(data)) == [EN_PT]
    assert len(read(data)[EN_PT]) == 1


def test_a_sum_that_is_none_is_not_believed():
    entry = with_file(
        "vocab", path="v/vocab.enpt.spm.gz", uncompressedHash="abc", uncompressedSize=-1
    )
    (offer,) = read(listed(entry))[EN_PT]
    assert (offer.files[2].size, offer.files[2].sha256) == (None, None)


def test_a_licence_that_the_list_names_is_told():
    assert read(listed(ENTRY, license="CC-BY-SA-4.0"))[EN_PT][0].licence == "CC-BY-SA-4.0"
    assert json.loads(json.dumps(listed(ENTRY))) == listed(ENTRY)
