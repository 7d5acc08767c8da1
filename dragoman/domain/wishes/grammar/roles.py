"""What part each language plays that a message names: wanted, refused, the source, ... (pure).

The rules stand in the order in which they win. What no rule explains is UNCLEAR: it is never
taken for a wish, only asked about.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from dragoman.domain.wishes.grammar.clauses import Clause, Group, is_arrow
from dragoman.domain.wishes.grammar.sentence import Sentence
from dragoman.domain.wishes.lexicon.word import Word

_NEAR = 5  # words that may stand between a mark and its language
_SHORT = 8  # words of a message that needs no verb


class Role(StrEnum):
    """The part of a language. ASIDE: it says what something is, as in "the German contract"."""

    TARGET = "target"
    SOURCE = "source"
    REFUSED = "refused"
    KEPT = "kept"
    SPOKEN = "spoken"
    PAST = "past"
    ASIDE = "aside"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Spot:
    """A group of languages in its clause, with what stands around it."""

    group: Group
    clause: Clause
    sentence: Sentence

    @property
    def before(self) -> list[Word]:
        """The clause's words before it."""
        return self.clause.before(self.group)

    @property
    def after(self) -> list[Word]:
        """The clause's words after it."""
        return self.clause.after(self.group)

    @property
    def near(self) -> frozenset[str]:
        """The languages in which its names are said."""
        return self.group.locales

    def has(self, *kinds: str) -> bool:
        """Whether the clause has a word of these kinds."""
        return any(word.can(*kinds) for word in self.clause.others())

    def had(self, *kinds: str) -> bool:
        """Whether such a word stands before it in the clause."""
        return any(word.can(*kinds) for word in self.before)

    @property
    def next(self) -> Word | None:
        """The word after it in the clause."""
        return self.after[0] if self.after else None

    def mark(self) -> str | None:
        """into, in or from, by the name's own form, by the word after it or before it."""
        first = self.group.mentions[0]
        if first.mark and not first.locales:  # a form that nothing can turn round, such as 英訳
            return first.mark
        following = self.sentence.words[self.group.end : self.group.end + 1]
        if following:
            for kind in ("into", "from", "in"):
                if following[0].can(f"after_{kind}", near=self.near):
                    return kind
        if first.mark:
            return first.mark
        for word in reversed(self.before[-_NEAR:]):
            for kind in ("into", "from", "in"):
                if word.can(kind, near=self.near) or (first.is_code and kind in word.kinds):
                    return kind
            if not word.can("small", near=self.near) or word.can("want", "is"):
                return None
        return None

    def is_before_a_thing(self) -> bool:
        """Whether a noun follows that it belongs to: "German contract", "Turkish Airlines"."""
        word = self.next
        if word is None:
            return self.group.mentions[-1].adjective and self.mark() is None
        if word.can("after_attribute", near=self.near):
            rest = self.after[1:]
            return bool(rest) and not rest[0].can("noun", "ask", "want", "polite")
        if word.can("noun"):
            return False
        if word.can("doc"):
            return True
        return word.is_unknown and not word.raw[:1].isdigit() and not self._is_before_the_verb()

    def _is_before_the_verb(self) -> bool:
        """Whether only the verb follows, as at the end of a question in German or Dutch: "Mag ik
        dit in het Engels ontvangen?".
        """
        led = self.mark() in ("in", "into") and self.had("want")
        last = len(self.after) == 1 and self.after[0].raw.islower()
        return led and last and bool(self.near & _VERB_LAST_OF_EUROPE)

    def is_after_a_thing(self) -> bool:
        """Whether it belongs to the noun before it: "contrat allemand", "umowa niemiecka"."""
        if not self.near & _NOUN_FIRST or not self.before:
            return False
        word = self.before[-1]
        return word.can("doc") or (word.is_unknown and not word.can("noun"))


