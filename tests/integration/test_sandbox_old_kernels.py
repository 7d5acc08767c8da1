"""On a kernel that lacks a layer of the sandbox work goes on, and `dragoman doctor` names the
layer.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dragoman.adapters.confinement import walls
from tests.patience import patience
from tests.pdfs import LOREM, make

pytestmark = [
    pytest.mark.more,
    pytest.mark.skipif(
        os.geteuid() != 0, reason="only root may take calls away without no_new_privs"
    ),
]
ROOT = Path(__file__).parents[2]


def run(layer: str | None, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`dragoman` with these words, on a kernel without `layer` (None: on this one)."""
    launcher = [sys.executable, "-m", "tests.sandboxed.old_kernel", layer] if layer else []
    environment = {
        **os.environ,
        "DRAGOMAN_DATA_DIR": str(folder / "data"),
        "DRAGOMAN_ENGINE": "pseudo",
    }
    return subprocess.run(
        [*launcher, sys.executable, "-m", "dragoman", *words],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=patience(90),
    )


@pytest.mark.parametrize("layer", [None, *walls.LAYERS])
def test_doctor_names_the_layer_that_is_not_there(tmp_path: Path, layer: str | None) -> None:
    told = run(layer, tmp_path, "doctor", "--json")
    [found] = [one for one in json.loads(told.stdout)["findings"] if one["what"] == "sandbox"]
    named = {one for one in walls.LAYERS if one in found["said"]}
    assert found["verdict"] == ("warn" if layer else "ok"), found
    assert named == ({layer} if layer else {walls.CALLS}), found
    assert bool(found["todo"]) == bool(layer)


@pytest.mark.parametrize("layer", walls.LAYERS)
def test_a_document_is_translated_without_the_layer(tmp_path: Path, layer: str) -> None:
    source, out = make(tmp_path / "a.pdf", LOREM), tmp_path / "b.pdf"
    ended = run(layer, tmp_path, "translate", str(source), "--to", "de", "-o", str(out))
    assert ended.returncode == 0, ended.stderr
    assert out.read_bytes().startswith(b"%PDF-")
