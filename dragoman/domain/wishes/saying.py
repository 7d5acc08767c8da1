"""What was understood, in English words, for the person whose message it was (pure)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dragoman.domain import language
from dragoman.domain.wishes.reading import Intent, Origin, Reading, Stop
from dragoman.domain.wishes.understood import Understood, settled

_OTHERS = {
    Intent.APPROVE: "Yes, go ahead",
    Intent.HELP: "A question about how this works",
    Intent.DELETE: "Delete what is here of this document",
    Intent.THANKS: "Thanks, nothing to do",
    Intent.COMPLAINT: "Something is wrong with a translation",
    Intent.NONE: "No wish in these words",
}
_STOPS = {Stop.CANCEL: "Stop the work", Stop.NO: "No, do not do it"}
_FROM = {
    Origin.WORDS: "as you wrote",
    Origin.SUBJECT: "as the subject says",
    Origin.ADDRESS: "as the address says",
    Origin.THREAD: "as before",
    Origin.HABIT: "as you always want it",
    Origin.CHANNEL: "as this channel wants it",
    Origin.LOCALE: "your own language",
    Origin.SERVER: "as is usual on this server",
}


def said(found: Reading) -> str:
    """What was understood and from what."""
    understood = settled(found, ())
    if understood:
        return in_words(understood)
    if found.ask:
        return f"No language is certain. {_listed(found.ask, 'or')}?"
    if found.stop:
        return _STOPS[found.stop]
    if found.everything:
        return "Delete everything of yours"
    return _OTHERS.get(found.intent, "No language was named")


def in_words(told: Understood) -> str:
    """`French and German, as you wrote; pages 1-2`."""
    return "; ".join(_parts(told))


def _parts(told: Understood) -> Iterator[str]:
    named = _listed(told.targets, "and")
    if told.files:
        named = ", ".join(
            f"{name} into {_listed(tags, 'and')}" for name, tags in told.files.items()
        )
    yield f"{named}, {_FROM[told.origin]}"
    if told.source:
        yield f"from {language.name(told.source)}"
    if told.pages:
        yield f"pages {told.pages}"
    if told.layout:
        yield f"layout {told.layout}"
    if told.tone:
        yield f"{told.tone} tone"
    if told.glossary:
        yield "with your glossary"
    if told.password:
        yield "with the password you gave"
    if told.always:
        yield "from now on"


def _listed(tags: Sequence[str], joint: str) -> str:
    names = [language.name(tag) for tag in tags]
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {joint} {names[-1]}"
