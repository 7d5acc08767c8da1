"""A language in plain words: each target language, named in each language of the answers and in
its own tongue.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
from babel import Locale

from dragoman.domain.wishes import Written
from dragoman.domain.wishes.understanding import understand
from tests.patience import patience


def wanted(text: str, **known: Any) -> str | None:
    """What a message asks for, None for nothing; several languages are a list that none equals."""
    return ", ".join(understand(Written(text, **known)).targets) or None


TARGETS = [
    "ar",
    "bg",
    "cs",
    "da",
    "de",
    "el",
    "en",
    "en-GB",
    "en-US",
    "es",
    "et",
    "fi",
    "fr",
    "hu",
    "id",
    "it",
    "ja",
    "ko",
    "lt",
    "lv",
    "nb",
    "nl",
    "pl",
    "pt",
    "pt-BR",
    "pt-PT",
    "ro",
    "ru",
    "sk",
    "sl",
    "sv",
    "tr",
    "uk",
    "zh",
    "zh-Hans",
    "zh-Hant",
]
# How a colleague asks in each language of the answers; {} is the name as CLDR writes it.
WAYS = {
    "en": ["{}", "to {}", "into {}, please", "Hi,\n\nPlease translate the attached into {}. Thanks!", "I need this in {} by Friday"],
    "de": ["{}", "auf {}", "auf {} bitte", "Hallo,\nbitte auf {} übersetzen.\n\nMit freundlichen Grüßen\nGerman Garcia"],
    "fr": ["{}", "en {}", "en {} s’il vous plaît", "Bonjour,\n\nMerci de traduire ce document en {}.\n\nCordialement\nRomain"],
    "es": ["{}", "en {}", "al {}, por favor", "Hola:\n\n¿Podrían traducir esto al {}?\n\nSaludos,\nGermán"],
    "it": ["{}", "in {}", "in {} per favore", "Buongiorno,\n\nvorrei il documento tradotto in {}.\n\nCordiali saluti\nRoman"],
    "pt": ["{}", "em {}", "para {}, por favor", "Bom dia,\n\nPodem traduzir para {}?\n\nObrigado,\nRomano"],
    "nl": ["{}", "in het {}", "naar het {} graag", "Hallo,\n\nKunt u dit naar het {} vertalen?\n\nMet vriendelijke groet,\nJan"],
    "pl": ["{}", "na {}", "na {} proszę", "Dzień dobry,\n\nproszę o tłumaczenie na język {}.\n\nPozdrawiam\nRoman"],
    "ja": ["{}", "{}に", "{}でお願いします", "お世話になっております。\n添付の書類を{}に翻訳してください。"],
    "zh": ["{}", "译成{}", "请翻译成{}", "您好，\n请把附件翻译成{}，谢谢！"],
}  # fmt: skip
IN_ITS_OWN_WAY = [
    ("auf Deutsch", "de"),
    ("in het Nederlands", "nl"),
    ("to: fr formal", "fr"),
    ("po polsku", "pl"),
    ("suomeksi", "fi"),
    ("do němčiny", "de"),
    ("на русский", "ru"),
    ("in italiano please", "it"),
    ("日本語に", "ja"),
    ("译成中文", "zh"),
    ("Português do Brasil", "pt-BR"),
    ("em português do Brasil", "pt-BR"),
    ("en portugués de Brasil", "pt-BR"),
    ("auf brasilianisches Portugiesisch", "pt-BR"),
    ("ins brasilianische Portugiesisch bitte", "pt-BR"),
    ("Portugiesisch (Brasilien)", "pt-BR"),
    ("en portugais du Brésil", "pt-BR"),
    ("portugais brésilien svp", "pt-BR"),
    ("in portoghese brasiliano", "pt-BR"),
    ("in het Braziliaans Portugees", "pt-BR"),
    ("na brazylijski portugalski", "pt-BR"),
    ("European Portuguese please", "pt-PT"),
    ("português de Portugal", "pt-PT"),
    ("português europeu", "pt-PT"),
    ("ブラジルポルトガル語に翻訳してください", "pt-BR"),
    ("翻译成巴西葡萄牙语", "pt-BR"),
    ("British English", "en-GB"),
    ("into UK English", "en-GB"),
    ("to American English, please", "en-US"),
    ("auf britisches Englisch", "en-GB"),
    ("en anglais américain", "en-US"),
    ("inglés británico", "en-GB"),
    ("アメリカ英語でお願いします", "en-US"),
    ("翻译成简体中文", "zh-Hans"),
    ("翻譯成繁體中文", "zh-Hant"),
    ("简体中文", "zh-Hans"),
    ("繁體中文", "zh-Hant"),
    ("Traditional Chinese please", "zh-Hant"),
    ("vereinfachtes Chinesisch", "zh-Hans"),
    ("en chinois simplifié", "zh-Hans"),
    ("chino tradicional", "zh-Hant"),
    ("中国語（簡体字）に翻訳してください", "zh-Hans"),
    ("中国語(繁体字)に", "zh-Hant"),
    ("auf Chinesisch (vereinfacht)", "zh-Hans"),
    ("na chiński uproszczony", "zh-Hans"),
    ("إلى العربية", "ar"),
    ("باللغة العربية", "ar"),
    ("ترجم إلى الألمانية من فضلك", "de"),
    ("на български", "bg"),
    ("преведете на немски, моля", "de"),
    ("do češtiny", "cs"),
    ("česky", "cs"),
    ("v češtině prosím", "cs"),
    ("přeložte prosím do angličtiny", "en"),
    ("Prosím o překlad do němčiny. Děkuji", "de"),
    ("på dansk", "da"),
    ("Oversæt venligst til dansk", "da"),
    ("til tysk, tak", "de"),
    ("στα ελληνικά", "el"),
    ("μεταφράστε στα γερμανικά παρακαλώ", "de"),
    ("al español", "es"),
    ("tradúzcalo al inglés, por favor", "en"),
    ("al inglés", "en"),
    ("eesti keelde", "et"),
    ("tõlkige palun saksa keelde", "de"),
    ("saksa keelde palun", "de"),
    ("suomen kielelle", "fi"),
    ("Voisitteko kääntää tämän saksaksi?", "de"),
    ("englanniksi kiitos", "en"),
    ("käännä ruotsiksi", "sv"),
    ("en français", "fr"),
    ("traduire en allemand s'il vous plaît", "de"),
    ("vers l'anglais", "en"),
    ("version française svp", "fr"),
    ("magyarra", "hu"),
    ("magyarul", "hu"),
    ("Kérem, fordítsa németre!", "de"),
    ("németre kérem", "de"),
    ("angolra", "en"),
    ("ke bahasa Indonesia", "id"),
    ("dalam bahasa Jerman", "de"),
    ("tolong terjemahkan ke bahasa Inggris", "en"),
    ("in tedesco per favore", "de"),
    ("all'italiano", "it"),
    ("vorrei il documento tradotto in francese", "fr"),
    ("한국어로", "ko"),
    ("독일어로 번역해 주세요", "de"),
    ("영어로 부탁드립니다", "en"),
    ("į lietuvių kalbą", "lt"),
    ("lietuviškai", "lt"),
    ("prašau išversti į vokiečių kalbą", "de"),
    ("latviešu valodā", "lv"),
    ("uz vācu valodu, lūdzu", "de"),
    ("lūdzu tulkot latviešu valodā", "lv"),
    ("på norsk", "nb"),
    ("til norsk bokmål", "nb"),
    ("norsk", "nb"),
    ("Noors", "nb"),
    ("norwegisch", "nb"),
    ("graag naar het Duits vertalen", "de"),
    ("in het Engels aub", "en"),
    ("Kunt u dit naar het Frans vertalen?", "fr"),
    ("na niemiecki proszę", "de"),
    ("proszę o tłumaczenie na język angielski", "en"),
    ("po angielsku", "en"),
    ("przetłumacz na francuski", "fr"),
    ("para inglês, por favor", "en"),
    ("traduzir para alemão", "de"),
    ("em alemão", "de"),
    ("în română", "ro"),
    ("în limba germană, vă rog", "de"),
    ("traduceți în engleză", "en"),
    ("на немецкий, пожалуйста", "de"),
    ("переведите на английский язык", "en"),
    ("по-русски", "ru"),
    ("по-английски", "en"),
    ("do slovenčiny", "sk"),
    ("po slovensky", "sk"),
    ("preložte prosím do nemčiny", "de"),
    ("v slovenščino", "sl"),
    ("v nemščino, prosim", "de"),
    ("prevedite v angleščino", "en"),
    ("till svenska", "sv"),
    ("på svenska tack", "sv"),
    ("översätt till tyska", "de"),
    ("Türkçeye", "tr"),
    ("Almancaya çevirin lütfen", "de"),
    ("İngilizceye", "en"),
    ("Türkçe'ye çevir", "tr"),
    ("українською", "uk"),
    ("на українську", "uk"),
    ("перекладіть німецькою", "de"),
    ("на німецьку мову", "de"),
    ("英訳してください", "en"),
    ("ドイツ語でお願いします", "de"),
    ("フランス語へ", "fr"),
    ("この契約書を英語に翻訳してください", "en"),
    ("请翻译成德文", "de"),
    ("請翻譯成英文", "en"),
    ("翻译为法语", "fr"),
    ("德语，谢谢", "de"),
    ("德语", "de"),
    ("用英文", "en"),
    ("deutsch bitte", "de"),
    ("Bitte Deutsch", "de"),
    ("German, please", "de"),
    ("Espanol", "es"),
    ("francais", "fr"),
    ("auf franzoesisch", "fr"),
    ("Spanish version please", "es"),
    ("Can you translate this into Greek for me?", "el"),
    ("I need this in Korean by Friday", "ko"),
    ("I'd like it in Ukrainian, thanks", "uk"),
    ("ich brauche das auf Türkisch", "tr"),
    ("formal German", "de"),
    ("auf Deutsch, förmlich", "de"),
    ("en français formel", "fr"),
    ("Sprache: Deutsch", "de"),
    ("Zielsprache: Französisch", "fr"),
    ("Idioma: inglés", "en"),
    ("język: angielski", "en"),
    ("to Deutsch", "de"),
    ("PT-BR", "pt-BR"),
    ("zh-TW", "zh-Hant"),
]
NO_WISH = [
    "I speak Polish food",
    "Thanks!",
    "Kind regards, German Garcia",
    "German Garcia",
    "Please find attached the German contract",
    "Attached is the English version of the contract, please check",
    "This was written by our Spanish team",
    "The attached document is in English.",
    "Le document ci-joint est en anglais",
    "Das Dokument ist auf Englisch",
    "Ich spreche Deutsch",
    "We need the German partner to sign",
    "Can you come to Spain?",
    "We want to talk to Roman",
    "Let's go",
    "Indonesia",
    "Italia",
    "Latvia",
    "10115 Berlin, Deutschland",
    "Polish the text please",
    "He is Dutch",
    "Our office in Italy needs it",
    "Send to Paris",
    "please polish",
    "John French",
    "Best, Roman",
    "Kommst du in die Schweiz",
    "Wir brauchen den deutschen Vertrag",
    "J'ai besoin du contrat allemand",
    "Necesito el contrato alemán",
    "per favore vedi allegato",
    "voir pièce jointe",
    "I want to go to Turkey",
    "I need it to finish",
    "Translate the German text",
    "from German",
    "du français",
    "aus dem Englischen",
    "z niemieckiego",
    "с английского",
    "dall'inglese",
    "Hope all is well",
    "see below",
    "Need help",
    "on it",
    "Is it in there?",
    "me too",
    "so",
    "na",
    "No problem",
    "Danke",
    "danke schön",
    "merci beaucoup",
    "gracias",
    "ok",
    "Sure",
    "Voilà",
    "ciao",
    "Grazie mille",
    "El contrato",
    "La factura",
    "english is not my first language",
    "Sorry for my English",
    "Excuse my French",
    "日本語の契約書です",
    "日本語で書かれた書類です",
    "英語が苦手です",
    "这是中文合同",
    "我会说中文",
    "附件是英文合同",
    "Deutsch-Englisch Wörterbuch",
    "Invoice 2024 DE",
    "Vertrag DE",
    "PDF",
    "scan",
    "Scan from a Xerox",
    "Seite 1",
    "+49 30 1234",
    "tel",
    "Anna",
    "Maria",
    "Jan",
    "Ana",
    "Mona",
    "Sara",
    "Tara",
    "Roman",
    "Norman",
    "Romano",
    "Frank",
    "Dan",
    "Hans",
    "Uli",
    "Ali",
    "Ben",
    "Tim",
    "Max",
    "Eva",
    "Nia",
    "Ira",
    "Kai",
    "Ina",
    "Karin",
    "Lu",
    "Ido",
    "Ian",
    "Ewe",
    "Sam",
    "Luca",
    "Kim",
    "Teresa",
]


@pytest.mark.parametrize("answered", sorted(WAYS))
def test_each_target_language_is_known_by_its_name_in_each_language_of_the_answers(
    answered: str,
) -> None:
    missed = []
    for tag in TARGETS:
        name = Locale.parse(tag.replace("-", "_")).get_display_name(answered)
        for way in WAYS[answered]:
            found = wanted(way.format(name))
            if found != tag:
                missed.append((tag, way.format(name), found))
    assert missed == []


@pytest.mark.parametrize("answered", sorted(WAYS))
def test_a_subject_may_name_it_too(answered: str) -> None:
    short = WAYS[answered][1]
    missed = [
        (tag, subject)
        for tag in TARGETS
        for name in [Locale.parse(tag.replace("-", "_")).get_display_name(answered)]
        for subject in (short.format(name), f"Fwd: {short.format(name)}", f"[{name}] Contract")
        if wanted("", subject=subject) != tag
    ]
    assert missed == []


@pytest.mark.parametrize("tag", TARGETS)
def test_each_code_counts_in_address_line_and_brackets(tag: str) -> None:
    assert wanted("", address=f"translate+{tag.lower()}@example.org") == tag
    assert wanted(f"to: {tag} formal") == tag
    assert wanted("", subject=f"[{tag}] Contract") == tag


@pytest.mark.parametrize(("line", "tag"), IN_ITS_OWN_WAY)
def test_people_ask_as_they_speak(line: str, tag: str) -> None:
    assert wanted(line) == tag


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("EN -> DE", "de"),
        ("English > German", "de"),
        ("de→fr", "fr"),
        ("Englisch nach Deutsch", "de"),
        ("von Englisch nach Deutsch, bitte", "de"),
        ("de l’anglais vers le français", "fr"),
        ("del inglés al español", "es"),
        ("dall’inglese all’italiano", "it"),
        ("z angielskiego na polski", "pl"),
        ("с английского на русский", "ru"),
        ("from English to German", "de"),
    ],
)
def test_from_one_language_to_another(line: str, tag: str) -> None:
    assert wanted(line) == tag


@pytest.mark.parametrize(
    "line",
    [
        "Ann -> Bob",
        "he to is",
        "page 3 > page 4",
        "price > 5",
        "German to partner",
        "English in Italy",
    ],
)
def test_other_pairs_are_no_wish(line: str) -> None:
    assert wanted(line) is None


@pytest.mark.parametrize("line", NO_WISH)
def test_an_ordinary_line_is_no_wish(line: str) -> None:
    assert wanted(line) is None


@pytest.mark.parametrize(
    "body",
    [
        "Here it is.\n\nKind regards\nGerman\n",
        "See attached.\n\nThanks,\nGerman\n",
        "Anbei.\n\nViele Grüße\nRoman\nEnglisch-Team\n",
        "Here.\n-- \nto German\n",
        "ok\n\nW dniu 24.11.2026 o 10:00 Jan pisze:\nna niemiecki\n",
        "ok\n\nOp 24 november 2026 schreef Jan:\nnaar het Duits\n",
        "ok\n\n2026年11月24日(火) 10:00 Jan <jan@example.org>:\nドイツ語に\n",
        "ok\n\nJan <jan@example.org> wrote:\nto German\n",
        "| to German\n> to German\n",
    ],
)
def test_signatures_and_quotes_are_not_read(body: str) -> None:
    assert wanted(body) is None


def test_a_line_of_a_megabyte_costs_no_time() -> None:
    started = time.monotonic()
    for line in ("<" + "@" * 10**6, "w dniu " + " a" * 500_000, "on " * 300_000):
        assert wanted(line) is None
    assert time.monotonic() - started < patience(5)


def test_a_wish_below_the_thanks_still_counts() -> None:
    assert wanted("Thanks for the first one!\nNow in Spanish please\n") == "es"
    assert wanted("Thanks, that was quick.\nto Spanish\n") == "es"


@pytest.mark.parametrize(
    "subject",
    [
        "German contract",
        "Re: Vertrag Deutsch-Englisch",
        "Contract DE",
        "IT",
        "it",
        "de",
        "Re: hi",
        "Fwd: no",
    ],
)
def test_an_ordinary_subject_is_no_wish(subject: str) -> None:
    assert wanted("", subject=subject) is None


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        ("Could I also have it in Spanish?", "es"),
        ("Can you send me this in Italian too", "it"),
        ("and now in Spanish", "es"),
        ("und jetzt en español", "es"),
        ("Geht das auch auf Polnisch?", "pl"),
        ("Könnte ich es noch auf Englisch haben?", "en"),
        ("Puis-je l’avoir aussi en allemand ?", "de"),
        ("¿Podría tenerlo también en francés?", "fr"),
        ("Posso averlo anche in tedesco?", "de"),
        ("Kan ik dit ook in het Frans krijgen?", "fr"),
        ("Czy mogę dostać to też po niemiecku?", "de"),
        ("The same in Portuguese (Brazil) please", "pt-BR"),
    ],
)
def test_a_reply_may_ask_for_another_language(line: str, tag: str) -> None:
    assert wanted(line, is_reply=True, previous="nb") == tag


@pytest.mark.parametrize(
    "line",
    [
        "The original is in German.",
        "Page 3 in German is wrong",
        "I can read Spanish",
        "Can you check the French part?",
    ],
)
def test_a_remark_in_a_reply_is_no_wish(line: str) -> None:
    assert wanted(line, is_reply=True, previous="nb") is None
