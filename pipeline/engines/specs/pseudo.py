"""No engine at all: only the layout is shown."""

from __future__ import annotations

from dragoman.domain.specs.engine_specs import EngineSpec

STAMP = "Pseudo-translation: the layout is real, the words are not. No translation engine was used."

ENGINE = EngineSpec(
    name="pseudo",
    title="pseudo-translation",
    build="pipeline.engines.pseudo:build",
    sends_texts=False,
    costs=False,
    asked_for=True,
    stamp=STAMP,
    by_rules=True,
)
