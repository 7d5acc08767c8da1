"""The engine `libretranslate` against a server with its limits and faults, over HTTP."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from dragoman.errors import (
    DragomanError,
    EngineBusy,
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    UnsupportedPair,
)
from dragoman.ports import Batch
from pipeline.engines.libretranslate import LibreTranslate
from tests.servers.libretranslate import KEY, FakeLibreTranslate
from tests.servers.llm import translation

TAG = re.compile(r"</?[gx]\b[^<>]*>")
TAGGED = (
    'See <x id="1"/> for the <g id="2">red house</g> and the <g id="3">big garden</g> of <x'
    ' id="4"/>.'
)
PLAIN = ("One house &amp; two gardens", "The garden is big")


@pytest.fixture
def server() -> Iterator[FakeLibreTranslate]:
    with FakeLibreTranslate() as server:
        yield server


@pytest.fixture
def engine(server: FakeLibreTranslate) -> LibreTranslate:
    return LibreTranslate(server.url)


def translated(
    engine: LibreTranslate, *texts: str, source: str | None = "en", target: str = "de"
) -> tuple[str, ...]:
    return tuple(
        str(text) for text in engine.translate(Batch(texts or PLAIN, source, target)).texts
    )


def test_texts_go_as_a_list_of_plain_words(engine, server):
    assert translated(engine) == tuple(translation(text, "German") for text in PLAIN)
    assert server.requests[0]["q"] == ["One house & two gardens", "The garden is big"]
    assert server.requests[0]["format"] == "text"


@pytest.mark.parametrize("loses", [set(), {"[1]"}, {"[1]", "(1)"}, {"[2]", "(2)"}])
def test_every_tag_comes_back_once_whatever_the_model_copies(engine, server, loses):
    server.loses = loses
    (answer,) = translated(engine, TAGGED)
    assert sorted(TAG.findall(answer)) == sorted(TAG.findall(TAGGED))
    assert f'<g id="2">{translation("red house", "German")}</g>' in answer


def test_a_source_that_is_not_known_is_detected_there(engine, server):
    translated(engine, source=None)
    assert server.requests[0]["source"] == "auto"


@pytest.mark.parametrize(
    ("tag", "code"),
    [("pt-BR", "pt-BR"), ("pt", "pt-BR"), ("zh-Hant", "zt"), ("zh-Hans", "zh-Hans")],
)
def test_languages_are_named_as_the_server_names_them(engine, server, tag, code):
    engine.translate(Batch(PLAIN, "en", tag))
    assert server.requests[0]["target"] == code


def test_its_list_is_asked_once(engine, server):
    translated(engine)
    translated(engine)
    assert server.lists == 1


def test_a_pair_that_it_has_not_is_refused_with_what_is_possible(engine):
    with pytest.raises(UnsupportedPair, match="Klingon"):
        engine.translate(Batch(PLAIN, "tlh", "de"))


@pytest.mark.parametrize("limits", [{"character_limit": 25}, {"batch_limit": 1}])
def test_a_request_that_is_too_large_goes_in_halves(engine, server, limits):
    vars(server).update(limits)
    assert translated(engine) == tuple(translation(text, "German") for text in PLAIN)


def test_the_key_goes_along(server):
    server.key = KEY
    assert translated(LibreTranslate(server.url, KEY))
    with pytest.raises(EngineKeyRejected) as raised:
        translated(LibreTranslate(server.url))
    assert "DRAGOMAN_LIBRETRANSLATE_API_KEY" in raised.value.for_admin


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (429, EngineBusy), (503, EngineBusy), (500, EngineUnavailable), (403, EngineKeyRejected), (404, EngineMissing), (301, EngineMissing),
        ("html", EngineMissing), ("cut", EngineUnavailable), ("short", EngineMisbehaved), (400, EngineMisbehaved),
    ],
)  # fmt: skip
def test_each_trouble_has_its_error_and_the_next_request_is_answered(engine, server, fault, kind):
    server.faults.append(fault)
    with pytest.raises(DragomanError) as raised:
        translated(engine)
    assert type(raised.value) is kind
    assert translated(engine)


def test_it_says_how_long_to_wait(engine, server):
    server.retry_after = "9"
    server.faults.append(429)
    with pytest.raises(EngineBusy) as raised:
        translated(engine)
    assert raised.value.retry_after_s == 9.0


def test_silence_ends(server):
    server.faults.append("hang")
    with pytest.raises(EngineUnavailable, match="stopped answering"):
        translated(LibreTranslate(server.url, silence_s=0.3))


@pytest.mark.parametrize("url", ["http://127.0.0.1:9"])
def test_nobody_listens(url):
    with pytest.raises(EngineUnavailable):
        translated(LibreTranslate(url))


def test_a_wrong_address_is_named(server):
    with pytest.raises(EngineMissing) as raised:
        translated(LibreTranslate(f"{server.url}/somewhere"))
    assert "DRAGOMAN_LIBRETRANSLATE_URL" in raised.value.for_admin
