"""Dialogs (modals): the blocks of each, and what was filled in.

docs.slack.dev/reference/views, docs.slack.dev/reference/block-kit.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from dragoman.app.capabilities import NoEngine
from dragoman.app.intake import Intake
from dragoman.channels.slack import posts, slack_api
from dragoman.db.ledgers import cards
from dragoman.db.records import preferences
from dragoman.domain import language
from dragoman.domain.job import Layout, Tone, WaitingFor, parse_pages
from dragoman.domain.wishes import ChannelWishes
from dragoman.errors import DragomanError
from ingress.slack.language_choice import MOST_LANGUAGES

SHORTCUT, PASSWORD, WANTED, SETTLED = "translate_pdf", "password", "wanted", "settled"
CHOICES = (
    "ar", "bg", "cs", "da", "de", "el", "en-GB", "en-US", "es", "et", "fi", "fr", "he", "hi", "hu", "id", "it", "ja", "ko", "lt", "lv",  # noqa: E501
    "nb", "nl", "pl", "pt-BR", "pt-PT", "ro", "ru", "sk", "sl", "sv", "th", "tr", "uk", "vi", "zh-Hans", "zh-Hant",  # noqa: E501
)  # fmt: skip
LONGEST_OPTION = (
    # characters of an option's text,
    # docs.slack.dev/reference/block-kit/composition-objects/option-object
    75
)
LONGEST_PASSWORD = 512
MANY_PAGES = 100_000  # a list of pages is checked against the document later
MOST_OPTIONS = 100
NONE = "none"
NOTHING_KNOWN = (
    "I do not know yet which languages are possible: the worker has only just started, or is not"
    " running. Please try again in a minute."
)
NO_ENGINE = f"{NoEngine()} {NoEngine.advice}"


def of_action(
    intake: Intake, body: Mapping[str, Any], action: str, value: str
) -> dict[str, Any] | None:
    """The dialog that a button opens; None: it opens none."""
    if action == slack_api.ANOTHER_LANGUAGE:
        with intake.database.read() as connection:
            card = cards.by_id(connection, value)
        return for_post(card.place, card.post_ts, intake.targets()) if card else None
    if action == slack_api.PASSWORD:
        return for_password(value)
    if action == slack_api.CHANNEL_SETTINGS:
        return for_channel(intake, str((body.get("team") or {}).get("id", "")), value)
    return None


def for_post(place: str, ts: str, possible: frozenset[str] | None) -> dict[str, Any]:
    """Ask for languages, tone, layout, pages and terms of a post's PDFs.

    `possible`: as `Intake.targets`.
    """
    if not possible:
        return _nothing_to_choose(possible)
    blocks = [
        _input(
            "languages", "Into which languages?", _languages(possible), hint="One translation each."
        ),
        _input(
            "tone",
            "Tone",
            _select("tone", [(NONE, "As the engine does it"), *((t.value, t.value) for t in Tone)]),
            optional=True,
        ),
        _input(
            "layout",
            "Layout",
            _select("layout", [(one.value, one.value) for one in Layout]),
            optional=True,
        ),
        _input(
            "pages", "Pages", _text("pages", "for example 1-5,9; empty: all", 60), optional=True
        ),
        _input(
            "glossary",
            "Terms to use",
            _text("glossary", "house = Haus\nred tape = Amtsschimmel", 2000, lines=True),
            optional=True,
        ),
    ]
    return _modal(WANTED, "Translate PDF", "Translate", blocks, {"place": place, "ts": ts})


def for_password(job_id: str) -> dict[str, Any]:
    """Ask for a PDF's password, which nobody else in the channel sees."""
    blocks = [
        _section(
            "The PDF is locked. Its password is kept encrypted, and only until this translation"
            " ends."
        ),
        _input("password", "Password", _text("password", "Password of the PDF", LONGEST_PASSWORD)),
    ]
    return _modal(PASSWORD, "Unlock the PDF", "Unlock", blocks, {"job": job_id})


