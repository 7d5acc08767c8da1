"""Names of files in the bytes of old encodings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.email.mime import headers
from ingress.email.mime.raw_names import guessed


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("合同.pdf", "gbk"),
        ("报价单-2026年.pdf", "gbk"),
        ("契約書.pdf", "cp932"),
        ("見積もり2026.pdf", "cp932"),
        ("Verträge.pdf", "latin-1"),
        ("Größe.pdf", "latin-1"),
        ("Übersicht äöüß.pdf", "latin-1"),
        ("contrat signé à Genève.pdf", "latin-1"),
        ("合同.pdf", "utf-8"),
    ],
)
def test_a_raw_name_is_read_in_what_its_bytes_are(name: str, encoding: str) -> None:
    raw = name.encode(encoding)
    block = b'Content-Disposition: attachment; filename="' + raw + b'"\r\n\r\n'
    assert headers.read(block).filename == name


def test_bytes_above_ascii_in_a_name_that_says_ascii_are_latin() -> None:
    block = b"Content-Disposition: attachment; filename*=us-ascii''Vertr%E4ge.pdf\r\n\r\n"
    assert headers.read(block).filename == "Verträge.pdf"


@pytest.mark.parametrize("name", ["Договор.pdf", "Договоры.pdf", "Ann’s report.pdf"])
def test_other_encodings_are_not_taken_for_chinese_or_japanese(name: str) -> None:
    raw = name.encode("cp1251").decode("latin-1")
    assert guessed(raw) == raw


@given(st.text(max_size=60))
def test_no_name_breaks_it(name: str) -> None:
    guessed(name)
