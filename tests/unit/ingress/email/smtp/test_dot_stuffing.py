"""Dots come off, the end is found, wherever the chunks are cut."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.email.smtp.dot_stuffing import Transparency

PIECES = st.lists(
    st.sampled_from([b"\r", b"\n", b"\r\n", b".", b"..", b"a", b"\r\n.", b"\n.\n", b"\r.\r"]),
    max_size=30,
)


def stuffed(content: bytes) -> bytes:
    """A message on the wire, by RFC 5321 4.5.2, word for word: line by line."""
    if not content.endswith(b"\r\n"):
        content += b"\r\n"
    lines = content.split(b"\r\n")[:-1]
    return (
        b"".join((b"." + line if line.startswith(b".") else line) + b"\r\n" for line in lines)
        + b".\r\n"
    )


def received(chunks: list[bytes]) -> tuple[bytes, Transparency]:
    dots = Transparency()
    content = b""
    for chunk in chunks:
        if dots.ended:
            dots.rest += chunk
        else:
            content += dots.feed(chunk)
    return content, dots


@settings(deadline=None)
@given(PIECES.map(b"".join))
def test_message_is_the_same_when_cut_at_every_single_place(content):
    wire = stuffed(content)
    expected = content if content.endswith(b"\r\n") else content + b"\r\n"
    for cut in range(len(wire) + 1):
        found, dots = received([wire[:cut], wire[cut:]])
        assert (found, dots.ended, dots.rest) == (expected, True, b"")


@settings(deadline=None)
@given(PIECES.map(b"".join))
def test_message_is_the_same_byte_by_byte(content):
    wire = stuffed(content) + b"QUIT\r\n"
    found, dots = received([wire[at : at + 1] for at in range(len(wire))])
    assert found == (content if content.endswith(b"\r\n") else content + b"\r\n")
    assert dots.rest == b"QUIT\r\n"


def test_empty_message_ends_at_once():
    found, dots = received([b".\r\n"])
    assert (found, dots.ended) == (b"", True)


@pytest.mark.parametrize(
    "wire", [b"a\n.\n", b"a\r.\r", b"a\n.\r\n", b"a\r\n.\n", b"a\r\n.\r", b"a\r\n..\r\n", b""]
)
def test_nothing_else_is_an_end(wire):
    assert not received([wire])[1].ended


@settings(deadline=None)
@given(st.binary(max_size=300), st.integers(1, 40))
def test_at_most_four_bytes_are_held_back(wire, size):
    dots = Transparency()
    fed = got = 0
    for at in range(0, len(wire), size):
        if dots.ended:
            break
        chunk = wire[at : at + size]
        fed += len(chunk)
        got += len(dots.feed(chunk))
        assert fed - got <= 4 + wire.count(b".") + (5 + len(dots.rest) if dots.ended else 0)
