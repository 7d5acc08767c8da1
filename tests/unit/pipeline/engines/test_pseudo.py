"""The pseudo-translation looks like none, and like one in length."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dragoman.ports import Batch
from pipeline.engines.pseudo import Pseudo, pseudo

TEXT = "The quick brown fox jumps over the lazy dog, and the figure shows the results of it."


def test_it_is_visibly_no_translation():
    assert pseudo("House") == "[Hóóúúšéé]"


@pytest.mark.parametrize(
    "text", [TEXT, TEXT * 5, "東京は日本の首都です。" * 3, "Дом стоит на горе и смотрит на море"]
)
def test_it_is_about_30_percent_longer(text):
    assert 1.25 <= len(pseudo(text)) / len(text) <= 1.45


@given(st.text())
def test_it_is_always_the_same(text):
    assert pseudo(text) == pseudo(text)


def test_tags_and_escapes_stay():
    assert pseudo('<g id="1">a</g> &amp; <x id="2"/>') == '[<g id="1">áá</g> &amp; <x id="2"/>]'


@pytest.mark.parametrize("target", ["de", "zh-Hans", "tlh"])
def test_any_target_will_do_and_costs_nothing(target):
    assert Pseudo().translate(Batch(("a",), None, target)).characters_billed == 0
