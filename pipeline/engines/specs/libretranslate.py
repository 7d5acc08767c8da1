"""LibreTranslate."""

from __future__ import annotations

from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.setting import WORKER, Setting, checked_address

ENGINE = EngineSpec(
    name="libretranslate",
    title="LibreTranslate",
    build="pipeline.engines.libretranslate:build",
    how_to="Set DRAGOMAN_LIBRETRANSLATE_URL, such as http://127.0.0.1:5000.",
    settings=(
        Setting(
            name="libretranslate_url",
            check=checked_address,
            example="http://libretranslate.example.org:5000",
            why=("For LibreTranslate, in place of both.",),
        ),
        Setting(name="libretranslate_api_key", secret=True, read_by=WORKER),
    ),
    needs=("libretranslate_url",),
    sends_texts=True,
    address="libretranslate_url",
    costs=False,
)
