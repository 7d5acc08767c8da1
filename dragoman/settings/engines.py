"""What translates, and what it is allowed to ask for.

The settings of each engine are in its spec.
"""

from __future__ import annotations

from pydantic import BaseModel, field_validator

from dragoman.domain import engines
from dragoman.domain.specs import engine_specs


class EngineSettings(BaseModel):
    """The engine, and who may use which."""

    engine: str = engines.AUTO
    engines_allowed: str = ""

    @property
    def engine_rules(self) -> engines.Rules:
        """Who may use which engines."""
        return engines.parse_rules(self.engines_allowed, frozenset(engine_specs.names()))

    @property
    def in_house_engines(self) -> frozenset[str]:
        """The engines that send nothing out of the house."""
        return engines.in_house(lambda name: getattr(self, name))

    @field_validator("engine")
    @classmethod
    def _known_engine(cls, value: str) -> str:
        if value not in (engines.AUTO, *engine_specs.names()):
            raise ValueError(f"write one of {', '.join((engines.AUTO, *engine_specs.names()))}")
        return value

    @field_validator("engines_allowed")
    @classmethod
    def _readable_rules(cls, value: str) -> str:
        engines.parse_rules(value, frozenset(engine_specs.names()))
        return value
