"""Apertium."""

from __future__ import annotations

from dragoman.domain.specs.engine_specs import EngineSpec

ENGINE = EngineSpec(
    name="apertium",
    title="Apertium",
    build="pipeline.engines.apertium:build",
    how_to="Install it, on Debian: apt-get install apertium apertium-eng-spa (and further pairs).",
    sends_texts=False,
    costs=False,
    by_rules=True,
)