_VERB_LAST = frozenset({"de", "nl", "hu", "tr", "ja", "ko", "hi"})
_VERB_LAST_OF_EUROPE = frozenset({"de", "nl"})
_NOUN_FIRST = frozenset(["fr", "es", "it", "pt", "pl", "ro", "ca", "ar", "he", "vi", "id", "th"])


def role(spot: Spot) -> Role:
    """The part that a group plays."""
    for rule, part in _RULES:
        if rule(spot):
            return part
    return Role.UNCLEAR


def _is_refused(spot: Spot) -> bool:
    following = spot.sentence.words[spot.group.end : spot.group.end + 2]
    if following and following[0].can("after_not", "after_instead", near=spot.near):
        return True
    if _is_refused_after(spot) or _is_less_wanted(spot):
        return True
    for word in reversed(spot.before[-_NEAR:]):
        if word.can("instead", "not", near=spot.near) and not word.can("into", near=spot.near):
            return True
        steps = ("into", "in", "from", "small", "noun", "ask")
        if not word.can(*steps, near=spot.near):
            break
    is_about = any(word.can("ask", "want", "noun") for word in spot.clause.others())
    return is_about and spot.had("not") and not spot.has("speak")


def _is_refused_after(spot: Spot) -> bool:
    """Whether "not" follows that refuses nothing else: "German is not needed", "inglés no"."""
    mentions = [one.start for one in spot.sentence.mentions if one.start >= spot.group.end]
    until = min([spot.clause.end, spot.group.end + 4, *mentions])
    words = spot.sentence.words[spot.group.end : until]
    at = next((index for index, word in enumerate(words) if word.can("not")), None)
    if at is None or not all(word.can("is", "small", "want") for word in words[:at]):
        return False
    rest = words[at + 1 :]
    return (not rest and until not in mentions) or any(
        one.can("want", "polite") for one in rest[:1]
    )


def _is_less_wanted(spot: Spot) -> bool:
    """Whether another one is wanted rather than it: "plutôt en anglais qu'en allemand"."""
    words = spot.sentence.words
    earlier = [one for one in spot.sentence.mentions if one.end <= spot.group.start]
    if not earlier or not any(word.can("rather") for word in words[: spot.group.start]):
        return False
    gap = words[earlier[-1].end : spot.group.start]
    return any(word.can("than") for word in gap) and all(
        word.can("than", "small", "in", "into") for word in gap
    )


def _is_kept(spot: Spot) -> bool:
    stays = [word for word in spot.after[:3] if word.can("keep") and not word.can("except")]
    if stays and spot.near & _VERB_LAST:
        return True
    since = max((one.end for one in spot.clause.groups if one.end <= spot.group.start), default=0)
    is_next = any(word.can("keep") for word in spot.sentence.words[since : spot.group.start])
    return spot.had("keep") and (is_next or spot.mark() != "into")


def _is_in_brackets(spot: Spot) -> bool:
    """Whether it only says in brackets what a thing is in: "the report (in German)"."""
    words, at = spot.sentence.words, spot.clause.start
    if at < 2 or words[at - 1].text not in "(（" or len(spot.sentence.mentions) == 1:  # noqa: PLR2004
        return False
    thing = words[at - 2]
    return (thing.can("doc") or thing.is_unknown) and spot.mark() != "into"


def _is_of_thing(spot: Spot) -> bool:
    """Whether it says what a thing is in, before the wish: "a document in Spanish that I need"."""
    if spot.mark() != "in" or not any(word.can("doc") for word in spot.before):
        return False
    later = [one for one in spot.sentence.mentions if one.start >= spot.group.end]
    if not later:
        return False
    # "translate the contract in German into English": right behind the thing, and a way out of it.
    steps = [word for word in spot.before if not word.can("small", "in", near=spot.near)]
    gap = spot.sentence.words[spot.group.end : later[0].start]
    is_led = later[0].mark == "into" or any(
        word.can("into", near=later[0].locales) and not word.can("and") for word in gap
    )
    if steps and steps[-1].can("doc") and is_led and len(gap) == 1:
        return True
    wish = any(word.can("ask", "want", "meant", "noun", "polite") for word in spot.before)
    return not wish