def for_channel(intake: Intake, team: str, place: str) -> dict[str, Any]:
    """Ask what a channel wants."""
    with intake.database.read() as connection:
        wishes = preferences.channel_wishes(connection, team, place)
    possible = intake.targets()
    if not possible:
        return _nothing_to_choose(possible)
    auto = [("yes", "Translate every PDF that is posted here"), ("no", "Only when I am asked")]
    who = [("all", "Everybody in this channel"), ("managers", "Only people who manage it")]
    tones = [(NONE, "As the engine does it"), *((t.value, t.value) for t in Tone)]
    blocks = [
        _input(
            "languages",
            "Into which languages?",
            _languages(possible, wishes.languages),
            hint="One translation each.",
            optional=True,
        ),
        _input("auto", "When?", _select("auto", auto, "yes" if wishes.auto else "no")),
        _input("tone", "Tone", _select("tone", tones, wishes.tone or NONE), optional=True),
        _input(
            "editors",
            "Who may change this?",
            _select("editors", who, "all" if wishes.anybody else "managers"),
        ),
    ]
    return _modal(SETTLED, "This channel", "Save", blocks, {"place": place, "kind": "channel"})


def for_person(intake: Intake, team: str, user: str) -> dict[str, Any]:
    """Ask what a person wants in direct messages."""
    with intake.database.read() as connection:
        wishes = preferences.person_wishes(connection, team, user)
    possible = intake.targets()
    if not possible:
        return _nothing_to_choose(possible)
    tones = [(NONE, "As the engine does it"), *((t.value, t.value) for t in Tone)]
    layouts = [(one.value, one.value) for one in Layout]
    own = (wishes.language,) if wishes.language else ()
    blocks = [
        _input("languages", "Your language", _languages(possible, own, most=1), optional=True),
        _input("tone", "Tone", _select("tone", tones, wishes.tone or NONE), optional=True),
        _input(
            "layout",
            "Layout",
            _select("layout", layouts, wishes.layout or Layout.TRANSLATED),
            optional=True,
        ),
    ]
    return _modal(SETTLED, "Your preferences", "Save", blocks, {"place": user, "kind": "person"})


def filled_in(view: Mapping[str, Any]) -> tuple[str | None, dict[str, Any], dict[str, str]]:
    """What a dialog was filled in with: its kind (None: not one of ours), its facts, and
    complaints by block.
    """
    values = (view.get("state") or {}).get("values") or {}
    about = json.loads(view.get("private_metadata") or "{}")
    chosen = {
        name: _value(values.get(name) or {})
        for name in ("languages", "tone", "layout", "pages", "glossary", "auto", "editors")
    }
    for name in ("tone", "layout"):
        chosen[name] = None if chosen[name] in (NONE, None) else chosen[name]
    if view.get("callback_id") == WANTED:
        facts = {
            name: chosen[name] for name in ("languages", "tone", "layout", "pages", "glossary")
        }
        return (
            WANTED,
            {**facts, "channel": about.get("place"), "ts": about.get("ts")},
            _wrong(chosen),
        )
    if view.get("callback_id") == SETTLED:
        return (
            SETTLED,
            {"channel": about.get("place"), "wishes": _wishes(about.get("kind"), chosen)},
            {},
        )
    return None, {}, {}


def unlock(intake: Intake, view: Mapping[str, Any], team: str, user: str) -> dict[str, str]:
    """Hand a password to the job that waits for it; complaints by block, none if it was taken."""
    job_id = json.loads(view.get("private_metadata") or "{}").get("job", "")
    password = _value(((view.get("state") or {}).get("values") or {}).get("password") or {}) or ""
    job = posts.job(intake, job_id)
    if job is None or job.waiting_for != WaitingFor.PASSWORD:
        return {"password": "This PDF is no longer waiting for a password."}
    if job.owner != slack_api.owner_of(team, user):
        return {"password": "Only the person who asked for this translation can unlock it."}
    try:
        taken = intake.unlock(job_id, str(password))
    except DragomanError as error:
        return {"password": f"{error} {error.advice}"[:150]}
    return {} if taken else {"password": "This PDF is no longer waiting for a password."}


def terms(text: str | None) -> tuple[tuple[str, str], ...]:
    """The pairs of a glossary written as `term = translation`, one in a line; other lines say
    nothing.
    """
    pairs = (line.split("=", 1) for line in (text or "").splitlines() if "=" in line)
    return tuple(
        (source.strip(), target.strip())
        for source, target in pairs
        if source.strip() and target.strip()
    )


