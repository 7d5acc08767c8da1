"""Dialogs: what they ask, and what was filled in."""

from __future__ import annotations

import json

import pytest

from ingress.slack.surfaces import dialogs

POSSIBLE = frozenset({"fr", "de", "pt", "an"})


def filled(view, **values):
    """The state of a view in which `values` were filled in, as Slack sends it."""
    state = {}
    for name, value in values.items():
        if isinstance(value, list):
            element = {
                "type": "multi_static_select",
                "selected_options": [{"value": one} for one in value],
            }
        elif name in ("tone", "layout", "auto", "editors"):
            element = {"type": "static_select", "selected_option": {"value": value}}
        else:
            element = {"type": "plain_text_input", "value": value}
        state[name] = {name: element}
    return {**view, "state": {"values": state}}


def test_a_filled_in_post_dialog():
    view = filled(
        dialogs.for_post("C1", "7", POSSIBLE),
        languages=["fr", "de"],
        tone="formal",
        layout="side-by-side",
        pages="1-3",
        glossary="house = Haus",
    )
    kind, facts, wrong = dialogs.filled_in(view)
    assert (kind, wrong) == ("wanted", {})
    assert facts == {
        "languages": ["fr", "de"],
        "tone": "formal",
        "layout": "side-by-side",
        "pages": "1-3",
        "glossary": "house = Haus",
        "channel": "C1",
        "ts": "7",
    }


@pytest.mark.parametrize(
    ("values", "block"),
    [
        ({"languages": []}, "languages"),
        ({"languages": ["fr"], "pages": "first"}, "pages"),
        ({"languages": ["fr"], "glossary": "no terms"}, "glossary"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(values, block):
    assert list(dialogs.filled_in(filled(dialogs.for_post("C1", "7", POSSIBLE), **values))[2]) == [
        block
    ]


def test_terms():
    assert dialogs.terms("house = Haus\n\nno term\n red tape=Amtsschimmel ") == (
        ("house", "Haus"),
        ("red tape", "Amtsschimmel"),
    )
    assert dialogs.terms(None) == ()


def test_a_password_is_in_no_dialogs_metadata():
    view = dialogs.for_password("j1")
    assert json.loads(view["private_metadata"]) == {"job": "j1"}


def test_a_menu_offers_what_can_be_translated_into_and_nothing_else():
    (asked,) = [
        one
        for one in dialogs.for_post("C1", "7", POSSIBLE)["blocks"]
        if one["block_id"] == "languages"
    ]
    offered = [option["value"] for option in asked["element"]["options"]]
    assert sorted(offered) == ["an", "de", "fr", "pt-BR", "pt-PT"]


@pytest.mark.parametrize(
    ("possible", "words"),
    [(None, "I do not know yet which languages"), (frozenset(), "No translation engine is set up")],
)
def test_where_nothing_can_be_chosen_the_dialog_says_why(possible, words):
    view = dialogs.for_post("C1", "7", possible)
    assert "submit" not in view
    (only,) = view["blocks"]
    assert words in only["text"]["text"]


def test_a_menu_has_no_more_options_than_slack_takes():
    many = frozenset(f"{one}{two}" for one in "abcdefghij" for two in "abcdefghijklmno")
    assert len(dialogs.choices(many)) == dialogs.MOST_OPTIONS