def _is_spoken(spot: Spot) -> bool:
    wished = spot.mark() == "in" and spot.had("want", "ask")
    is_led = spot.mark() == "into" and spot.group.mentions[0].mark is None
    return spot.has("speak") and not is_led and not wished


def _is_past(spot: Spot) -> bool:
    if spot.has("meant"):
        return False
    praised = any(word.can("is") for word in spot.after) and spot.has("thanks")
    return spot.has("past") or (praised and not spot.has("want"))


def _is_remark(spot: Spot) -> bool:
    if spot.has("meant") or (spot.mark() == "into" and spot.has("ask", "want")):
        return False
    return spot.has("wrong", "check", "delete") or (spot.has("answer") and not spot.has("ask"))


def _is_done(spot: Spot) -> bool:
    """Whether somebody has translated it: "Bob translated it into French", no wish around it."""
    return spot.has("done") and not spot.has("want", "polite", "sorry", "also")


def _is_source(spot: Spot) -> bool:
    if _is_first_of_pair(spot):
        return True
    if spot.mark() == "from":
        return not _is_partitive(spot)
    return False


def _is_partitive(spot: Spot) -> bool:
    """Whether "from" says "some": il nous faut de l'italien, proszę o ..."""
    words = [word for word in spot.before if not word.can("small", "from", near=spot.near)]
    verb = bool(words) and words[-1].can("want", "meant") and not spot.has("ask")
    return verb and spot.group.mentions[0].mark is None


def _is_first_of_pair(spot: Spot) -> bool:
    """Whether an arrow, or nothing but "into", leads from it to another language."""
    words, at = spot.sentence.words, spot.group.end
    if at >= len(words) or spot.mark() == "into":
        return False
    others = [one for one in spot.sentence.mentions if one.start >= at]
    if not others:
        return False
    gap = words[at : others[0].start]
    if gap and is_arrow(gap[0]) and len(gap) == 1:
        return True
    if spot.mark() == "in" or others[0].mark == "from":
        return False
    if len(gap) == 1 and gap[0].can("ask") and len(words[at - 1].raw) == 1:
        return True
    is_led = any(word.can("into", near=others[0].locales) for word in gap)
    steps = ("into", "small", "ask")
    is_step = all(word.can(*steps) and not word.can("and") for word in gap)
    return is_led and is_step and not spot.had("not") and not spot.has("keep")


def _is_second_of_pair(spot: Spot) -> bool:
    """Whether an arrow leads to it from another language: EN-DE, 英译中."""
    words = spot.sentence.words
    before = words[spot.group.start - 1] if spot.group.start else None
    if before is not None and before.shape == "arrow":
        return not spot.is_before_a_thing()
    earlier = [one for one in spot.sentence.mentions if one.end < spot.group.start]
    if not earlier or earlier[-1].end != spot.group.start - 1 or spot.is_before_a_thing():
        return False
    joint, first = words[spot.group.start - 1], words[earlier[-1].start]
    if joint.can("ask"):
        return len(first.raw) == 1
    if not is_arrow(joint):
        return False
    return joint.shape == "arrow" or spot.group.mentions[0].is_code or _has_wish(spot)


def _is_stated(spot: Spot) -> bool:
    """Whether the clause says what something is written in: "the original is in French"."""
    wish = any(word.can("ask", "want", "meant") for word in spot.before)
    states = any(word.can("is", "original") for word in spot.before)
    rest = [one.start for one in spot.clause.groups if one.start >= spot.group.end]
    until = min(rest, default=spot.clause.end)
    later = any(one.can("original") for one in spot.sentence.words[spot.group.end : until])
    behind = spot.next is not None and spot.next.can("is", "original") and spot.mark() is None
    if _is_labelled(spot):
        return True
    if spot.next is not None and spot.next.can("noun") and spot.has("want", "polite"):
        return False
    is_question = any(word.text in "?？" for word in spot.sentence.words)
    if is_question and spot.has("want", "also", "polite"):
        return False
    named = any(word.can("original") for word in spot.before)
    is_led = spot.mark() == "into" and spot.group.mentions[0].mark is None
    if is_led and not later and not named:
        return False
    return (states and not wish) or later or (behind and not spot.has("want", "polite", "also"))


