"""The hash of a body as DKIM wants it: the same as the library's, however the body is cut, and
in linear time.
"""

from __future__ import annotations

import hashlib
import time

import pytest
from dkim.canonicalization import Relaxed, Simple
from hypothesis import example, given
from hypothesis import strategies as st

from ingress.email.auth.dkim_body_hash import BodyHash

BODIES = st.lists(
    st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"\r\n\r\n", b"\r", b"\n", b"ab c"]), max_size=30
).map(b"".join)


@given(BODIES, st.integers(1, 7), st.booleans())
@example(b"", 1, True)
@example(b"\r\n\r\n", 1, False)
@example(b" \r\n a \t b  \r\n\r\n \r\n", 2, True)
def test_hash_is_that_of_the_whole_body(body: bytes, step: int, relaxed: bool):
    body += b"\r\n"  # as every body that came by SMTP
    streamed = BodyHash(relaxed=relaxed)
    for start in range(0, len(body), step):
        streamed.feed(body[start : start + step])
    canonical = (Relaxed if relaxed else Simple).canonicalize_body(body)
    assert streamed.digest() == hashlib.sha256(canonical).digest()
    assert streamed.size == len(canonical)


@pytest.mark.parametrize("filling", [b" ", b"\r\n", b" \t", b"\r", b" \r\n"])
def test_hostile_bodies_take_linear_time(filling: bytes):
    streamed = BodyHash(relaxed=True)
    chunk = filling * (65_536 // len(filling))
    started = time.process_time()
    for _ in range(64):
        streamed.feed(chunk)
    streamed.feed(b"x\r\n")
    streamed.digest()
    assert time.process_time() - started < 3  # 4 MB; a quadratic one takes minutes
