"""Names of languages as people write them: inflected, with an article, with a region, without
accents (pure).

The names are those of Unicode's CLDR in each language of `NAMING_LOCALES`. How a name changes in a
sentence is said here by its ending, a table for each language that inflects: "do němčiny", "na
niemiecki", "saksaksi", "németre", "Almancaya". Such forms are made of all names alike; a form that
no grammar knows is a word that nobody writes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from typing import Any

from dragoman.domain import language
from dragoman.errors import UnknownLanguage
from ingress.email.wishes.vocabulary import words

MOST_WORDS = 5  # of a language's name, with its article and its region
# "italien" is a language in French, and a country in Swedish
_ANSWERED = words("en de fr es it pt nl pl ja zh")
_LETTERS = 2  # of the codes whose names count (ISO 639-1)
# other codes of three letters are words or names ("was", "mari")
_LONGER_CODES = frozenset({"fil", "yue", "ckb"})
_OFTEN = words(
    "ar bg cs da de el en es et fi fr hu id it ja ko lt lv nb nl pl pt ro ru sk sl sv tr uk zh"
)  # of engines

# Endings of names, and what stands there in other cases.
_CASES: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "bg": (("ски", ("ския", "ски език")), ("шки", ("шкия",))),
    "cs": (("ina", ("iny", "inu", "ině", "inou")),),
    "de": (("isch", ("ische", "ischen", "isches")), ("deutsch", ("deutsche", "deutschen", "deutsches"))),
    "fr": (("ais", ("aise",)), ("ien", ("ienne",)), ("ois", ("oise",)), ("and", ("ande",)), ("ol", ("ole",)), ("ec", ("ecque",))),
    "hr": (("i", ("om", "og")),),
    "nl": (("s", ("se",)),),
    "pl": (("ki", ("kiego", "kim", "ku", "ka", "ką", "kie")),),
    "ru": (("ий", ("ого", "ом", "ому", "ую", "ая")),),
    "sk": (("ina", ("iny", "inu", "ine", "inou")),),
    "sl": (("ina", ("ino", "ini", "ine")), ("ska", ("ski",))),
    "sr": (("и", ("ом", "ог")),),
    "sv": (("ska", ("skan", "sk")),),
    "tr": (("e", ("eye", "e'ye")), ("a", ("aya", "a'ya"))),
    "uk": (("ка", ("ку", "кою", "кій", "кої")),),
    "zh": (("语", ("文", "語")),),
}  # fmt: skip
# The same, for forms that say by themselves that it is the language to come: "into German" in one
# word.
_INTO: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "cs": (("ština", ("sky",)), ("čtina", ("cky",)), ("čina", ("cky", "ecky"))),
    "fi": (("nti", ("nniksi", "nnin")), ("kki", ("kiksi", "kin")), ("kka", ("kaksi", "kan")), ("suomi", ("suomeksi", "suomen")), ("", ("ksi",))),
    "hu": (("a", ("ára", "ául")), ("", ("ra", "re", "ul", "ül"))),
    "ko": (("어", ("어로",)),),
    "lt": (("iečių", ("iškai",)), ("ių", ("iškai",)), ("ų", ("iškai",))),
    "sk": (("ština", ("sky",)), ("čtina", ("cky",)), ("čina", ("cky", "ecky", "sky"))),
    "sl": (("ščina", ("sko", "ško")),),
    "tr": (("e", ("eye", "e'ye")), ("a", ("aya", "a'ya"))),
    "ar": (("ال", ("بال", "لل")),),
}  # fmt: skip
# Names that are said, and that are not those of CLDR or not made by a rule.
_MORE = {
    "bokmål": "nb", "norsk": "nb", "norwegisch": "nb", "norvégien": "nb", "norvégienne": "nb", "noruego": "nb", "norvegese": "nb",
    "norueguês": "nb", "noors": "nb", "norweski": "nb", "ノルウェー語": "nb", "挪威语": "nb", "挪威文": "nb", "norština": "nb",
    "norja": "nb", "norjan": "nb", "norska": "nb", "норвежский": "nb", "норвезька": "nb", "norvég": "nb", "norveççe": "nb",
    "norwegian": "nb", "flamand": "nl", "vlaams": "nl", "flämisch": "nl", "flemish": "nl", "hollandais": "nl", "holländisch": "nl",
    "holandés": "nl", "hollands": "nl", "nederlandese": "nl", "neerlandês": "nl", "holenderski": "nl", "finlandais": "fi",
    "finlandés": "fi", "tchèque": "cs", "castellano": "es", "castillan": "es", "kastilisch": "es", "castilian": "es", "mandarin": "zh",
    "mandarín": "zh", "mandarijn": "zh", "中文": "zh", "汉语": "zh", "漢語": "zh", "普通话": "zh", "简体": "zh-Hans", "繁体": "zh-Hant",
    "簡體": "zh-Hans", "繁體": "zh-Hant", "國語": "zh-Hant", "checo": "cs", "polonês": "pl", "polaco": "pl", "estónio": "et", "estoniano": "et",
    "romeno": "ro", "tcheco": "cs", "esloveno": "sl", "letton": "lv", "deutsch": "de", "hochdeutsch": "de", "nemško": "de",
    "limba germană": "de", "nemțește": "de", "englezește": "en", "românește": "ro", "franțuzește": "fr", "ruotsiksi": "sv",
    "viroksi": "et", "홍콩어": "yue", "우리말": "ko", "한국말": "ko", "日文": "ja", "英文": "en", "汉文": "zh", "國文": "zh-Hant", "独語": "de", "英訳": "en", "和訳": "ja", "独訳": "de", "仏訳": "fr", "露訳": "ru", "伊訳": "it",
    "仏語": "fr", "露語": "ru", "西語": "es", "伊語": "it", "和文": "ja", "русский": "ru", "українською": "uk", "нидерландский": "nl",
    "голландский": "nl", "mandarim": "zh", "anglais": "en", "türkisch": "tr", "ucraino": "uk", "farsi": "fa",
}  # fmt: skip
# What a region or a script is called. Its words stand before or after the language's, bare or in
# brackets.
_REGIONS = {
    "pt-BR": "brazil brazilian brasilien brasilianisch brasilianisches brasilianische brésil brésilien brésilienne brasil brasileño"
    " brasileiro brasile brasiliano brazilië braziliaans braziliaanse brazylia brazylijski brazylijskiego bra ブラジル 巴西",
    "pt-PT": "portugal european europäisch europäisches européen européenne europeo europeu portogallo europees europese portugalia"
    " europejski ポルトガル イベリア半島 欧洲 葡萄牙 lusitano",
    "en-GB": "british uk gb britain britisch britisches britische britannique británico britannico britânico brits britse"
    " brytyjski kingdom united großbritannien royaume-uni royaume uni reino unido regno unito verenigd koninkrijk wielka brytania"
    " vereinigtes königreich england イギリス 英国 英國",
    "en-US": "american us usa u.s amerikanisch amerikanisches amerikanische américain américaine americano estadounidense amerikaans"
    " amerikaanse amerykański states united états-unis états unis estados unidos stati uniti verenigde staten stany zjednoczone vereinigte"
    " staaten アメリカ アメリカ合衆国 米国 美国 美國",
    "es-419": "latin american latinoamericano latinoamérica lateinamerikanisch latino 拉丁美洲",
    "es-MX": "mexican mexico méxico mexicano mexikanisch mexikanisches メキシコ 墨西哥",
    "es-ES": "european españa spain castilian",
    "fr-CA": "canadian canada canadien québécois kanadisch kanadisches カナダ 加拿大",
    "fr-FR": "france frankreich",
    "de-AT": "austrian austria österreichisch österreichisches autrichien austriaco",
    "de-CH": "swiss schweizer suisse svizzero suizo",
    "zh-Hans": "simplified vereinfacht vereinfachtes vereinfachte simplifié simplificado semplificato vereenvoudigd vereenvoudigde"
    " uproszczony uproszczone uproszczonego simp 簡体字 簡体 简体 简体字 简 簡體",
    "zh-Hant": "traditional traditionell traditionelles traditionelle traditionnel tradicional tradizionale traditioneel traditionele"
    " tradycyjny tradycyjne tradycyjnego trad 繁体字 繁體字 繁体 繁體 繁 台湾 台灣",
    "nb": "bokmål bokmal ブークモール",
    "nn": "nynorsk ニーノシュク",
}  # fmt: skip
# Words that say no more than "language", and articles and joints.
_MUTE = words("""
    language lang sprache langue idioma lengua lingua língua taal język języka języku jazyk jazyka jazyku jezik jezika
    jeziku език езика язык языка языке мова мову мови språk språket sprog sproget kieli kielelle kieleksi kielellä nyelv
    nyelvre nyelven keel keelde keeles valoda valodu valodā kalba kalbą kalbos kalbon limba bahasa dili diline dilinde γλώσσα
    اللغة of the de du del della do da das dem den la le el il lo o het l en in
    """)
_NAMES_OF_PEOPLE = words("roman dan")  # without the accent that makes them languages
_FROM = words("of du de del della dal da dem des vom")  # the source: "du français"
_ARTICLES = re.compile(r"(?<!\w)(?:l|all|nell|dell|d|sull)['’](?=\w{3})")
_MARKS = re.compile(r"[\s()\[\]（）,、:：;·/–—-]+")
_PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "æ": "ae", "ß": "ss", "ı": "i", "œ": "oe", "đ": "d", "’": "'"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_CODE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,4}){0,2}")


def tag_of(text: str) -> str | None:
    """The tag for a code or a name in any form, with a region or without; None: it is no
    language, or says more.
    """
    bare = text.strip()
    if is_code(bare):
        return _code(bare)
    if bare.partition(" ")[0].casefold() in _FROM:
        return None
    return _looked_up(_folded(bare), _forms()) or _looked_up(_plain(bare), _plain_forms())


def into(text: str) -> str | None:
    """The tag, if the words say "into the language" by themselves: `saksaksi`, `németre`,
    `Almancaya`, `německy`.
    """
    words = _folded(text).split()
    bare = " ".join(word for word in words if word not in _MUTE)
    has_helper = len(bare.split()) < len(words)
    tag = _directed().get(bare) or (_directed().get(words[0]) if has_helper and words else None)
    return tag or _plain_directed().get(_plain(bare))


def is_code(text: str) -> bool:
    """Whether it has the shape of a code: `de`, `pt-BR`, `zh_Hans`; names of three letters have
    it too.
    """
    return _CODE.fullmatch(text) is not None


def is_country(text: str) -> bool:
    """Whether it is the name of a country as well: "Italia" is a language in Helsinki, and the
    end of an address elsewhere.
    """
    return _folded(text) in _countries()


def _code(text: str) -> str | None:
    known = _forms().get(_folded(text))  # "US English", and "fins"
    try:
        tag = language.parse(text)
    except UnknownLanguage:
        return known
    return (
        tag if len(language.base(tag)) == _LETTERS or language.base(tag) in _LONGER_CODES else known
    )


def _looked_up(folded: str, forms: dict[str, str]) -> str | None:
    words = folded.split()
    for candidate in (folded, " ".join(word for word in words if word not in _MUTE)):
        if candidate in forms:
            return forms[candidate]
    return _with_region(words, forms) or _with_script(folded, forms)


def _with_region(words: list[str], forms: dict[str, str]) -> str | None:
    said = [word for word in words if word not in _MUTE]
    for tag, names in _regions().items():
        rest = [word for word in said if word not in names]
        if len(rest) < len(said) and rest and _joins(forms.get(" ".join(rest)), tag):
            return tag
    return None


def _with_script(folded: str, forms: dict[str, str]) -> str | None:
    """Where words are written together: ブラジルポルトガル語, 简体中文."""
    if not _HAN.search(folded):
        return None
    together = folded.replace(" ", "")
    for tag, names in _regions().items():
        for name in sorted(names, key=len, reverse=True):
            if (
                _HAN.search(name)
                and name in together
                and _joins(forms.get(together.replace(name, "", 1)), tag)
            ):
                return tag
    return None


def _joins(found: str | None, tag: str) -> bool:
    return found is not None and language.base(found) == language.base(tag)


def _folded(text: str) -> str:
    lower = unicodedata.normalize("NFC", text).casefold().replace("i\u0307", "i").replace("’", "'")
    return " ".join(_MARKS.sub(" ", _ARTICLES.sub("", lower)).split())


def _plain(text: str) -> str:
    """Without accents, as on a keyboard that has none; other scripts than Latin keep theirs but
    the Greek.
    """
    parts = unicodedata.normalize("NFD", _folded(text).translate(_PLAIN))
    return "".join(part for part in parts if not "\u0300" <= part <= "\u036f")


@cache
def _regions() -> dict[str, frozenset[str]]:
    return {tag: frozenset(names.split()) for tag, names in _REGIONS.items()}


@cache
def _forms() -> dict[str, str]:
    """Every form of a name -> tag.

    Exact names win over inflected ones, those of languages that engines write over others.
    """
    names = list(_named())
    forms = {**{_folded(name): tag for name, tag in _MORE.items()}}
    for _, name, tag in sorted(names, key=lambda one: one[2] not in _OFTEN):
        forms.setdefault(_folded(name), tag)
    for table in (_CASES, _INTO):
        for form, tag in _inflected(names, table):
            forms.setdefault(form, tag)
    return forms


@cache
def _directed() -> dict[str, str]:
    forms = {
        "ruotsiksi": "sv",
        "nemțește": "de",
        "englezește": "en",
        "românește": "ro",
        "franțuzește": "fr",
    }
    for form, tag in _inflected(list(_named()), _INTO):
        forms.setdefault(form, tag)
    return forms


@cache
def _plain_forms() -> dict[str, str]:
    plain: dict[str, str] = {}
    for form, tag in _forms().items():
        plain.setdefault(_plain(form), tag)
        plain.setdefault(_plain(form.translate(_UMLAUTS)), tag)
    return {form: tag for form, tag in plain.items() if form not in _NAMES_OF_PEOPLE}


@cache
def _plain_directed() -> dict[str, str]:
    plain: dict[str, str] = {}
    for form, tag in _directed().items():
        plain.setdefault(_plain(form), tag)
    return plain


def _inflected(names: list[tuple[str, str, str]], table: Any) -> Iterator[tuple[str, str]]:
    for locale, name, tag in names:
        folded = _folded(name)
        for ending, others in table.get(locale, ()):
            if folded.endswith(ending) or (ending == "ال" and folded.startswith(ending)):
                yield from ((_changed(folded, ending, other), tag) for other in others)
                break


def _changed(name: str, ending: str, other: str) -> str:
    return (
        other + name[len(ending) :] if ending == "ال" else name[: len(name) - len(ending)] + other
    )


@cache
def _countries() -> frozenset[str]:
    from babel import Locale

    names = {
        _folded(str(name))
        for code in language.NAMING_LOCALES
        for name in Locale.parse(code).territories.values()
    }
    return frozenset(names - {_folded(name) for locale, name, _ in _named() if locale in _ANSWERED})


def _named() -> Iterator[tuple[str, str, str]]:
    """Locale, name and tag of the languages with a code of two letters; English first."""
    from babel import Locale

    for locale in language.NAMING_LOCALES:
        for code, name in Locale.parse(locale).languages.items():
            base = str(code).partition("_")[0]
            tag = language.ALIASES.get(base, str(code)).replace("_", "-")
            if len(base) == _LETTERS or base in _LONGER_CODES:
                yield locale, str(name), tag
