"""Orders of one or two words that a mail without a PDF may hold: help, delete, cancel, yes, no
(pure).

An order is all that its line says, but for words of politeness; so "delete" is one, and "please
delete my number from your list" is none. They are understood in the languages that answers are
written in.
"""

from __future__ import annotations

import re
from enum import StrEnum

from ingress.email.wishes.body_lines import first_lines
from ingress.email.wishes.vocabulary import POLITE, words


class Command(StrEnum):
    """What is asked for.

    `DELETE_ALL`: everything that is here of the sender, not only what the thread is about.
    """

    HELP = "help"
    DELETE = "delete"
    DELETE_ALL = "delete_all"
    CANCEL = "cancel"
    YES = "yes"
    NO = "no"


_WORDS = {
    Command.HELP: """help info instructions usage commands hilfe anleitung aide aidez-moi ayuda ayúdame aiuto istruzioni ajuda
        hulp uitleg pomoc pomocy hjälp hjælp hjelp apua nápověda súgó yardım помощь допомога βοήθεια ヘルプ 使い方 帮助 幫助 說明 说明""",
    Command.DELETE: """delete remove erase forget löschen lösche loeschen supprimer supprime supprimez effacer effacez borrar
        borra elimina eliminar elimínalo cancellare apagar apague excluir exclua verwijder verwijderen wissen usuń usunąć
        usun skasuj radera slet slett poista smazat smaž törlés sil удалить удали видалити διαγραφή 削除 消去 删除 刪除""",
    Command.CANCEL: """cancel stop abort abbrechen stopp abbruch stornieren annuler annulez arrêter arrêtez cancelar cancela
        detener annulla annullare annuleer annuleren stoppen anuluj przerwij cancele avbryt annuller peruuta zrušit mégse
        iptal отмена стоп скасувати ακύρωση キャンセル 中止 取消""",
    Command.YES: """yes y ok okay yep yeah sure confirm confirmed approve approved proceed go ja jawohl gerne klar natürlich einverstanden oui ouais d'accord
        confirme sí si vale adelante confirmo sì va bene sim tak zgoda potwierdzam da kyllä igen ano evet да так ναι はい 了解
        同意 是 是的 好 好的 可以 确认""",
    Command.NO: """no n nope nein non nee não nao nie nej nei ei nem ne hayır нет ні όχι いいえ 不 不是 不要 否""",
}  # fmt: skip
_MEANING = {word: command for command, words in _WORDS.items() for word in words.split()}
_TWO_WORDS = {
    "va bene": Command.YES, "go ahead": Command.YES, "mach weiter": Command.YES, "help me": Command.HELP, "d'accord": Command.YES,
    "vas-y": Command.YES, "allez-y": Command.YES, "do it": Command.YES, "don't": Command.NO, "do not": Command.NO, "lieber nicht": Command.NO,
    "non merci": Command.NO, "no gracias": Command.NO, "no grazie": Command.NO, "let it be": Command.NO, "いいです": Command.NO,
}  # fmt: skip
# What people write who want nothing: thanks and praise.
_THANKS = words("""
    thanks thank thx ty cheers great perfect excellent awesome wonderful nice good lovely brilliant super top
    danke dankeschön vielen herzlichen dank klasse toll prima wunderbar spitze merci beaucoup parfait génial gracias muchas mil
    perfecto genial estupendo grazie mille perfetto ottimo obrigado obrigada muito perfeito ótimo valeu bedankt dank wel dankjewel
    dankuwel hartelijk geweldig mooi dziękuję dzięki bardzo super świetnie ありがとう ありがとうございます ありがとうございました どうも
    助かりました 谢谢 谢谢你 谢谢您 多谢 太好了 感谢 謝謝 非常感谢 tack tak takk kiitos köszönöm teşekkürler спасибо дякую děkuji ďakujem
    mulțumesc ευχαριστώ hvala aitäh paldies ačiū 👍 🙏 😊 🙂 ❤️ ❤ :) :-) 😀 👏
    """)
_AROUND_THANKS = words("""
    you so very much a lot many for the your quick fast help this that is it was really all again everyone und sehr für die
    schnelle hilfe ihnen dir euch pour votre aide rapide por la ayuda su tu per il aiuto tutto pela ajuda voor de hulp snelle je u
    za pomoc translation übersetzung traduction traducción traduzione tradução vertaling tłumaczenie super works received got job well done
    """)
_ALL = words("""
    all everything alles tout todo tutto tudo wszystko allt alt kaikki vše všechno すべて 全部 所有 всё все
    """)
_PUNCTUATION = "¡¿.,;:!?…。！？、，「」\"'*_()[]"


def command(words: str, subject: str = "") -> Command | None:
    """The order in the first lines of a body, else in the subject; None: there is none."""
    for line in (
        *first_lines(words),
        re.sub(r"(?i)^((re|aw|sv|antw|odp|rif)\s*:\s*)+", "", subject),
    ):
        found = _of_line(line)
        if found:
            return found
    return None


def is_thanks(words: str) -> bool:
    """Whether the body says thanks, or how good it is, and nothing that could be meant as a
    wish.
    """
    first = next(iter(first_lines(words)), "")
    said = [word.strip(_PUNCTUATION) or word for word in first.casefold().replace("’", "'").split()]
    said = [word for word in said if word.strip("-–")]
    return (
        any(word in _THANKS for word in said)
        and all(word in _THANKS | _AROUND_THANKS for word in said)
        and not first.rstrip().endswith("?")
    )


def _of_line(line: str) -> Command | None:
    bare = line.casefold().replace("’", "'").strip(_PUNCTUATION + " ")
    if bare in _TWO_WORDS:
        return _TWO_WORDS[bare]
    bare = re.sub(
        r"(?:して)?(?:ください|下さい)$|[、,]?\s*を?お願いします$|^[请請]|吧$|[，"
        r",]\s*[请請]?(?:翻[译譯]|[谢謝]{2}您?)$",
        "",
        bare,
    )
    words = [word.strip(_PUNCTUATION) for word in bare.split()]
    orders = [_MEANING[word] for word in words if word in _MEANING]
    rest = [
        word
        for word in words
        if word and word not in _MEANING and word not in POLITE and word not in _ALL
    ]
    if len(set(orders)) != 1 or rest:
        return None
    is_all = any(word in _ALL for word in words)
    if orders[0] is Command.DELETE and is_all:
        return Command.DELETE_ALL
    return None if is_all else orders[0]
