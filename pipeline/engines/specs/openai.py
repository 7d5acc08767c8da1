"""A language model at a server that speaks OpenAI's chat completions."""

from __future__ import annotations

from collections.abc import Mapping

from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.setting import WORKER, Setting, checked_address


def _model(value: str | None, known: Mapping[str, object]) -> str | None:
    if not value and known.get("openai_base_url"):
        raise ValueError(
            "DRAGOMAN_OPENAI_BASE_URL needs it: the name of a model, as that server has it"
        )
    return value


ENGINE = EngineSpec(
    name="openai",
    title="a language model",
    build="pipeline.engines.openai.engine:build",
    how_to=(
        "Set DRAGOMAN_OPENAI_BASE_URL and DRAGOMAN_OPENAI_MODEL, such as http://127.0.0.1:11434/v1"
        " and gemma3:12b."
    ),
    settings=(
        Setting(
            name="openai_base_url",
            check=checked_address,
            example="http://ollama.example.org:11434/v1",
            why=(
                (
                    "For a language model in place of DeepL: any server that speaks OpenAI's chat"
                    " completions."
                ),
            ),
        ),
        Setting(
            name="openai_model",
            check=_model,
            checks_empty=True,
            example="gemma3:12b",
            why=("The model, by the name that this server has for it.",),
        ),
        Setting(
            name="openai_api_key",
            secret=True,
            read_by=WORKER,
            example="your key",
            why=("The server's key, if it wants one.",),
        ),
        Setting(name="openai_parallel", kind=int, default=4, least=1, most=64),
        Setting(name="openai_price_in", kind=float, least=0),
        Setting(name="openai_price_out", kind=float, least=0),
    ),
    needs=("openai_base_url", "openai_model"),
    sends_texts=True,
    address="openai_base_url",
    costs=True,
    is_free="pipeline.engines.openai.engine:is_free",
    price="pipeline.engines.openai.engine:price",
    bill="pipeline.engines.openai.engine:bill",
    doctor="ops.doctor.user_facing:of_language_model",
)
