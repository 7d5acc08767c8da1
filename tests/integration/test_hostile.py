"""Files that are made to harm: each ends, soon, as a translation or in a clear error, whatever
happens to its reader.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.sandbox.client import Bounds, Server
from tests.fuzz import outcome, run, seeds
from tests.hostile import HOSTILE
from tests.patience import patience

BOUNDS = Bounds(memory=256 << 20, silence_s=1.5)
SOON_S = 30.0  # far more than it takes
ANSWERS = {"set", "damaged_pdf", "no_text", "too_complex", "encrypted_pdf", "not_a_pdf"}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_has_an_answer(tmp_path, name):
    path = tmp_path / "hostile.pdf"
    path.write_bytes(HOSTILE[name]())
    start = time.monotonic()
    assert outcome(path, tmp_path / "out.pdf", BOUNDS) in ANSWERS
    assert time.monotonic() - start < patience(SOON_S)


@pytest.mark.parametrize("name", ["doubling forms", "text bomb"])
def test_a_bomb_is_called_too_complex(tmp_path, name):
    path = tmp_path / "bomb.pdf"
    path.write_bytes(HOSTILE[name]())
    assert (
        outcome(path, tmp_path / "out.pdf", Bounds(memory=64 << 20, silence_s=1.0)) == "too_complex"
    )


def test_garbled_files_have_answers(tmp_path):
    seen = run(patience(3.0), seed=1, chosen=seeds(None), keep=tmp_path)
    assert sum(seen.values()) > 10
    # contained, and found by `make fuzz`
    assert {result for result in seen if result.startswith("!")} <= {"!crashed"}


def test_the_search_finds_what_is_no_answer(tmp_path):
    path, server = (
        tmp_path / "a.pdf",
        Server(jobs="tests.sandboxed.reaches", path=(str(Path(__file__).parents[2]),)),
    )
    path.write_bytes(HOSTILE["length of itself"]())

    def do(call, *, bounds):
        return server.call(replace(call, job="divide"), bounds=bounds)

    try:
        assert outcome(path, tmp_path / "out.pdf", do=do) == "!ZeroDivisionError: division by zero"
    finally:
        server.close()
