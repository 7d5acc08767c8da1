import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.pdf.model.geometry import (
    axis,
    back,
    intersects,
    point_back,
    turned,
    turned_point,
    union,
)

DIRECTIONS = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)]
numbers = st.integers(-1000, 1000).map(float)


@given(numbers, numbers, st.sampled_from(DIRECTIONS))
def test_turning_a_point_and_back_gives_the_point(x, y, direction):
    assert point_back(*turned_point(x, y, direction), direction) == (x, y)


@given(numbers, numbers, st.integers(0, 500), st.integers(0, 500), st.sampled_from(DIRECTIONS))
def test_turning_a_rectangle_and_back_gives_the_rectangle(x, y, width, height, direction):
    rect = (x, y, x + width, y + height)
    assert back(turned(rect, direction), direction) == rect


def test_text_that_runs_upwards_reads_from_the_bottom_of_the_page():
    low, high = turned_point(100, 700, (0.0, -1.0)), turned_point(100, 200, (0.0, -1.0))
    assert low[0] < high[0]


def test_the_next_line_of_text_that_runs_upwards_stands_to_its_right():
    assert turned_point(120, 700, (0.0, -1.0))[1] > turned_point(100, 700, (0.0, -1.0))[1]


@pytest.mark.parametrize(
    ("direction", "expected"),
    [((0.9999, 0.005), (1, 0)), ((0.0, -1.0), (0, -1)), ((0.7, 0.7), None)],
)
def test_only_text_along_an_axis_has_one(direction, expected):
    assert axis(direction) == expected


def test_rectangles_that_only_touch_do_not_intersect():
    assert not intersects((0, 0, 1, 1), (1, 0, 2, 1))
    assert intersects((0, 0, 1.5, 1), (1, 0, 2, 1))


def test_union_is_the_smallest_box_around_all():
    assert union([(0, 5, 1, 6), (-1, 0, 0, 2)]) == (-1, 0, 1, 6)
