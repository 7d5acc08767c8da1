"""The models of the local engine: which are installed, which are damaged, and which pairs go
through English.
"""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict

SHOWN_PAIRS = 12


def models(settings: Settings) -> Iterator[Finding]:
    """A line for each model, with every file compared with its SHA-256.

    Nothing where none is installed or wanted.
    """
    from ops.models.folder import installed
    from ops.models.pairs import through_english
    from pipeline.engines.local.folder import look

    found = installed(settings.models_dir, thoroughly=True)
    if not found and settings.engine == "local":
        said = f"no model is installed in {settings.models_dir.absolute()}"
        yield Finding(
            "model", Verdict.FAIL, said, "Add one, for example: dragoman models add en-pt"
        )
    flaws = look(settings.models_dir).flaws
    for flaw in flaws:
        yield Finding("model", Verdict.WARN, flaw.wrong, flaw.todo)
    usable = [one for one in found if one.folder not in {flaw.folder for flaw in flaws}]
    for one in usable:
        if one.problem:
            said = f"{one.pair} is damaged: {one.problem}"
            yield Finding("model", Verdict.WARN, said, f"dragoman models add {one.pair}")
        else:
            known = one.card and one.card.architecture != "unknown"
            kind = f", {one.card.architecture}" if one.card and known else ""
            said = f"{one.pair} ({one.pair.spoken}), {one.version}{kind}, {one.size / 1e6:.0f} MB"
            yield Finding("model", Verdict.OK, said)
    between = through_english({one.pair for one in usable if not one.problem})
    if between:
        named = ", ".join(str(pair) for pair in between[:SHOWN_PAIRS])
        more = f" and {len(between) - SHOWN_PAIRS} more" if len(between) > SHOWN_PAIRS else ""
        yield Finding("model", Verdict.OK, f"through English: {named}{more}")
