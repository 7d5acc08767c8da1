"""The state of a job as the outside sees it, and what a sender may choose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.domain.job import (
    STAGES,
    Layout,
    Options,
    RowState,
    Stage,
    Status,
    Tone,
    choice,
    next_stage,
    parse_pages,
    percent,
    status_of,
)
from dragoman.errors import UnsupportedOption


@pytest.mark.parametrize(
    ("stage", "state", "epoch", "status"),
    [
        (Stage.EXTRACT, RowState.READY, 0, Status.PENDING),
        (Stage.EXTRACT, RowState.RUNNING, 1, Status.EXTRACTING),
        (Stage.EXTRACT, RowState.READY, 1, Status.EXTRACTING),  # waits for its next attempt
        (Stage.TRANSLATE, RowState.READY, 1, Status.TRANSLATING),
        (Stage.TONE, RowState.RUNNING, 3, Status.CUSTOMIZING_TONE),
        (Stage.RECONSTRUCT, RowState.RUNNING, 4, Status.RECONSTRUCTING),
        (Stage.RECONSTRUCT, RowState.DONE, 4, Status.COMPLETED),
        (Stage.TRANSLATE, RowState.DEAD, 9, Status.FAILED),
        (Stage.EXTRACT, RowState.CANCELLED, 0, Status.CANCELLED),
    ],
)
def test_status(stage, state, epoch, status):
    assert status_of(stage, state, epoch) is status


def test_stages_follow_each_other():
    def following(*, toned: bool):
        return [next_stage(stage, toned=toned) for stage in STAGES]

    assert following(toned=True) == [Stage.TRANSLATE, Stage.TONE, Stage.RECONSTRUCT, None]
    assert following(toned=False) == [Stage.TRANSLATE, Stage.RECONSTRUCT, Stage.RECONSTRUCT, None]


def test_percent_rises_from_stage_to_stage_without_a_gap():
    assert [percent(stage, 0) for stage in STAGES] == [0, 10, 70, 75]
    assert [percent(stage, 1) for stage in STAGES] == [10, 70, 75, 99]
    assert percent(Stage.TRANSLATE, 0.5) == 40


@given(st.sampled_from(STAGES), st.floats(allow_nan=False))
def test_percent_stays_between_0_and_99(stage, fraction):
    assert 0 <= percent(stage, fraction) <= 99


@given(
    st.builds(
        Options,
        target_lang=st.sampled_from(["de", "pt-BR", "zh-Hans"]),
        source_lang=st.none() | st.just("en"),
        tone=st.none() | st.sampled_from(Tone),
        layout=st.sampled_from(Layout),
        pages=st.none() | st.just("1-5,9"),
        engine=st.none() | st.just("deepl"),
    )
)
def test_options_survive_their_way_through_a_row(options):
    assert Options.from_json(options.as_json()) == options


def test_options_need_a_target_only():
    assert Options.from_json({"target_lang": "de"}) == Options("de")


def test_choice_takes_any_case_and_lists_what_is_possible():
    assert choice(Layout, " Side-by-Side ") is Layout.SIDE_BY_SIDE
    with pytest.raises(
        UnsupportedOption,
        match=r"We do not know the tone “loud”\. Please choose one of: formal, informal",
    ):
        choice(Tone, "loud")


@pytest.mark.parametrize(
    ("pages", "numbers"),
    [
        (None, range(10)),
        ("", range(10)),
        ("1", [0]),
        ("1-3,9", [0, 1, 2, 8]),
        (" 2 - 4 , 4 ", [1, 2, 3]),
        ("8-", [7, 8, 9]),
        ("9-99999999999", [8, 9]),
        ("0-2", [0, 1]),
    ],
)
def test_pages(pages, numbers):
    assert parse_pages(pages, 10) == frozenset(numbers)


@pytest.mark.parametrize("pages", ["x", "1-x", "-3", "1,,2", "1;2", "11", "0", "5-3", "1-2-3", "²"])
def test_pages_that_are_none_are_refused(pages):
    with pytest.raises(UnsupportedOption):
        parse_pages(pages, 10)


@given(st.text(max_size=20), st.integers(1, 50))
def test_pages_are_pages_of_the_document_or_refused(text, count):
    try:
        found = parse_pages(text, count)
    except UnsupportedOption:
        return
    assert found
    assert found <= frozenset(range(count))
