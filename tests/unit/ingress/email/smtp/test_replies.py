"""Codes of replies, and paths of commands."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingress.email.smtp import paths, replies

CODED = [
    ("250 OK", "250 2.0.0 OK"),
    ("250 2.1.5 OK", "250 2.1.5 OK"),
    ("503 Error: nested MAIL command", "503 5.5.1 Error: nested MAIL command"),
    ("354 End data", "354 End data"),
    ("220 host Dragoman", "220 host Dragoman"),
    ("502 5.5.1 Too many unrecognized commands, goodbye.", replies.MANY_ERRORS),
    ("421 4.7.0 NOOP sent too many times", replies.MANY_COMMANDS),
    ("555 RCPT TO parameters not recognized", "555 5.5.4 RCPT TO parameters not recognized"),
    ("nonsense", "nonsense"),
]


@pytest.mark.parametrize(("reply", "expected"), CODED)
def test_reply_has_its_enhanced_code(reply, expected):
    assert replies.enhanced(reply) == expected


def test_own_replies_agree_with_their_enhanced_codes():
    ours = [
        value for name, value in vars(replies).items() if name.isupper() and isinstance(value, str)
    ]
    assert len(ours) >= 10
    for reply in ours:
        assert re.match(r"([245])\d\d \1\.\d+\.\d+ ", reply), reply
        assert replies.code_of(reply) == reply[:9]


PATHS = [
    ("<a@b.c>", ("a@b.c", "")),
    ("<a@b.c> SIZE=5 BODY=8BITMIME", ("a@b.c", "SIZE=5 BODY=8BITMIME")),
    ("<>", ("<>", "")),
    ("< >", ("<>", "")),
    ("a@b.c", ("a@b.c", "")),
    ("<Postmaster>", ("Postmaster", "")),
    ("<@relay.example,@other.example:a@b.c>", ("a@b.c", "")),
    ('<"a b"@c.d>', ('"a b"@c.d', "")),
    ("<a@[192.0.2.1]>", ("a@[192.0.2.1]", "")),
    ("<müller@bücher.example>", ("müller@bücher.example", "")),
    ("<", None),
    ("<a@b.c", None),
    ("<a@b@c>", None),
    ("<a b@c.d>", None),
    ("<a@b.c>junk", None),
    ("<a\x00@b.c>", None),
    ("<a\udc80@b.c>", None),
    ("<" + "a" * 1000 + "@b.c>", None),
]


@pytest.mark.parametrize(("text", "expected"), PATHS)
def test_paths(text, expected):
    assert paths.read(text) == expected


@given(st.text(alphabet='<>@:,"\\ ab.[]=\t', max_size=60) | st.text(max_size=60))
def test_any_text_is_a_path_or_none(text):
    found = paths.read(text)
    assert found is None or not re.search(r"[\x00-\x1f]", found[0] + found[1])
