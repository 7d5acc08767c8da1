"""Neural translation on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.setting import Setting

# The public list that github.com/mozilla/translations writes (`db/updater.py`), of models that may
# be had by everybody.
MOZILLAS_MODELS = "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data/db/models.json"


def _source(value: str | None, known: Mapping[str, object]) -> str | None:
    parts = urlsplit(value or "")
    if parts.scheme not in ("https", "http", "file", "") or (
        parts.scheme and not (parts.netloc or parts.path)
    ):
        raise ValueError("use https://HOST/…/models.json, file:///FOLDER or the name of a folder")
    return value


ENGINE = EngineSpec(
    name="local",
    title="local neural translation",
    build="pipeline.engines.local.engine:build",
    how_to="Add a translation model, for example English to Portuguese: dragoman models add en-pt.",
    settings=(
        Setting(name="local_models_dir", kind=Path),
        Setting(name="models_url", default=MOZILLAS_MODELS, check=_source),
    ),
    sends_texts=False,
    costs=False,
    changes_figures=True,
)
