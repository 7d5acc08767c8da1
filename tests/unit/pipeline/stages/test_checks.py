"""What can be told of a translation without a model."""

from __future__ import annotations

import pytest

from pipeline.stages.checks import Doubt, doubt, scripts_of

LONG = (
    "The committee met on 12 May 2020 and decided to postpone the whole matter until the next"
    " meeting."
)
LANG = ("en", "de")


@pytest.mark.parametrize(
    ("source", "answer", "expected"),
    [
        ("A red house", None, Doubt.MISSING),
        ("A red house", "", Doubt.EMPTY),
        ("A red house", "…", Doubt.EMPTY),
        (LONG, LONG, Doubt.ECHO),
        (LONG, LONG.upper(), Doubt.ECHO),
        (LONG, "I'm sorry, but I can't help with that request.", Doubt.REFUSED),
        (LONG, "I cannot translate this text, since it is harmful.", Doubt.REFUSED),
        (LONG, "Комитет собрался 12 мая 2020 года и решил отложить все дело до следующего заседания.", Doubt.SCRIPT),
        (LONG, "Der Ausschuss trat am 12. Mai 2020 zusammen und beschloss, die ganze", Doubt.CUT),
        (LONG, "Der Ausschuss 2020, 12.", Doubt.CUT),
        (LONG, "Der Ausschuss trat am 12. Mai 2020 zusammen. " * 12, Doubt.LENGTH),
        ("A red house", "Ein rotes Haus. " * 20, Doubt.LENGTH),
        (LONG, "Der Ausschuss trat am 21. Mai 2020 zusammen und vertagte die ganze Sache auf die nächste Sitzung.", Doubt.NUMBER),
        ('See <x id="1"/> now', "Siehe jetzt", Doubt.TAGS),
        ('See <x id="1"/> now', 'Siehe <x id="1"/> <x id="1"/> jetzt', Doubt.TAGS),
        ('A <g id="1">red</g> house', 'Ein <g id="1">rotes Haus', Doubt.TAGS),
        ('A <g id="1">red</g> house', "Ein rotes</g> Haus", Doubt.TAGS),
    ],
)  # fmt: skip
def test_what_is_broken_is_told(source: str, answer: str | None, expected: Doubt) -> None:
    assert doubt(source, answer, *LANG) is expected


@pytest.mark.parametrize(
    ("source", "answer", "langs"),
    [
        (LONG, "Der Ausschuss trat am 12. Mai 2020 zusammen und vertagte die ganze Sache auf die nächste Sitzung.", LANG),
        (LONG, "委員会は2020年5月12日に開催され、本件全体を次回の会合まで延期することを決定した。", ("en", "ja")),
        ("委員会は2020年5月12日に開催され、本件全体を次回の会合まで延期することを決定した。", LONG, ("ja", "en")),
        (LONG, "คณะกรรมการประชุมเมื่อวันที่ 12 พฤษภาคม 2020 และตัดสินใจเลื่อนเรื่องทั้งหมดออกไปจนถึงการประชุมครั้งถัดไป", ("en", "th")),
        ("Smith, J., Brown, A. and Miller, P.", "Smith, J., Brown, A. and Miller, P.", LANG),
        ("Kubernetes", "Kubernetes", LANG),
        ("bitops-bits-in-byte", "bitops-bits-in-byte", LANG),
        ("The New York Times, Washington Post", "The New York Times, Washington Post", LANG),
        ("The word 東京 is Japanese", "Das Wort 東京 ist japanisch", LANG),
        ("Apples &amp; pears &lt; plums", "Äpfel &amp; Birnen &lt; Pflaumen", LANG),
        ("Total: 1,234.50", "Summe: 1.234,50", LANG),
        ("See 5", "5", ("en", "de")),
        (LONG, LONG, ("en-US", "en-GB")),
        ("Je suis désolé, je ne viens pas.", "I'm sorry, I can't come.", ("fr", "en")),
        ('<x id="2"/> of <g id="1">this</g>', 'davon <g id="1">dies</g> <x id="2"/>', LANG),
        ("for int while return (a[i++] == b[--j]) && {c != d};", "for int while return (a[i++] == b[--j]) && {c != d};", LANG),
    ],
)  # fmt: skip
def test_what_sound_engines_do_is_left_alone(
    source: str, answer: str, langs: tuple[str, str]
) -> None:
    assert doubt(source, answer, *langs) is None


def test_a_language_may_have_two_scripts() -> None:
    assert scripts_of("sr") == {"CYRILLIC", "LATIN"}
    assert scripts_of("pt-BR") == {"LATIN"}
