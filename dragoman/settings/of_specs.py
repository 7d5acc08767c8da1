"""The settings that channels and engines bring along (`Setting` in their specs), as fields."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, SecretStr, ValidationInfo, create_model

from dragoman.domain.specs import engine_specs
from dragoman.domain.specs.channel_specs import channels
from dragoman.domain.specs.setting import Setting
from dragoman.settings.process_secrets import is_needed


def model_of(settings: Iterable[Setting]) -> type[BaseModel]:
    """A model with a field for each of `settings`, checked as they say."""
    settings = tuple(settings)
    fields: dict[str, Any] = {one.name: (_kind(one), _field(one)) for one in settings}
    made: type[BaseModel] = create_model("OfSpecs", **fields)
    return made


def _kind(one: Setting) -> Any:
    kind: Any = SecretStr if one.secret else one.kind
    kind = kind if one.default is not None else kind | None
    return Annotated[kind, AfterValidator(_checked(one))] if one.check or _needing(one) else kind


def _needing(one: Setting) -> str | None:
    """The engine that is not set up without it."""
    return next((spec.name for spec in engine_specs.engines() if one.name in spec.needs), None)


def _field(one: Setting) -> Any:
    bounds = {"ge": one.least, "le": one.most}
    given: dict[str, Any] = {name: value for name, value in bounds.items() if value is not None}
    default: Any = one.default
    return Field(default=default, validate_default=one.checks_empty or bool(_needing(one)), **given)


def _checked(one: Setting) -> Callable[[Any, ValidationInfo], Any]:
    needing = _needing(one)

    def checked(value: Any, info: ValidationInfo) -> Any:
        if not value and needing and info.data.get("engine") == needing and is_needed(one.name):
            raise ValueError(f"DRAGOMAN_ENGINE={needing} needs it")
        if value is None and not one.checks_empty:
            return value
        plain = value.get_secret_value() if isinstance(value, SecretStr) else value
        kept = one.check(plain, info.data) if one.check else plain
        return SecretStr(kept) if isinstance(value, SecretStr) and kept is not None else kept

    return checked


if TYPE_CHECKING:

    class ChannelSettings(BaseModel):
        """What channels bring along."""

    class OptionsOfEngines(BaseModel):
        """What engines bring along.

        Stands behind the model that has `engine`: some of it is needed by the one that is chosen.
        """

else:
    ChannelSettings = model_of(one for channel in channels() for one in channel.settings)
    OptionsOfEngines = model_of(engine_specs.settings())
