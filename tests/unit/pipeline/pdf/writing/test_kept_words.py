"""Kept words on both sides of a text that is set anew: which of them are drawn again."""

from dragoman.domain.document import Block, BlockKind, Family, Line, Run, Span, Style
from pipeline.pdf.writing.kept_words import separated

STYLE = Style(size=10)
WORDS = (Run("Wörter", STYLE),)


def block(name, x0, x1, *baselines, style=STYLE, target=None):
    lines = []
    for baseline in baselines:
        box = (x0, baseline - 7.5, x1, baseline + 2.2)
        lines.append(Line((Span("1 0", style, box, baseline),), box))
    box = (x0, baselines[0] - 7.5, x1, baselines[-1] + 2.2)
    kind = BlockKind.FORMULA if target is None else BlockKind.PARAGRAPH
    return Block(name, kind, box, tuple(lines), (Run("1 0", style),), target=target)


NUMBER = block("number", 72, 80, 100)
TEXT = block("text", 90, 200, 100, target=WORDS)
PAGE = block("page", 400, 410, 100)


def names(*blocks):
    return [one.id for one in separated(blocks)]


def test_what_stands_behind_a_new_text_is_drawn_again_with_its_own_letters():
    (again,) = separated([NUMBER, TEXT, PAGE])
    (run,) = again.target
    assert again.id == "page"
    assert run.style.original.parts == ((400, 410, 100, 2),)  # two letters and a blank
    assert run.style.original.baseline == 100


def test_what_has_nothing_new_before_it_stays():
    assert names(NUMBER, PAGE) == []
    assert names(NUMBER, block("text", 90, 200, 130, target=WORDS), PAGE) == []
    assert names(TEXT, NUMBER) == []
    assert names(NUMBER, PAGE, block("text", 420, 500, 100, target=WORDS)) == []


def test_what_has_nothing_kept_of_its_style_before_it_stays():
    assert names(TEXT, PAGE) == []
    assert names(NUMBER, TEXT, block("page", 400, 410, 100, style=Style(Family.MONO, 10))) == []


def test_a_column_of_figures_is_drawn_again_as_a_whole():
    (again,) = separated([NUMBER, TEXT, block("pages", 400, 410, 88, 100)])
    assert [run.style.original.baseline for run in again.target] == [88, 100]


def test_lines_that_run_upwards_are_looked_at_in_their_own_space():
    def upwards(one):
        box = (500.0, 600 - one.bbox[2], 510.0, 600 - one.bbox[0])
        line = Line(one.lines[0].spans, box, (0.0, -1.0))
        span = one.lines[0].spans[0]
        line = Line((Span(span.text, span.style, box, 508.0),), box, (0.0, -1.0))
        return Block(one.id, one.kind, box, (line,), one.source, target=one.target)

    (again,) = separated([upwards(one) for one in (NUMBER, TEXT, PAGE)])
    assert again.id == "page"
    assert again.target[0].style.original.parts == ((-200, -190, 508.0, 2),)
