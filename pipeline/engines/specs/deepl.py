"""DeepL."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.setting import WORKER, Setting

MODEL_TYPES = ("quality_optimized", "latency_optimized", "prefer_quality_optimized")


def _model_type(value: str | None, known: Mapping[str, object]) -> str | None:
    if value and value not in MODEL_TYPES:
        raise ValueError(f"write one of {', '.join(MODEL_TYPES)}")
    return value


ENGINE = EngineSpec(
    name="deepl",
    title="DeepL",
    build="pipeline.engines.deepl:build",
    how_to="Set DRAGOMAN_DEEPL_AUTH_KEY to a key from deepl.com/pro-api.",
    settings=(
        Setting(
            name="deepl_auth_key",
            secret=True,
            read_by=WORKER,
            example="your key from deepl.com/pro-api",
            why=(
                (
                    "For DeepL. Without it: models of the local engine, with `docker compose run"
                    " --rm models add en-pt`."
                ),
                "Without any engine documents are refused.",
            ),
        ),
        Setting(name="deepl_server_url"),
        Setting(name="deepl_model_type", check=_model_type, default="quality_optimized"),
        Setting(name="deepl_write", kind=bool, default=False),
        Setting(name="deepl_requests_per_s", kind=float, default=10.0, least=0),
        Setting(name="deepl_characters_per_s", kind=float, default=0.0, least=0),
        Setting(name="deepl_price", kind=float, default=20.0, least=0),
    ),
    needs=("deepl_auth_key",),
    sends_texts=True,
    costs=True,
    tone_model="pipeline.engines.deepl:tone_model",
    price="pipeline.engines.deepl:price",
    usage="pipeline.engines.deepl:usage",
    rates="pipeline.engines.deepl:rates",
    doctor="ops.doctor.user_facing:of_deepl",
)
