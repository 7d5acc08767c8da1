import pytest

from pipeline.stages.detection import detect, other_language, rival


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("The ferry leaves the harbour every morning at seven.", "en"),
        ("Die Fähre verlässt den Hafen jeden Morgen um sieben Uhr.", "de"),
        ("Паром уходит из гавани каждое утро в семь часов.", "ru"),
        ("هذا المستند مترجم إلى العربية مع الحفاظ على تخطيط الصفحة", "ar"),
        ("这个文件已经翻译成中文，请仔细阅读。", "zh-Hans"),
        ("這個文件已經翻譯成中文，請仔細閱讀。", "zh-Hant"),
        ("THE ANNUAL REPORT OF THE HARBOUR COMPANY", "en"),
    ],
)
def test_languages_are_told_apart(text, tag):
    assert detect(text) == tag


@pytest.mark.parametrize("text", ["", "12.5 % 1999", "ab"])
def test_too_little_text_has_no_language(text):
    assert detect(text) is None


ENGLISH = "The ferry leaves the harbour every morning at seven and comes back in the evening."
GERMAN = "Die Fähre verlässt den Hafen jeden Morgen um sieben Uhr und kehrt am Abend zurück."


def test_the_other_language_of_a_document_in_two_is_found():
    assert other_language([GERMAN, ENGLISH, GERMAN.upper()[:40]], "de") == "en"


@pytest.mark.parametrize(
    "lines", [[GERMAN], [GERMAN, GERMAN, GERMAN, ENGLISH], [GERMAN, "Image", "Version 0.4"], []]
)
def test_a_quotation_or_a_few_words_are_no_other_language(lines):
    assert other_language(lines, "de") is None


def test_a_table_of_contents_has_a_language():
    entries = [
        "Départ du port",
        "Horaires du soir",
        "Que faire quand le vent est fort",
        "Règles à bord du bateau",
    ]
    text = "\n".join(
        f"{entry} {'. ' * 60}{number}" for number, entry in enumerate(entries, start=9)
    )
    assert detect(f"{text}\nhttps://example.org/the/ferry/leaves/the/harbour") == "fr"


def test_references_may_be_in_either_of_two_languages():
    reference = (
        "Lorenz Hallbauer and Norbert Hügelmeier. ‘A geometric view of integral solutions of x2 +"
        " xy + y2 = m2’. In: Quaestiones (2019), pp. 1–15."
    )
    assert {detect(reference), rival(reference)} == {"de", "en"}


@pytest.mark.parametrize("text", [ENGLISH, GERMAN, "", "12"])
def test_a_sentence_has_one_language(text):
    assert rival(text) is None