def _is_continued(spot: Spot) -> bool:
    """Whether it goes on with what a thing is in: "it is partly in English and partly in French"."""
    if spot.mark() != "in" or spot.has("want", "ask", "polite", "meant", "also", "noun"):
        return False
    words, at = spot.sentence.words, spot.clause.start
    earlier = [one for one in spot.sentence.mentions if one.end < at]
    if not earlier or not words[at - 1].can("and"):
        return False
    before = words[: earlier[-1].start]
    wishes = any(word.can("want", "ask", "meant", "noun") for word in before)
    return any(word.can("is") for word in before) and not wishes


def _is_before_order(spot: Spot) -> bool:
    """Whether it says what a thing is in, before an order that leads out of it: "the document is
    in Japanese, translate it into Indonesian", in languages without an "is".
    """
    if spot.mark() != "in" or spot.has("want", "ask", "polite", "also", "meant", "noun"):
        return False
    words = spot.sentence.words
    later = [one for one in spot.sentence.mentions if one.start >= spot.clause.end]
    if not later:
        return False
    gap = words[spot.clause.end : later[0].start]
    is_led = later[0].mark == "into" or (
        bool(gap) and gap[-1].can("into", near=later[0].locales) and not gap[-1].can("and")
    )
    return is_led and any(word.can("ask") for word in gap)


def _is_default(spot: Spot) -> bool:
    """Whether it is what somebody wants for all that is to come: "German by default"."""
    if not spot.has("always") or spot.mark() == "from" or spot.is_before_a_thing():
        return False
    return not any(word.is_unknown or word.can("here") for word in spot.clause.others())


def _is_contrast(spot: Spot) -> bool:
    """Whether it is what somebody meant in place of another: ドイツ語ではなくフランス語です."""
    words = spot.sentence.words
    earlier = [one for one in spot.sentence.mentions if one.end <= spot.group.start]
    if not earlier or spot.has("original", "doc", "here"):
        return False
    gap = words[earlier[-1].end : spot.group.start]
    return (
        bool(gap) and gap[0].can("after_not") and all(one.can("after_not", "small") for one in gap)
    )


def _is_labelled(spot: Spot) -> bool:
    """Whether "source:" or "from:" stands before it."""
    words, at = spot.sentence.words, spot.clause.start - 1
    if at < 1 or words[at].text not in ":：=":
        return False
    label = words[max(at - 2, 0) : at]
    return any(word.can("original", "from") for word in label if word.shape == "word")


def _is_marked(spot: Spot) -> bool:
    """Whether "into", or "in" beside a wish, stands before it."""
    mark = spot.mark()
    if mark not in ("into", "in") or spot.is_before_a_thing():
        return False
    if _has_wish(spot):
        return True
    if mark == "in" and any(word.can("here", "doc") for word in spot.sentence.words):
        return False
    unknown = sum(word.is_unknown for word in spot.sentence.words)
    is_short = len(spot.sentence.words) <= _SHORT
    return is_short and unknown <= (1 if mark == "into" else 0)


def _has_wish(spot: Spot) -> bool:
    kinds = (
        "ask",
        "want",
        "noun",
        "polite",
        "also",
        "sorry",
        "before",
        "meant",
        "yes",
        "always",
        "all",
    )
    return any(word.can(*kinds) for word in spot.sentence.words)


