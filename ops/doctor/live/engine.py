"""One sentence through each engine that is set up here."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.errors import EngineMissing
from dragoman.ports import Batch
from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict
from ops.doctor.live.plan import SENTENCES, LiveTrialFailed, Plan, languages


def translate(settings: Settings, plan: Plan) -> Iterator[Finding]:
    """What each engine made of the sentence, and what it charges.

    Raises as `Translator.translate`, and EngineMissing.
    """
    from pipeline.engines import registry

    offered = registry.offered(settings)
    if not offered:
        raise EngineMissing(f"The engine “{settings.engine}” is not set up on this server.")
    for engine in offered:
        source, target = languages([engine.capabilities()], settings.default_target_lang)
        answer = engine.translate(Batch((SENTENCES[source],), source, target))
        said_of_it = (answer.texts[0] if answer.texts else None) or ""
        if not said_of_it.strip() or said_of_it == SENTENCES[source]:
            raise LiveTrialFailed(f"{engine.name} gave the sentence back as it was.")
        said = (
            f"{engine.name} translated a sentence from {source} to {target},"
            f" {answer.characters_billed} characters charged"
        )
        yield Finding("live engine", Verdict.OK, said)
