"""What a message is that names no language to translate into (pure)."""

from __future__ import annotations

from dragoman.domain.wishes.analysis import Analysis
from dragoman.domain.wishes.grammar.roles import Role
from dragoman.domain.wishes.grammar.sentence import Sentence
from dragoman.domain.wishes.lexicon.word import Word
from dragoman.domain.wishes.reading import Intent, Stop

_FEW = 2  # unknown words that thanks may hold


def stop_in(body: Analysis) -> Stop | None:
    """A "no" or "cancel" that is all that the first sentence says; None for none."""
    for one in body.sentences[:1]:
        if _is_all(one, "cancel"):
            return Stop.CANCEL
        if _is_all(one, "no") and not any(word.can("yes") for word in one.words):
            return Stop.NO
    return None


def is_of_everything(body: Analysis) -> bool:
    """Whether an order is about all that is here, and not of one document."""
    return any(
        any(word.can("delete") for word in one.words) and any(word.can("all") for word in one.words)
        for one in body.sentences
    )


def intent_without_target(  # noqa: PLR0911 - the order of the questions is the rule
    body: Analysis, is_reply: bool, *, is_choice: bool
) -> Intent:
    """The intent of such a message; `is_choice`: languages are named, and it is not clear which."""
    if body.has("away"):
        return Intent.NONE
    if is_choice:
        return Intent.TRANSLATE
    if body.has("help") or _is_call_for_help(body):
        return Intent.HELP
    if is_reply and body.of(Role.REFUSED):
        return Intent.CORRECT
    if body.of(Role.REFUSED):
        return Intent.TRANSLATE
    if is_reply and body.has("sorry") and not any(word.is_unknown for word in body.words()):
        return Intent.CORRECT
    if _is_complaint(body, is_reply):
        return Intent.COMPLAINT
    if not body.pages and any(_is_delete(one) for one in body.sentences):
        return Intent.DELETE
    if any(_is_all(one, "yes") for one in body.sentences[:1]) and not body.has("ask", "here"):
        return Intent.APPROVE
    if body.has("before"):
        return Intent.TRANSLATE
    if _is_thanks(body):
        return Intent.THANKS
    return Intent.TRANSLATE if _is_wish(body) else Intent.NONE


def _is_complaint(body: Analysis, is_reply: bool) -> bool:
    if body.has("wrong"):
        return is_reply or not body.has("ask")
    return is_reply and body.has("check") and bool(body.parts or body.has("doc", "noun"))


def _is_delete(one: Sentence) -> bool:
    words = one.words
    if not any(word.can("delete") for word in words) or any(word.can("ask") for word in words):
        return False
    if any(word.can("not") for word in words):
        return False
    # Nothing is deleted for half an understanding: "delete my number from your list".
    return not any(word.is_unknown for word in words)


def _is_call_for_help(body: Analysis) -> bool:
    """Whether "help" is all that is said, and not what somebody is thanked for."""
    if not _is_only(body, "help_alone"):
        return False
    said = [word for word in body.words() if word.can("help_alone", "thanks")]
    return said[0].can("help_alone")


def _is_all(one: Sentence, kind: str) -> bool:
    """Whether a sentence says a thing of this kind, and else nothing but small words."""
    if not any(word.can(kind) for word in one.words):
        return False
    around = ("polite", "small", "thanks", "also", "all", "with", "want", "in")
    return all(word.can(kind, *around) or word.shape != "word" for word in one.words)


def _is_only(body: Analysis, kind: str) -> bool:
    return bool(body.sentences) and all(_is_all(one, kind) for one in body.sentences)


def _is_thanks(body: Analysis) -> bool:
    words = list(body.words())
    if not any(word.can("thanks") for word in words) or any(word.text in "?？" for word in words):
        return False
    if body.has("here", "ask", "password") or body.parts:
        return False
    if any(word.can("want") and not word.can("thanks", "small", "polite") for word in words):
        return False
    few = _FEW if body.has("but") else 2 * _FEW
    return sum(_tells(word) for word in words) <= few


def _tells(word: Word) -> bool:
    return word.is_unknown or word.can("doc")


def _is_wish(body: Analysis) -> bool:
    if body.has("ask") or (body.of(Role.SPOKEN) and body.has("not", "wrong")):
        return True
    if any(part.role is Role.UNCLEAR for part in body.parts) and body.has("want", "polite"):
        return not body.has("here")
    return body.has("noun") and body.has("want", "polite") and not body.has("here")
