"""A reading in words, for the person whose message it was (pure)."""

from __future__ import annotations

from collections.abc import Sequence

from dragoman.domain import language
from dragoman.domain.wishes import address
from dragoman.domain.wishes.reading import Intent, Reading, Written

_OTHERS = {
    Intent.APPROVE: "Yes, go ahead",
    Intent.HELP: "A question about how this works",
    Intent.DELETE: "Delete what is here of this document",
    Intent.THANKS: "Thanks, nothing to do",
    Intent.COMPLAINT: "Something is wrong with a translation",
    Intent.NONE: "No wish in these words",
}


def said(found: Reading, written: Written) -> str:
    """What was understood and from what, in English."""
    if found.targets:
        return "; ".join([_targets(found, written), *_options(found)])
    if found.ask:
        return f"No language is certain. {_listed(found.ask, 'or')}?"
    return _OTHERS.get(found.intent, "No language was named")


def _targets(found: Reading, written: Written) -> str:
    names = _listed(found.targets, "and")
    if found.files:
        files = (f"{name} into {_listed(tags, 'and')}" for name, tags in found.files.items())
        return f"{', '.join(files)}, as you wrote"
    if found.as_before and found.targets == (written.previous,):
        return f"{names}, as before"
    if address.read(written.address).targets == found.targets:
        return f"{names}, as the address says"
    return f"{names}, as you wrote"


def _options(found: Reading) -> list[str]:
    told = []
    if found.source:
        told.append(f"from {language.name(found.source)}")
    if found.pages:
        told.append(f"pages {found.pages}")
    if found.layout:
        told.append(f"layout {found.layout}")
    if found.tone:
        told.append(f"{found.tone} tone")
    if found.glossary:
        told.append("with your glossary")
    if found.secret:
        told.append("with the password you gave")
    if found.always:
        told.append("from now on")
    return told


def _listed(tags: Sequence[str], joint: str) -> str:
    names = [language.name(tag) for tag in tags]
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {joint} {names[-1]}"
