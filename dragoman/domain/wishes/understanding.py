"""The reader: a message -> what its sender wants (pure).

Targets are given only where the words leave no doubt; whatever is left in doubt is asked.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import replace

from dragoman.domain import language
from dragoman.domain.job import Tone
from dragoman.domain.wishes import address, saying
from dragoman.domain.wishes.analysis import Analysis, Part, analyse, files, without
from dragoman.domain.wishes.grammar.roles import Role
from dragoman.domain.wishes.intents import intent_without_target, is_of_everything, stop_in
from dragoman.domain.wishes.lexicon import codes
from dragoman.domain.wishes.reading import Intent, Origin, Reading, Written

_PREFIX = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|sv|vs|rv|tr|odp|pd|antw|doorst|rif|i|r|enc|res)\s*[:：]\s*)+",
    re.IGNORECASE,
)
_TO = re.compile(r"^\s*to\s*:\s*", re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\[\]]{2,40})\]")
_SHOUTED = frozenset(
    [
        "IT",
        "HR",
        "ID",
        "PR",
        "PS",
        "OS",
        "QA",
        "AM",
        "PM",
        "IS",
        "NO",
        "TO",
        "SO",
        "OR",
        "AI",
        "PA",
        "ET",
    ]
)
_LIKELY = ("en", "fr", "de", "es")  # to offer where nothing else is likely
_MOST_CHOICES = 4


def understand(written: Written) -> Reading:
    """What a message with these words is taken for. Never raises for anything that people write."""
    body = analyse(written.text)
    found = _of_body(body, written)
    if not written.is_reply:
        found = _with_subject(found, body, written)
    found = _with_address(found, body, written)
    away = body.has("away") and not found.targets
    return replace(found, said=saying.said(found), away=away)


def _of_body(body: Analysis, written: Written) -> Reading:
    wanted = _wanted(body)
    targets = list(dict.fromkeys(tag for part in wanted for tag in part.group.tags))
    choice = _choice(body, wanted, targets)
    as_before = body.has("before")
    common = Reading(
        Intent.TRANSLATE,
        source=_source(body, targets),
        files=files(body),
        pages=body.pages,
        layout=body.layout,
        tone=body.tone,
        glossary=_is_said(body, "glossary"),
        secret=body.secret,
        as_before=as_before,
    )
    if targets and not choice and not _is_no_order(body, targets, written):
        intent = Intent.CORRECT if _is_correction(body, wanted, written) else Intent.TRANSLATE
        return replace(
            common,
            intent=intent,
            targets=tuple(targets),
            always=_is_lasting(body),
            origin=Origin.WORDS,
        )
    if (stop := stop_in(body)) is not None:
        return Reading(Intent.NONE, stop=stop)
    intent = intent_without_target(body, written.is_reply, is_choice=bool(choice))
    if intent not in (Intent.TRANSLATE, Intent.CORRECT, Intent.NONE):
        everything = intent is Intent.DELETE and is_of_everything(body)
        # A password may come with a word of thanks.
        return Reading(intent, everything=everything, secret=body.secret)
    in_doubt = bool(choice or body.of(Role.REFUSED, Role.UNCLEAR))
    if as_before and written.previous and not in_doubt:
        return replace(common, targets=(written.previous,), origin=Origin.THREAD)
    asks = intent is not Intent.NONE or not written.is_reply or body.has("here", "doc")
    asks = asks and not body.has("away")
    choices = _choices(body, written, choice) if asks else None
    is_wish = intent is not Intent.NONE
    if not is_wish:
        common = replace(common, pages=None, tone=None, layout=None)
    return replace(
        common, intent=intent, ask=choices, files={}, as_before=as_before, in_doubt=in_doubt
    )


def _wanted(body: Analysis) -> list[Part]:
    """The parts that are targets; a correction leaves out what was said before it."""
    wanted = body.of(Role.TARGET)
    for index in range(len(wanted) - 1, 0, -1):
        if wanted[index].has("meant", "sorry") and not wanted[index - 1].has("meant", "sorry"):
            return wanted[index:]
    return wanted


def _choice(body: Analysis, wanted: list[Part], targets: list[str]) -> list[str]:
    """The languages between which somebody has to decide; none where all is clear."""
    either = [tag for part in wanted if part.group.is_choice for tag in part.group.tags]
    if either:
        return list(dict.fromkeys([*either, *targets]))
    if any(_is_either(one, other) for one, other in itertools.pairwise(wanted)):
        return targets
    if len(wanted) > 1 and (body.has("order") or any(_is_other(part) for part in wanted)):
        return targets
    numbers = {part.number for part in wanted}
    unclear = [
        tag
        for part in body.of(Role.UNCLEAR)
        if part.number in numbers
        for tag in part.group.tags
        if tag not in targets
    ]
    refused = {language.base(tag) for part in body.of(Role.REFUSED) for tag in part.group.tags}
    if unclear or any(language.base(tag) in refused for tag in targets):
        return without([*targets, *unclear], refused) or list(_LIKELY)
    return []


def _is_either(one: Part, other: Part) -> bool:
    """Whether an "or" stands between two wishes of a sentence."""
    if one.number != other.number:
        return False
    words = one.clause.sentence.words[one.group.end : other.group.start]
    return any(word.can("or") for word in words)


def _is_other(part: Part) -> bool:
    """Whether it is the second of a choice, or stands beside another name without a word
    between.
    """
    words, start = part.clause.words, part.group.start
    beside = [one.end for one in part.clause.groups if one.end == start]
    opened = [word for word in words if word.shape == "word"][:1]
    return bool(opened and opened[0].can("or")) or (
        bool(beside) and not part.group.mentions[0].mark
    )


def _source(body: Analysis, targets: list[str]) -> str | None:
    source = body.source
    return None if source in targets else source


def _is_said(body: Analysis, kind: str) -> bool:
    """Whether a thing is named, in a clause that does not refuse it."""
    return any(
        any(word.can(kind) for word in clause.words)
        and not any(word.can("not", "keep") for word in clause.words)
        for clause in body.clauses
    )


def _is_lasting(body: Analysis) -> bool:
    """Whether "always" stands in the very sentence of the wish."""
    return any(
        any(word.can("always") for word in body.sentences[part.number].words)
        and sum(word.is_unknown for word in body.sentences[part.number].words) <= 1
        for part in body.of(Role.TARGET)
    )


def _is_no_order(body: Analysis, targets: list[str], written: Written) -> bool:
    """Whether languages are named in a question about the service, a remark or an order to
    delete.
    """
    if body.has("help") or body.has("away"):
        return True
    same = written.previous is not None and targets == [written.previous]
    if body.has("delete") and not body.has("ask"):
        return True
    return written.is_reply and body.has("wrong") and (same or not _is_new_order(body))


def _is_new_order(body: Analysis) -> bool:
    return any(part.has("want", "ask", "meant", "polite", "sorry") for part in body.of(Role.TARGET))


def _is_correction(body: Analysis, wanted: list[Part], written: Written) -> bool:
    if any(part.has("meant") for part in wanted):
        return True
    if body.has("meant", "sorry") and (written.is_reply or written.previous):
        return True
    if not written.is_reply:
        return False
    return bool(body.of(Role.REFUSED)) or body.has("wrong")


def _choices(body: Analysis, written: Written, first: list[str]) -> tuple[str, ...]:
    """What is likely: what was named, the message's language, the thread's."""
    refused = {language.base(tag) for part in body.of(Role.REFUSED) for tag in part.group.tags}
    refused |= {language.base(tag) for part in body.of(Role.SOURCE) for tag in part.group.tags}
    unclear = [tag for part in body.of(Role.UNCLEAR) for tag in part.group.tags]
    likely = [*first, *unclear, written.previous, body.spoken]
    if not body.sentences:
        likely.append(_LIKELY[0])
    named = without([tag for tag in likely if tag], refused)
    kept = named or without(list(_LIKELY), refused)
    return tuple(dict.fromkeys(kept))[:_MOST_CHOICES]


def _with_subject(found: Reading, body: Analysis, written: Written) -> Reading:
    """The reading with what the subject wants, where the subject alone is a wish."""
    from_subject = _of_subject(written.subject)
    if from_subject is None and not body.sentences:
        return _order_of(written.subject) or found
    if from_subject is None or found.intent not in (Intent.TRANSLATE, Intent.NONE, Intent.THANKS):
        return found
    if found.targets:
        if set(from_subject.targets) <= set(found.targets):
            return found
        return _asking(found, [*found.targets, *from_subject.targets])
    is_unclear = found.intent is Intent.TRANSLATE and body.of(Role.REFUSED, Role.UNCLEAR)
    if is_unclear or body.has("away"):
        return found
    return replace(
        found,
        intent=Intent.TRANSLATE,
        targets=from_subject.targets,
        source=from_subject.source or found.source,
        tone=found.tone or from_subject.tone,
        pages=body.pages or from_subject.pages,
        layout=body.layout or from_subject.layout,
        ask=None,
        origin=Origin.SUBJECT,
    )


def _order_of(subject: str) -> Reading | None:
    """An order that a subject gives, the whole of it: "Help"; None for none."""
    read = analyse(_PREFIX.sub("", subject))
    if not read.sentences or read.parts or any(word.is_unknown for word in read.words()):
        return None
    intent = intent_without_target(read, is_reply=False, is_choice=False)
    if intent not in (Intent.HELP, Intent.DELETE):
        return None
    return Reading(intent, everything=intent is Intent.DELETE and is_of_everything(read))


def _of_subject(subject: str) -> Reading | None:
    for inner in _BRACKETS.findall(subject):
        if inner.strip() in _SHOUTED:
            continue
        if found := _tagged(inner) or _alone(inner, is_tag=True):
            return found
    bare = _PREFIX.sub("", re.sub(r"\[[^\[\]]*\]", " ", subject)).strip()
    return _alone(bare, is_tag=False) if bare else None


def _tagged(inner: str) -> Reading | None:
    """What a tag of codes wants: [de], [fr formal], [to: pt-br], as after the plus of an address."""
    words = re.split(r"[\s-]+", _TO.sub("", inner).strip().casefold())
    named = [word for word in words if word not in set(Tone)]
    if not (codes.regional("-".join(named)) or all(codes.of_code(word) for word in named)):
        return None
    tags = address.read(f"+{'-'.join(words)}@")
    if not tags.targets:
        return None
    return Reading(Intent.TRANSLATE, tags.targets, None, tags.source, tone=tags.tone)


def _alone(text: str, *, is_tag: bool) -> Reading | None:
    """What a text wants that says nothing but a wish; None where it says anything else."""
    read = analyse(text)
    wanted = read.of(Role.TARGET)
    clear = wanted and len(wanted) + len(read.of(Role.SOURCE)) == len(read.parts)
    if not clear or any(part.group.is_choice for part in wanted):
        return None
    if any(word.is_unknown or word.can("here") for word in read.words_beside_names()):
        return None
    codes = any(mention.is_code for part in wanted for mention in part.group.mentions)
    if not is_tag and codes and read.source is None and not read.has("ask", "into"):
        return None
    targets = tuple(dict.fromkeys(tag for part in wanted for tag in part.group.tags))
    return Reading(
        Intent.TRANSLATE,
        targets,
        None,
        read.source,
        pages=read.pages,
        layout=read.layout,
        tone=read.tone,
    )


def _with_address(found: Reading, body: Analysis, written: Written) -> Reading:
    """The reading with what the address wants; in a reply the words win over the address."""
    tags = address.read(written.address)
    if tags.choices and not found.targets:
        return _asking(found, list(tags.choices))
    toned = replace(found, tone=found.tone or tags.tone)
    orders = (Intent.TRANSLATE, Intent.NONE, Intent.THANKS)
    if not tags.targets or found.intent not in orders or body.has("away"):
        return toned
    if found.targets:
        named = {language.base(tag) for tag in found.targets}
        is_same = {language.base(tag) for tag in tags.targets} <= named
        return (
            toned
            if written.is_reply or is_same
            else _asking(found, [*found.targets, *tags.targets])
        )
    refused = {language.base(tag) for part in body.of(Role.REFUSED) for tag in part.group.tags}
    if refused & {language.base(tag) for tag in tags.targets}:
        return toned
    if written.is_reply and found.intent is Intent.THANKS:
        return found
    return replace(
        toned,
        intent=Intent.TRANSLATE,
        targets=tags.targets,
        source=tags.source or found.source,
        pages=body.pages,
        layout=body.layout,
        ask=None,
        origin=Origin.ADDRESS,
    )


def _asking(found: Reading, choices: list[str]) -> Reading:
    return replace(
        found,
        intent=Intent.TRANSLATE,
        targets=(),
        files={},
        ask=tuple(dict.fromkeys(choices)),
        origin=None,
        in_doubt=True,
    )
