from dragoman.domain.document import Block, BlockKind, Document, Flow, Page, Run, Style
from pipeline.stages import flows, tone, translate

PLAIN, BOLD = Style(), Style(bold=True)
BOX = (0.0, 0.0, 100.0, 10.0)


def block(name, text, **options):
    return Block(name, BlockKind.PARAGRAPH, BOX, (), (Run(text, PLAIN),), **options)


FIRST, SECOND = "The ferry leaves for the is-", "land at seven in the morning."
WHOLE = "The ferry leaves for the island at seven in the morning."


def flowing():
    flow = Flow((Run(WHOLE, PLAIN),), ("0.0", "1.0"))
    return Document(
        (
            Page(0, 100, 100, 0, (block("0.0", FIRST, flow=flow, goes_on=True),)),
            Page(1, 100, 100, 0, (block("1.0", SECOND, follows=True),)),
        ),
        2,
    )


def words(runs):
    return "".join(run.text for run in runs)


def test_a_text_that_goes_on_is_sent_as_one():
    assert translate.segments(flowing()) == (WHOLE,)


def test_its_translation_is_set_back_by_length():
    document = translate.apply(
        flowing(), {WHOLE: "Die Fähre zur Insel fährt um sieben Uhr früh ab."}
    )
    assert [words(one.target) for one in document.blocks()] == [
        "Die Fähre zur Insel fährt",
        "um sieben Uhr früh ab.",
    ]


def test_a_text_that_goes_on_is_rephrased_as_one():
    said = "Die Fähre zur Insel fährt um sieben Uhr früh ab."
    document = translate.apply(flowing(), {WHOLE: said})
    assert tone.segments(document) == (said,)
    polite = tone.apply(document, {said: "Bitte kommen Sie um sieben Uhr früh zur Fähre."})
    assert " ".join(words(one.target) for one in polite.blocks()) == (
        "Bitte kommen Sie um sieben Uhr früh zur Fähre."
    )


def test_styles_go_over_the_cut():
    blocks = (block("a", "x" * 10), block("b", "x" * 10))
    target = (Run("eins ", PLAIN), Run("zwei drei", BOLD), Run(" vier", PLAIN))
    assert flows.spread(target, blocks) == {
        "a": (Run("eins ", PLAIN), Run("zwei", BOLD)),
        "b": (Run("drei", BOLD), Run(" vier", PLAIN)),
    }


def test_no_box_is_left_empty():
    blocks = (block("a", "x"), block("b", "x" * 99))
    parts = flows.spread((Run("zwei Wörter", PLAIN),), blocks)
    assert {name: words(runs) for name, runs in parts.items()} == {"a": "zwei", "b": "Wörter"}


def test_a_text_without_blanks_is_cut_where_it_is_due():
    assert flows.place_of_cut("漢字文章漢字文章", 0.5) == 4
