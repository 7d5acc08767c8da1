"""How the local engine takes a text through a model: what is held back, put back, mended and
placed. The model is a function here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.engines.local import kept_pieces, marked, sentences, slips, standins, word_alignment
from pipeline.engines.local.marked import HOLE, Kept, Marked, Span

ENGLISH = kept_pieces.patterns("en")


def split(text: str) -> Iterator[str]:
    """Sentences, as the library tells them: it knows no abbreviations."""
    return (
        match.group().strip()
        for match in re.finditer(r"[^.!?]*[.!?]+\S*|[^.!?]+$", text)
        if match.group().strip()
    )


def held(text: str, pattern=ENGLISH, source="en", target="pt") -> list[str]:
    """What the model does not see of a text."""
    return list(kept_pieces.hold(marked.read(text), pattern, source, target).pieces)


def through(text: str, ask, pattern=ENGLISH) -> str:
    whole = kept_pieces.hold(marked.read(text), pattern, "en", "pt")
    answer = sentences.translated(whole.words, ask, split, whole.pieces)
    return marked.write(Marked(answer, whole.pieces))


class TestMarked:
    @pytest.mark.parametrize(
        "text",
        [
            "Plain words",
            'A <g id="1">red <g id="2">house</g></g> &amp; <x id="3"/>.',
            '<g id="1">all</g>',
            '<x id="1"/><x id="2"/>',
            "\uf0b7 a bullet of a symbol font",
            "",
        ],
    )
    def test_a_text_comes_back_as_it_was(self, text):
        assert marked.write(marked.read(text)) == text

    def test_words_have_holes_and_spans(self):
        whole = marked.read('A <g id="4">red &lt;</g> <x id="2"/>')
        assert whole == Marked("A red < \ue000", ('<x id="2"/>',), (Span("4", 2, 7),))

    def test_what_does_not_show_is_left_out(self):
        assert marked.read("hand\u00adbook\u200b").words == "handbook"

    def test_kept_pieces_become_holes_and_spans_move_with_them(self):
        whole = marked.read('Call 12–34 <g id="1">now or</g> never')
        kept = whole.keep([Kept(5, 10)])
        assert (kept.words, kept.pieces, kept.spans) == (
            "Call \ue000 now or never",
            ("12–34",),
            (Span("1", 7, 13),),
        )
        assert marked.write(kept) == 'Call 12–34 <g id="1">now or</g> never'

    def test_a_kept_piece_may_hold_others(self):
        whole = marked.read('FAA–<x id="1"/>–R').keep([Kept(0, 7)])
        assert HOLE.fullmatch(whole.words)
        assert marked.write(whole) == 'FAA–<x id="1"/>–R'

    @given(st.text(alphabet="ab <>&\ue000\uf0b7é1–", max_size=30))
    def test_any_words_survive(self, words):
        text = words.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        whole = kept_pieces.hold(marked.read(text), ENGLISH, "en", "pt")
        assert marked.write(whole) == text

    def test_so_many_pieces_that_no_hole_is_left_stay_words(self):
        text = "\uf0b7" * 3000 + "# 12 " * 1000
        assert marked.write(kept_pieces.hold(marked.read(text), ENGLISH, "en", "pt")) == text


class TestKeeping:
    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("Call 202–493–2251 now", ["202–493–2251"]),
            ("Call 202-493-2251 now", ["202-493-2251"]),
            ("MC 110–SK57, ET–302", ["110–SK57", "ET–302"]),
            ("COVID-19 rules", ["COVID-19"]),
            ("pages 10–20 of 30", ["10–20"]),
            ("§ 39.13 says", ["§ 39.13"]),
            ("at 5:00 p.m. or 3pm", ["5:00 p.m.", "3pm"]),
            ("on 8/12/2020", ["8/12/2020"]),
            ("R&amp;D of AT&amp;T", ["R&amp;D", "AT&amp;T"]),
            ("join #debian-devel", ["#debian-devel"]),
            ("東京 and Дом", ["東京", "Дом"]),
            ("© 2007", ["©"]),
            ("write to ad-inquiry@ faa.gov today", ["ad-inquiry@ faa.gov"]),
            ('FAA–<x id="1"/> is', ['<x id="1"/>', 'FAA–<x id="1"/>']),
            ("a well-known 20-year-old state-of-the-art thing", []),
            ("The price is 3.5 or 1,234", []),
            ("Say no. Then go", []),
        ],
    )
    def test_figures_codes_signs_and_other_scripts_are_held(self, text, expected):
        assert held(text) == expected

    def test_a_languages_own_script_is_not_held(self):
        assert held("Дом стоит 5 рублей", kept_pieces.patterns("ru"), "ru", "en") == []
        assert held("東京は大きい", kept_pieces.patterns("ja"), "ja", "en") == []

    @pytest.mark.parametrize(
        ("text", "target", "expected"),
        [
            ("Amendment No. 3", "pt", ["n.º"]),
            ("No. 3", "pt", ["N.º"]),
            ("No.", "de", ["Nr."]),
            ("Docket Nos. 3 and 4", "es", ["núms."]),
            ("No. 3", "fi", ["No."]),
        ],
    )
    def test_no_before_a_number_is_no_no(self, text, target, expected):
        assert held(text, target=target)[:1] == expected


class TestStandIns:
    def test_a_model_that_keeps_them_is_asked_once(self):
        asked = []
        answer = standins.through(
            "See \ue000 and \ue001.", lambda text: asked.append(text) or text.replace("See", "Ver")
        )
        assert (answer, len(asked)) == ("Ver \ue000 and \ue001.", 1)

    def test_where_all_are_lost_the_words_between_are_translated(self):
        answer = standins.through(
            "Ask \ue000 for help", lambda text: re.sub(r"\W*\d\W*|X\d", "", text).upper()
        )
        assert answer == "ASK \ue000 FOR HELP"

    def test_a_repeated_one_does_not_count(self):
        twice = lambda text: (  # noqa: E731
            f"{text} {text}" if "\ue000" not in text and re.search(r"\d", text) else text
        )
        assert standins.through("Ask \ue000 today", twice).count("\ue000") == 1

    def test_neighbours_are_one(self):
        seen = []
        standins.through("Ask \ue000\ue001 \ue002 now", lambda text: seen.append(text) or text)
        assert seen == ["Ask [1] now"]


class TestSentences:
    def test_titles_in_capitals_are_translated_in_small_letters(self):
        known = {"Safety instructions": "Instruções de segurança"}
        assert through("SAFETY INSTRUCTIONS", known.__getitem__) == "INSTRUÇÕES DE SEGURANÇA"

    def test_abbreviations_are_no_title(self):
        assert through("HTTP API", lambda text: {"HTTP API": "API HTTP"}[text]) == "API HTTP"

    def test_a_label_in_capitals_is_translated_for_itself(self):
        known = {"Summary:": "Resumo:", "We go": "Vamos"}
        assert through("SUMMARY: We go", known.__getitem__) == "RESUMO: Vamos"

    def test_no_sentence_ends_after_an_abbreviation(self):
        seen = []
        through("See Fig. 3 here. Ask Dr. Lee.", lambda text: seen.append(text) or text)
        assert seen == ["See Fig. 3 here.", "Ask Dr. Lee."]

    def test_a_remark_that_the_source_has_not_is_taken_away(self):
        assert through("John Smith", lambda text: f"{text} (em inglês)") == "John Smith"
        assert (
            through("John (Smith)", lambda text: f"{text} (em inglês)")
            == "John (Smith) (em inglês)"
        )

    def test_a_bracket_that_is_opened_for_nothing_is_taken_away(self):
        assert through("Ask us.", lambda text: "Pergunte (.") == "Pergunte."

    def test_words_in_capitals_inside_a_sentence_are_words_and_abbreviations_stay(self):
        seen = []
        through(
            "See FOR FURTHER INFORMATION or the HTTP API today.",
            lambda text: seen.append(text) or text,
        )
        assert seen == ["See For further information or the HTTP API today."]

    def test_what_the_models_write_as_one_word_becomes_two(self):
        assert (
            slips.mended(lambda text: "a biblioteca eo café", "pt-BR")("x")
            == "a biblioteca e o café"
        )
        assert slips.mended(lambda text: "ea eo", "de")("x") == "ea eo"

    def test_dashes_come_back_as_they_were(self):
        assert through("One — two – three", lambda text: "Um - dois - três") == "Um — dois – três"

    def test_names_with_initials_stay(self):
        text = "J. R. Smith, A. de Souza and B. Lee"
        assert through(text, lambda text: "nonsense") == text

    @pytest.mark.parametrize("text", ["B. Results", "A.1 Results", "Results of A. Lee"])
    def test_a_letter_before_a_title_is_no_initial(self, text):
        assert through(text, lambda asked: asked.replace("Results", "Resultados")) == text.replace(
            "Results", "Resultados"
        )

    def test_round_quotation_marks_come_back(self):
        assert (
            through("He said “yes” today", lambda text: 'Ele disse "sim" hoje')
            == "Ele disse “sim” hoje"
        )

    @pytest.mark.parametrize(
        "text", ["x", '<x id="1"/> 12', "3.5 / a = 4 + b - c 17 (22) of", "…", ""]
    )
    def test_what_is_no_language_stays(self, text):
        assert through(text.replace("…", "..."), lambda text: "nonsense") == text.replace(
            "…", "..."
        )

    def test_a_changed_number_is_asked_for_again_and_kept(self):
        def changing(text: str) -> str:
            return text.replace("493", "443").replace("Call", "Ligue")

        assert through("Call 493 now", changing) == "Ligue 493 now"

    def test_a_lost_sign_is_asked_for_again(self):
        assert (
            through("It costs 6.00 € today", lambda text: text.replace(" €", ""))
            == "It costs 6.00 € today"
        )

    def test_a_sentence_that_cannot_be_translated_without_a_loss_stays(self):
        assert through("All the words 12", lambda text: "") == "All the words 12"
        assert through("All the words", lambda text: "la " * 500) == "All the words"

    def test_a_sentence_that_stays_is_told(self):
        kept: list[str] = []
        ask = lambda text: "" if "12" in text or "words" in text else text.upper()  # noqa: E731
        answer = sentences.translated(
            "All the words 12. And this one.", ask, split, (), kept.append
        )
        assert answer == "All the words 12. AND THIS ONE."
        assert kept == ["All the words 12."]

    @given(st.text(alphabet="abcDE .,12–—€&()[]§", max_size=60))
    def test_whatever_a_model_answers_no_number_is_lost(self, words):
        text = words.replace("&", "&amp;")
        answer = through(text, lambda asked: re.sub(r"\d", "7", asked[: len(asked) // 2]))
        digits = re.findall(r"\d+", words)
        assert [run for run in digits if run not in re.findall(r"\d+", answer)] == []


class TestPlacing:
    def test_a_stretch_is_found_by_what_it_becomes_alone(self):
        spans = word_alignment.place(
            "A red house", "Uma casa vermelha", [Span("1", 2, 5)], {"red": "vermelha"}.__getitem__
        )
        assert spans == (Span("1", 9, 17),)

    def test_else_it_is_placed_by_proportion_at_the_edges_of_words(self):
        (span,) = word_alignment.place(
            "A red house", "Uma casa rubra", [Span("1", 2, 5)], lambda _: "vermelha"
        )
        assert "Uma casa rubra"[span.start : span.end] in ("Uma", "casa", "rubra", "casa rubra")

    def test_the_whole_stays_the_whole(self):
        assert word_alignment.place("Red", "Vermelho", [Span("1", 0, 3)], lambda _: "x") == (
            Span("1", 0, 8),
        )

    @given(
        st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), max_size=5),
        st.text(alphabet="ab c", min_size=1, max_size=25),
    )
    def test_spans_never_cross(self, edges, answer):
        words = "one two three four five"
        spans = nested([Span(str(n), min(edge), max(edge)) for n, edge in enumerate(edges)])
        placed = word_alignment.place(words, answer, spans, lambda text: text[:3])
        text = marked.write(Marked(answer, (), placed))
        assert sorted(re.findall(r'<g id="\d">', text)) == sorted(
            f'<g id="{span.id}">' for span in spans
        )
        assert balanced(text)


def nested(spans: list[Span]) -> list[Span]:
    """Those of the spans that cross none before them."""
    kept: list[Span] = []
    for span in spans:
        if not any(
            a.start < span.start < a.end < span.end or span.start < a.start < span.end < a.end
            for a in kept
        ):
            kept.append(span)
    return kept


def balanced(text: str) -> bool:
    depth = 0
    for tag in re.findall(r"</?g", text):
        depth += 1 if tag == "<g" else -1
        if depth < 0:
            return False
    return depth == 0
