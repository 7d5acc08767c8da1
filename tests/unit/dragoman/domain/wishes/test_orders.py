"""Orders, and thanks, in a message without a PDF."""

from __future__ import annotations

import pytest

from dragoman.domain.wishes import Intent, Reading, Stop, Written
from dragoman.domain.wishes.understanding import understand

EVERYTHING = "everything"


def replied(text: str) -> Reading:
    return understand(Written(text, is_reply=True, previous="fr"))


def order(found: Reading) -> object:
    """The order that a message is taken for, None for none."""
    if found.everything:
        return EVERYTHING
    if found.stop:
        return found.stop
    return found.intent if found.intent in (Intent.HELP, Intent.DELETE, Intent.APPROVE) else None


ORDERS = [
    ("help", Intent.HELP),
    ("Hilfe!", Intent.HELP),
    ("please delete", Intent.DELETE),
    ("Delete everything, please", EVERYTHING),
    ("alles löschen", EVERYTHING),
    ("supprimez le document s'il vous plaît", Intent.DELETE),
    ("supprimer tout", EVERYTHING),
    ("borrar todo", EVERYTHING),
    ("elimina tutto", EVERYTHING),
    ("apagar tudo", EVERYTHING),
    ("alles verwijderen", EVERYTHING),
    ("usuń wszystko", EVERYTHING),
    ("すべて 削除", EVERYTHING),
    ("删除 全部", EVERYTHING),
    ("削除してください", Intent.DELETE),
    ("请删除", Intent.DELETE),
    ("ja", Intent.APPROVE),
    ("Yes, please.", Intent.APPROVE),
    ("Sí", Intent.APPROVE),
    ("va bene", Intent.APPROVE),
    ("Hi,\nyes\n", Intent.APPROVE),
    ("Yes.\n\nOn Mon, x wrote:\n> delete", Intent.APPROVE),
    ("Yes, please go ahead", Intent.APPROVE),
    ("yes yes", Intent.APPROVE),
    ("Ja, gerne!", Intent.APPROVE),
    ("oui, merci", Intent.APPROVE),
    ("sí, por favor", Intent.APPROVE),
    ("sim, por favor", Intent.APPROVE),
    ("ja graag", Intent.APPROVE),
    ("tak, proszę", Intent.APPROVE),
    ("はい、お願いします", Intent.APPROVE),
    ("好的，谢谢", Intent.APPROVE),
    ("no", Stop.NO),
    ("non merci", Stop.NO),
    ("yes no", None),
    ("Nein, danke", Stop.NO),
    ("cancel", Stop.CANCEL),
    ("annuler", Stop.CANCEL),
    ("thanks", None),
    ("Thank you!", None),
    ("please delete my number from your list", None),
    ("all", None),
    ("yes or no?", None),
    ("> delete", None),
    ("", None),
]


@pytest.mark.parametrize(("words", "expected"), ORDERS)
def test_order_is_all_that_a_line_says(words: str, expected: object) -> None:
    assert order(replied(words)) == expected


def test_subject_counts_where_the_body_says_nothing() -> None:
    def of_subject(subject: str) -> object:
        return order(understand(Written("", subject)))

    assert of_subject("Help") == Intent.HELP
    assert of_subject("Re: help") == Intent.HELP
    assert of_subject("Help wanted in Paris") is None


@pytest.mark.parametrize(
    "words",
    [
        "Thanks!",
        "Thank you so much!\n\nAnn",
        "Great, thanks a lot\n--\nAnn",
        "Hi,\nthat was quick, thank you",
        "Vielen Dank!\n\nViele Grüße\nAnn",
        "Super, danke",
        "Merci beaucoup pour votre aide",
        "¡Muchas gracias!",
        "Grazie mille",
        "Muito obrigada",
        "Hartelijk dank",
        "Bardzo dziękuję",
        "ありがとうございます。",
        "谢谢！",
        "👍",
        "perfect",
        "Thanks!\n\nOn Monday, we wrote:\n> Reply “delete”",
    ],
)
def test_thanks_want_no_answer(words: str) -> None:
    assert replied(words).intent is Intent.THANKS


@pytest.mark.parametrize(
    "words",
    [
        "",
        "?",
        "Thanks, but page 3 is wrong",
        "Is it done?",
        "Danke, aber es fehlt eine Seite",
        "this is it",
        "no",
    ],
)
def test_what_may_want_an_answer_is_not_only_thanks(words: str) -> None:
    assert replied(words).intent is not Intent.THANKS
