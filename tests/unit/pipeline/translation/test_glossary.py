"""Glossary files as people save them."""

import pytest

from dragoman.errors import NotFound, UnsupportedOption
from pipeline.stages.protection import find
from pipeline.translation import glossary


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("g.csv", "house,Haus\nred,rot\n"),
        ("g.csv", "\ufeffSource,Target\r\nhouse,Haus\r\nred,rot\r\n"),
        ("g.csv", "house;Haus\nred;rot"),
        ("g.tsv", "house\tHaus\nred\trot\n\nshort\n"),
        ("g.txt", "house\tHaus\nred\trot"),
        ("g.csv", '"house","Haus"\n"red","rot",note'),
    ],
)
def test_tables_of_two_columns_are_read(tmp_path, name, text):
    file = tmp_path / name
    file.write_text(text, encoding="utf-8")
    assert [one.shown for one in find("red house", glossary.load(file))] == ["rot", "Haus"]


@pytest.mark.parametrize("data", [b"", b"just one column\n", "häuser,x".encode("latin-1")])
def test_other_files_are_refused_with_advice(tmp_path, data):
    file = tmp_path / "g.csv"
    file.write_bytes(data)
    with pytest.raises(UnsupportedOption):
        glossary.load(file)


def test_a_missing_glossary_is_named(tmp_path):
    with pytest.raises(NotFound, match=r"g\.csv"):
        glossary.load(tmp_path / "g.csv")
