"""The list of engines: what each spec names is there, and its settings are its own."""

from __future__ import annotations

import pytest

from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.loading import load
from dragoman.settings import Settings

EACH = pytest.mark.parametrize("spec", engine_specs.engines(), ids=lambda spec: spec.name)


@EACH
def test_what_a_spec_names_is_there(spec: EngineSpec) -> None:
    for where in (
        spec.build,
        spec.tone_model,
        spec.is_free,
        spec.price,
        spec.usage,
        spec.rates,
        spec.doctor,
    ):
        assert where is None or callable(load(where))


@EACH
def test_what_an_engine_needs_is_among_its_settings(spec: EngineSpec) -> None:
    own = {one.name for one in spec.settings}
    assert (
        {*spec.needs, *([spec.address] if spec.address else [])}
        <= own
        <= set(Settings.model_fields)
    )


@EACH
def test_an_engine_that_is_not_always_there_says_how_to_get_it(spec: EngineSpec) -> None:
    assert bool(spec.how_to) != spec.asked_for


def test_names_are_unique_and_fit_the_column() -> None:
    names = engine_specs.names()
    assert len(set(names)) == len(names)
    assert all(0 < len(name) <= 40 for name in names)


def test_a_secret_says_who_reads_it() -> None:
    for one in engine_specs.settings():
        assert one.secret == bool(one.read_by), one.name
