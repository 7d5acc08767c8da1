"""The list of channels: what each spec names is there, and no owner belongs to two."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dragoman.domain.specs import channel_specs
from dragoman.domain.specs.channel_specs import Answered, ChannelSpec, channels
from dragoman.domain.specs.loading import load

EACH = pytest.mark.parametrize("spec", channels(), ids=lambda spec: spec.name)


def named_by(spec: ChannelSpec) -> Iterator[str]:
    process = spec.process
    yield from filter(
        None,
        (
            spec.reply,
            spec.take_back,
            spec.reply_field and spec.reply_field.read,
            spec.reply_field and spec.reply_field.secret,
        ),
    )
    yield from filter(None, (process.run, process.wanted) if process else ())
    yield from (one.examine for one in (*spec.doctor, *([spec.live] if spec.live else [])))
    yield from (where for one in spec.served for where in (one.make, one.wanted))
    yield from ([f"{spec.tasks}:register"] if spec.tasks else [])


@EACH
def test_what_a_spec_names_is_there(spec: ChannelSpec) -> None:
    for where in named_by(spec):
        assert callable(load(where)), where


@EACH
def test_a_channel_whose_answers_are_sent_says_by_what(spec: ChannelSpec) -> None:
    assert (spec.answered is Answered.PAGE) == (spec.reply is None)
    assert (spec.opener is None) == (spec.tasks is None)


def test_names_are_unique_and_fit_the_column() -> None:
    names = [one.name for one in channels()]
    assert len(set(names)) == len(names)
    assert all(0 < len(name) <= 20 for name in names)


def test_exactly_one_channel_takes_owners_without_a_prefix() -> None:
    assert [one.name for one in channels() if one.owner_prefix == ""] == ["email"]


@pytest.mark.parametrize(
    ("owner", "channel"),
    [
        ("ana@example.org", "email"),
        ("slack:T1:U1", "slack"),
        ("slack:x@example.org", "email"),  # an address may begin so
        ("web:ci", "web"),
        ("web:ci@example.org", "web"),  # so may the name of a token
    ],
)
def test_an_owner_belongs_to_the_channel_of_its_prefix(owner: str, channel: str) -> None:
    assert channel_specs.of_owner(owner).name == channel


def test_a_name_that_is_none_is_no_channel() -> None:
    assert channel_specs.by_name("fax") is None
    assert not channel_specs.named("fax", Answered.PAGE)
