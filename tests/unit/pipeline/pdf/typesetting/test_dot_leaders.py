from dragoman.domain.document import Run, Style
from pipeline.pdf.fonts.fallback_fonts import Fonts
from pipeline.pdf.typesetting.dot_leaders import shortened, with_leader, without_leader
from pipeline.pdf.typesetting.line_breaking import Box, fit
from pipeline.pdf.typesetting.shaping import Words

WORDS = Words(Fonts())
STYLE = Style(size=10.0)


def entry(text, right=300.0):
    return without_leader([Run(text, STYLE)], right, WORDS)


def test_an_entry_is_parted_from_its_dots_and_its_page_number():
    runs, leader = entry("Getting started . . . . . . . 5")
    assert "".join(run.text for run in runs) == "Getting started"
    assert leader is not None
    assert leader.number is not None


def test_dots_without_a_page_number_are_a_leader_too():
    _, leader = entry("Getting started ..........")
    assert leader is not None
    assert leader.number is None


def test_an_ellipsis_is_no_leader():
    assert entry("And so on ...")[1] is None


def test_the_dots_fill_the_space_up_to_the_number_at_the_right_edge():
    runs, leader = entry("Getting started . . . . . . . 5")
    box = shortened(Box(0, 400, 10, 14, 10, 12, single=True, original_right=300), leader)
    setting = with_leader(fit(WORDS.of(runs), box), leader, box)
    number = setting.lines[-1]
    assert round(number.x + number.words[0].width, 3) == 300
    assert len(setting.lines) > 10
    assert all(line.x < number.x for line in setting.lines[:-1])