def _is_version(spot: Spot) -> bool:
    """Whether a translation is said beside it: "a German translation", "version française"."""
    is_of_thing = spot.next is not None and spot.is_before_a_thing()
    first = spot.group.mentions[0]
    is_small = first.is_code and not spot.sentence.words[first.start].raw.isupper()
    if is_small or is_of_thing:
        return False
    steps = ("small", "in", "from", "into")
    words = [one for one in spot.before if one.can("noun") or not one.can(*steps, near=spot.near)]
    beside = spot.next is not None and spot.next.can("noun")
    behind = bool(words) and words[-1].can("noun") and bool(spot.near & _NOUN_FIRST | {"en"})
    if not (beside or behind) or any(word.can("here") for word in spot.before):
        return False
    if any(word.can("want", "ask", "also", "sorry") for word in spot.sentence.words):
        return True
    strange = any(word.is_unknown for word in spot.clause.others())
    if any(word.can("polite") for word in spot.sentence.words) and not strange:
        return True
    if spot.has("is", "here"):
        return False
    return not any(word.is_unknown or word.can("doc") for word in spot.sentence.words)


def _is_wanted(spot: Spot) -> bool:
    """Whether a verb of wishing leads to it: "we need French", "I said French"."""
    if spot.is_before_a_thing() or spot.is_after_a_thing() or spot.had("here"):
        return False
    if spot.before and spot.before[-1].can("with") and not spot.before[-1].can("want", "into"):
        return spot.next is None and _is_bare(spot)
    if not any(word.can("want", "meant") for word in spot.before):
        following = spot.next
        kinds = ("want", "meant") if spot.near & _VERB_LAST else ("want",)
        return following is not None and following.can(*kinds) and not spot.has("here")
    return True


def _is_bare(spot: Spot) -> bool:
    """Whether the clause says nothing but languages and small words."""
    if spot.group.mentions[0].is_code:
        kinds: tuple[str, ...] = (
            "polite",
            "and",
            "or",
            "also",
            "always",
            "formal",
            "informal",
            "into",
        )
        return all(word.shape != "word" or word.can(*kinds) for word in spot.clause.others())
    if any(mention.adjective for mention in spot.group.mentions) or spot.is_before_a_thing():
        return False
    others = list(spot.clause.others())
    if any(word.can("here", "is") and not word.can("yes", "also") for word in others):
        return False
    things = [word for word in others if word.is_unknown or word.can("doc")]
    things = [word for word in things if not word.can("original")]
    asked = any(word.can("ask") for word in spot.before)
    if asked and (spot.before[-1].can("ask") or not spot.has("polite")):
        return False
    return not things


def _is_aside(spot: Spot) -> bool:
    adjective = spot.group.mentions[-1].adjective
    thing = spot.is_before_a_thing() or spot.is_after_a_thing()
    named = bool(spot.before) and spot.before[-1].is_unknown and spot.before[-1].raw[:1].isupper()
    return adjective or thing or named or spot.group.mentions[0].is_code


_RULES: tuple[tuple[Callable[[Spot], bool], Role], ...] = (
    (_is_spoken, Role.SPOKEN),
    (_is_refused, Role.REFUSED),
    (_is_kept, Role.KEPT),
    (_is_past, Role.PAST),
    (_is_in_brackets, Role.SOURCE),
    (_is_of_thing, Role.SOURCE),
    (_is_done, Role.PAST),
    (_is_remark, Role.ASIDE),
    (_is_source, Role.SOURCE),
    (_is_second_of_pair, Role.TARGET),
    (_is_contrast, Role.TARGET),
    (_is_continued, Role.SOURCE),
    (_is_before_order, Role.SOURCE),
    (_is_stated, Role.SOURCE),
    (_is_default, Role.TARGET),
    (_is_marked, Role.TARGET),
    (_is_version, Role.TARGET),
    (_is_wanted, Role.TARGET),
    (_is_bare, Role.TARGET),
    (_is_aside, Role.ASIDE),
)
