"""Files between `begin` and `end`, wherever the chunks are cut."""

from __future__ import annotations

import binascii

import pytest

from ingress.email.mime import uuencoded

DATA = bytes(range(256)) * 3


def written(data: bytes, name: bytes = b"a b.pdf", line_end: bytes = b"\r\n") -> bytes:
    lines = [binascii.b2a_uu(data[at : at + 45]).rstrip(b"\n") for at in range(0, len(data), 45)]
    return line_end.join([b"begin 644 " + name, *lines, b"`", b"end", b""])


@pytest.mark.parametrize("size", [1, 7, 64, 100_000])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_files_come_out_whole_wherever_chunks_are_cut(size, line_end):
    text = (
        b"Hello"
        + line_end
        + written(DATA, line_end=line_end)
        + b"and"
        + line_end
        + written(b"x", b"c", line_end)
    )
    chunks = iter([text[at : at + size] for at in range(0, len(text), size)])
    assert [(name, b"".join(body)) for name, body in uuencoded.files(chunks)] == [
        ("a b.pdf", DATA),
        ("c", b"x"),
    ]


def test_file_that_is_not_read_is_skipped():
    names = [name for name, _ in uuencoded.files(iter([written(DATA) + written(DATA, b"c")]))]
    assert names == ["a b.pdf", "c"]


def test_words_that_begin_like_a_file_are_none():
    assert uuencoded.begins_at(b"Hi\nbegin 644 the work\nNow, or never.\n") is None
    assert uuencoded.begins_at(b"Hi\n" + written(DATA)) == 3
    assert uuencoded.begins_at(b"begin 644 a.pdf") is None