def _wrong(chosen: Mapping[str, Any]) -> dict[str, str]:
    wrong = {}
    if not chosen["languages"]:
        wrong["languages"] = "Please choose at least one language."
    try:
        parse_pages(chosen["pages"], MANY_PAGES)
    except DragomanError as error:
        wrong["pages"] = str(error)[:150]
    if chosen["glossary"] and not terms(chosen["glossary"]):
        wrong["glossary"] = (
            "Please write one term and its translation on each line, for example: house = Haus"
        )
    return wrong


def _wishes(kind: str | None, chosen: Mapping[str, Any]) -> dict[str, Any]:
    if kind == "person":
        own = (chosen["languages"] or [None])[0]
        return {"language": own, "tone": chosen["tone"], "layout": chosen["layout"]}
    wishes = ChannelWishes(
        auto=chosen["auto"] != "no",
        languages=tuple(chosen["languages"] or ()),
        anybody=chosen["editors"] != "managers",
        asked=True,
    )
    return {**wishes.as_json(), "tone": chosen["tone"]}


def _value(block: Mapping[str, Any]) -> Any:
    """What one input block holds: a text, the value of a choice, or a list of values."""
    for element in block.values():
        if element.get("type") == "multi_static_select":
            return [str(option["value"]) for option in element.get("selected_options") or ()]
        if element.get("selected_option"):
            return str(element["selected_option"]["value"])
        return element.get("value")
    return None


def _modal(
    callback_id: str,
    title: str,
    submit: str,
    blocks: list[dict[str, Any]],
    about: Mapping[str, Any],
) -> dict[str, Any]:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": _plain(title),
        "submit": _plain(submit),
        "close": _plain("Cancel"),
        "private_metadata": json.dumps(about),
        "blocks": blocks,
    }


def _nothing_to_choose(possible: frozenset[str] | None) -> dict[str, Any]:
    """A dialog that only says why there is nothing to choose from."""
    return {
        "type": "modal",
        "title": _plain("Not yet"),
        "close": _plain("Close"),
        "blocks": [_section(NO_ENGINE if possible is not None else NOTHING_KNOWN)],
    }


def choices(possible: frozenset[str]) -> list[str]:
    """The languages that a menu offers, by name: those of `CHOICES` that can be translated into,
    and what else can be.

    A menu has at most `MOST_OPTIONS`,
    docs.slack.dev/reference/block-kit/block-elements/multi-select-menu-element.
    """
    common = [tag for tag in CHOICES if language.is_among(tag, possible)]
    known = {*common, *map(language.base, common)}
    others = [tag for tag in possible if tag not in known]
    return sorted([*common, *others][:MOST_OPTIONS], key=language.name)


def _languages(
    possible: frozenset[str], chosen: tuple[str, ...] = (), most: int = MOST_LANGUAGES
) -> dict[str, Any]:
    options = [_option(tag, f"{language.name(tag)} ({tag})") for tag in choices(possible)]
    initial = [option for option in options if option["value"] in chosen]
    element = {
        "type": "multi_static_select",
        "action_id": "languages",
        "placeholder": _plain("Choose"),
        "options": options,
        "max_selected_items": most,
    }
    return {**element, "initial_options": initial} if initial else element


def _select(
    name: str, choices: list[tuple[str, str]], initial: str | None = None
) -> dict[str, Any]:
    options = [
        _option(value, text.capitalize() if value == text else text) for value, text in choices
    ]
    first = next((option for option in options if option["value"] == initial), options[0])
    return {"type": "static_select", "action_id": name, "options": options, "initial_option": first}


def _text(name: str, hint: str, longest: int, *, lines: bool = False) -> dict[str, Any]:
    element = {
        "type": "plain_text_input",
        "action_id": name,
        "max_length": longest,
        "placeholder": _plain(hint),
    }
    return {**element, "multiline": True} if lines else element


def _input(
    name: str,
    label: str,
    element: dict[str, Any],
    *,
    hint: str | None = None,
    optional: bool = False,
) -> dict[str, Any]:
    block = {
        "type": "input",
        "block_id": name,
        "label": _plain(label),
        "element": element,
        "optional": optional,
    }
    return {**block, "hint": _plain(hint)} if hint else block


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(text)}


def _option(value: str, text: str) -> dict[str, Any]:
    return {"text": _plain(text[:LONGEST_OPTION]), "value": value}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}
