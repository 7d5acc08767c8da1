"""One name for a result, by every channel, whatever the source is called."""

from __future__ import annotations

from email.message import EmailMessage
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.file_names import LONGEST_NAME, plain, result_name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("contract.pdf", "contract.fr.pdf"),
        ("Contract.PDF", "Contract.fr.pdf"),
        ("a.b.pdf", "a.b.fr.pdf"),
        ("a.pdf.pdf", "a.pdf.fr.pdf"),
        ("v1.2 draft", "v1.2 draft.fr.pdf"),
        ("", "document.fr.pdf"),
        (".pdf", "document.fr.pdf"),
        (" . .pdf", "document.fr.pdf"),
        ("...", "document.fr.pdf"),
        ("a\r\nb.pdf", "a b.fr.pdf"),
        ("a\x00b\tc.pdf", "a b c.fr.pdf"),
        ("fdp.\u202egnp.pdf", "fdp. gnp.fr.pdf"),
        ("a=?b.pdf", "a_?b.fr.pdf"),
        ("=?utf-8?q?evil?=.pdf", "_?utf-8?q?evil?=.fr.pdf"),
        ("../../etc/passwd.pdf", "_.._etc_passwd.fr.pdf"),
        ("C:\\a\\b.pdf", "C:_a_b.fr.pdf"),
        ('say "hi".pdf', 'say "hi".fr.pdf'),
        ("报告.pdf", "报告.fr.pdf"),
        ("bad\udcff.pdf", "bad.fr.pdf"),
    ],
)
def test_the_result_is_named_after_file_and_language(name: str, expected: str) -> None:
    assert result_name(name, "fr") == expected


@given(
    st.text(st.characters(codec=None) | st.sampled_from('/\\.=?"\r\n\u202e pdfPDF'), max_size=300)
)
def test_any_name_makes_one_that_is_safe_everywhere(name: str) -> None:
    made = result_name(name, "pt-BR")
    stem = made.removesuffix(".pt-BR.pdf")
    assert stem == stem.strip(" .")
    assert stem
    assert len(stem) <= LONGEST_NAME
    assert plain(made, 2 * LONGEST_NAME) == made  # one line, and all of it is seen
    assert made.encode()
    assert "=?" not in made
    assert PurePosixPath(made).name == made
    assert "\\" not in made
    mail = EmailMessage()
    mail.add_attachment(b"", maintype="application", subtype="pdf", filename=made)
    assert [part.get_filename() for part in mail.iter_attachments()] == [made]


@given(st.text(max_size=300))
def test_plain_text_is_one_visible_line(text: str) -> None:
    shown = plain(text, 100)
    assert len(shown) <= 100
    assert shown.splitlines() in ([], [shown])
    shown.encode()
    assert plain(shown, 100) == shown
