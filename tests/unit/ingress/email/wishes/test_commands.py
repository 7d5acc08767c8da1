"""Orders in a mail without a PDF."""

from __future__ import annotations

import pytest

from ingress.email.wishes.commands import Command, command, is_thanks

ORDERS = [
    ("help", Command.HELP),
    ("Hilfe!", Command.HELP),
    ("please delete", Command.DELETE),
    ("Delete everything, please", Command.DELETE_ALL),
    ("alles löschen", Command.DELETE_ALL),
    ("supprimez le document s'il vous plaît", Command.DELETE),
    ("supprimer tout", Command.DELETE_ALL),
    ("borrar todo", Command.DELETE_ALL),
    ("elimina tutto", Command.DELETE_ALL),
    ("apagar tudo", Command.DELETE_ALL),
    ("alles verwijderen", Command.DELETE_ALL),
    ("usuń wszystko", Command.DELETE_ALL),
    ("すべて 削除", Command.DELETE_ALL),
    ("删除 全部", Command.DELETE_ALL),
    ("削除してください", Command.DELETE),
    ("请删除", Command.DELETE),
    ("ja", Command.YES),
    ("Yes, please.", Command.YES),
    ("Sí", Command.YES),
    ("va bene", Command.YES),
    ("Hi,\nyes\n", Command.YES),
    ("Yes.\n\nOn Mon, x wrote:\n> delete", Command.YES),
    ("Yes, please go ahead", Command.YES),
    ("yes yes", Command.YES),
    ("Ja, gerne!", Command.YES),
    ("oui, merci", Command.YES),
    ("sí, por favor", Command.YES),
    ("sim, por favor", Command.YES),
    ("ja graag", Command.YES),
    ("tak, proszę", Command.YES),
    ("はい、お願いします", Command.YES),
    ("好的，谢谢", Command.YES),
    ("no", Command.NO),
    ("non merci", Command.NO),
    ("yes no", None),
    ("Nein, danke", Command.NO),
    ("cancel", Command.CANCEL),
    ("annuler", Command.CANCEL),
    ("thanks", None),
    ("Thank you!", None),
    ("please delete my number from your list", None),
    ("all", None),
    ("yes or no?", None),
    ("> delete", None),
    ("", None),
]


@pytest.mark.parametrize(("words", "expected"), ORDERS)
def test_order_is_all_that_a_line_says(words: str, expected: Command | None) -> None:
    assert command(words) is expected


def test_subject_counts_where_the_body_says_nothing() -> None:
    assert command("", "Help") is Command.HELP
    assert command("", "Re: help") is Command.HELP
    assert command("", "Help wanted in Paris") is None


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
    assert is_thanks(words)
    assert command(words) is None


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
    assert not is_thanks(words)
