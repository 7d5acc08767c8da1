"""DeepL's own ways, against a server of ours on loopback: codes, options, limits, and each of
its faults.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import deepl
import pytest

from dragoman.domain.job import Tone
from dragoman.errors import (
    DragomanError,
    EngineBusy,
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    QuotaUsedUp,
)
from dragoman.ports import NO_CONTEXT, Batch, Context, Term
from pipeline.engines import deepl_glossaries
from pipeline.engines.deepl import CAPABILITIES_TTL_S, LIMITS, DeepL, DeepLWrite, retry_after_s
from tests.fake_deepl import KEY, FakeDeepL


@pytest.fixture
def server() -> Iterator[FakeDeepL]:
    with FakeDeepL() as server:
        yield server


def batch(
    *texts: str, target: str = "de", source: str | None = "en", tone: Tone | None = None
) -> Batch:
    return Batch(texts, source, target, tone)


@pytest.mark.parametrize(
    ("fault", "error", "temporary"),
    [
        (429, EngineBusy, True),
        (529, EngineBusy, True),
        (503, EngineUnavailable, True),
        (500, EngineUnavailable, True),
        ("hang_up", EngineUnavailable, True),
        (456, QuotaUsedUp, False),
        (403, EngineKeyRejected, False),
        (401, EngineKeyRejected, False),
        (400, EngineMisbehaved, False),
        (413, EngineMisbehaved, False),
        (404, EngineMissing, False),
        ("<html>no JSON</html>", EngineMisbehaved, False),
        ('{"translations": [{"text": "x"}]}', EngineMisbehaved, False),
        ('{"translations": []}', EngineMisbehaved, False),
    ],
)
def test_each_fault_is_an_error_of_ours_and_is_tried_once(server, fault, error, temporary):
    engine = DeepL(KEY, server.url)
    engine.capabilities()
    server.faults.append(fault)
    with pytest.raises(error) as raised:
        engine.translate(batch("House"))
    assert raised.value.temporary is temporary
    assert not server.requests
    assert engine.translate(batch("House")).texts == ("de:HOUSE",)


def test_nobody_listening_is_temporary():
    with FakeDeepL() as gone:
        url = gone.url
    with pytest.raises(EngineUnavailable):
        DeepL(KEY, url).capabilities()


def test_a_wrong_key_is_said_before_anything_is_sent(server):
    with pytest.raises(EngineKeyRejected):
        DeepL("wrong", server.url).translate(batch("House"))
    assert not server.requests


def test_errors_do_not_tell_the_key(server):
    with pytest.raises(DragomanError) as raised:
        DeepL("secret-key", server.url).capabilities()
    assert "secret-key" not in f"{raised.value} {raised.value.detail}"


def test_a_request_too_large_is_sent_in_halves(server):
    engine = DeepL(KEY, server.url)
    engine.capabilities()
    server.faults.append(413)
    answer = engine.translate(batch("One", "Two", "Three"))
    assert answer.texts == ("de:ONE", "de:TWO", "de:THREE")
    assert answer.characters_billed == server.characters_billed == 11
    assert [len(request["text"]) for request in server.requests] == [1, 2]


def test_the_largest_batch_fits_into_one_request(server):
    text = "é" * (LIMITS.size // 2 // LIMITS.texts)
    DeepL(KEY, server.url).translate(batch(*[text] * LIMITS.texts))
    assert (len(server.requests), server.by_status[413]) == (1, 0)


def test_tags_are_not_billed_and_options_fit_our_markup(server):
    answer = DeepL(KEY, server.url).translate(batch('A <g id="1">b</g> <x id="2"/>'))
    sent = server.requests[0]
    assert answer.characters_billed == 4
    assert sent["tag_handling"] == "xml"
    assert sent["split_sentences"] == "nonewlines"
    assert sent["outline_detection"] is False
    assert sent["non_splitting_tags"] == ["g", "x"]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("en", "EN-US"),
        ("en-GB", "EN-GB"),
        ("pt", "PT-BR"),
        ("pt-PT", "PT-PT"),
        ("zh-Hant", "ZH-HANT"),
        ("de-AT", "DE"),
        ("nb", "NB"),
    ],
)
def test_tags_become_the_codes_of_deepl(server, target, code):
    DeepL(KEY, server.url).translate(batch("House", target=target, source="zh-Hans"))
    assert (server.requests[0]["target_lang"], server.requests[0]["source_lang"]) == (code, "ZH")


def test_an_unknown_source_is_left_to_deepl(server):
    DeepL(KEY, server.url).translate(batch("House", source=None))
    assert "source_lang" not in server.requests[0]


@pytest.mark.parametrize(
    ("tone", "target", "expected"),
    [
        (None, "de", {}),
        (Tone.FORMAL, "de", {"formality": "prefer_more"}),
        (Tone.INFORMAL, "ja", {"formality": "prefer_less"}),
        (Tone.SIMPLE, "pl", {}),
    ],
)
def test_formality_travels_with_the_translation(server, tone, target, expected):
    DeepL(KEY, server.url).translate(batch("House", target=target, tone=tone))
    sent = server.requests[0]
    assert {
        name: sent[name] for name in ("formality", "custom_instructions") if name in sent
    } == expected


def test_other_tones_are_instructions_where_deepl_takes_them(server):
    DeepL(KEY, server.url).translate(batch("House", tone=Tone.SIMPLE))
    assert "plain language" in server.requests[0]["custom_instructions"][0]
    assert all(len(line) <= 300 for line in server.requests[0]["custom_instructions"])


def test_capabilities_are_asked_for_once_an_hour(server):
    now = [0.0]
    engine = DeepL(KEY, server.url, clock=lambda: now[0])
    known = engine.capabilities()
    engine.translate(batch("House"))
    engine.capabilities()
    assert server.lists == 1
    now[0] = CAPABILITIES_TTL_S + 1
    engine.capabilities()
    assert server.lists == 2
    assert {"de", "en-US", "pt-BR", "zh-Hans"} <= known.targets
    assert "de" in known.formality
    assert "zh" not in known.formality
    assert "zh-Hans" in known.styles


def test_nothing_is_told_about_this_machine(server):
    DeepL(KEY, server.url).translate(batch("House"))
    assert server.agents == {f"deepl-python/{deepl.__version__}"}


def test_a_path_in_the_address_is_kept():
    assert DeepL(KEY, "http://127.0.0.1:1/proxy").client.server_url == "http://127.0.0.1:1/proxy/"


def test_free_keys_go_to_the_free_host():
    assert "api-free" in DeepL("key:fx").client.server_url


HOUSE, FENCE = Term("house", "vivienda"), Term("fence", "cerca")


def with_terms(*texts: str, terms: tuple[Term, ...] = (HOUSE,), target: str = "es") -> Batch:
    return Batch(texts, "en", target, None, NO_CONTEXT, terms, (HOUSE, FENCE))


class TestContextAndTerms:
    def test_where_the_texts_stand_is_told_and_not_billed(self, server):
        context = Context("A handbook", "The roof", ("It is old.",), ("It is new.",))
        answer = DeepL(KEY, server.url).translate(Batch(("The fence",), "en", "de", None, context))
        assert server.requests[0]["context"] == "A handbook\nThe roof\nIt is old.\nIt is new."
        assert answer.characters_billed == len("The fence")
        DeepL(KEY, server.url).translate(batch("The fence"))
        assert "context" not in server.requests[1]

    def test_the_model_is_the_one_of_the_settings(self, server):
        DeepL(KEY, server.url).translate(batch("House"))
        DeepL(KEY, server.url, model_type="latency_optimized").translate(batch("House"))
        DeepL(KEY, server.url, model_type=None).translate(batch("House"))
        assert [one.get("model_type") for one in server.requests] == [
            "quality_optimized",
            "latency_optimized",
            None,
        ]

    def test_terms_are_a_glossary_at_deepl_made_once_whoever_asks(self, server):
        engine = DeepL(KEY, server.url)
        assert engine.takes_terms("en-GB", "es")
        first = engine.translate(with_terms("All houses"))
        second = engine.translate(with_terms("The fence", terms=(FENCE,)))
        other = DeepL(KEY, server.url).translate(with_terms("The house"))
        assert first.texts == ("es:ALL viviendas",)
        assert second.texts == ("es:THE cerca",)
        assert other.texts == ("es:THE vivienda",)
        assert server.glossaries_made == 1
        assert "glossary_id" not in _asked(engine, server, batch("The sun", target="es"))

    def test_another_language_or_other_terms_are_another_glossary(self, server):
        engine = DeepL(KEY, server.url)
        engine.translate(with_terms("The house"))
        engine.translate(with_terms("The house", target="fr"))
        engine.translate(Batch(("The house",), "en", "es", terms=(HOUSE,)))
        assert server.glossaries_made == 3

    @pytest.mark.parametrize(("source", "target"), [(None, "es"), ("en", "uk"), ("ar", "es")])
    def test_where_deepl_takes_no_glossary_terms_are_no_business_of_its(
        self, server, source, target
    ):
        engine = DeepL(KEY, server.url)
        assert not engine.takes_terms(source, target)
        engine.translate(Batch(("House",), source, target, terms=(HOUSE,)))
        assert "glossary_id" not in server.requests[0]

    def test_a_glossary_that_is_gone_is_made_anew(self, server):
        engine = DeepL(KEY, server.url)
        engine.translate(with_terms("The house"))
        server.glossaries.clear()
        assert engine.translate(with_terms("The house")).texts == ("es:THE vivienda",)
        assert server.glossaries_made == 2

    def test_one_that_deepl_refuses_costs_no_translation(self, server):
        server.most_glossaries = 0
        answer = DeepL(KEY, server.url).translate(with_terms("The house"))
        assert answer.texts == ("es:THE HOUSE",)

    def test_the_oldest_of_ours_gives_way(self, server, monkeypatch):
        monkeypatch.setattr(deepl_glossaries, "MOST", 3)
        engine = DeepL(KEY, server.url)
        for number in range(5):
            term = Term("house", f"vivienda{number}")
            engine.translate(Batch(("The house",), "en", "es", terms=(term,)))
        assert [one.told["glossary_id"] for one in server.glossaries.values()] == ["g3", "g4", "g5"]

    def test_terms_that_deepl_does_not_take_are_left_out(self, server):
        odd = (Term("a\tb", "x"), Term("house", "y" * 2000), HOUSE)
        DeepL(KEY, server.url).translate(Batch(("The house",), "en", "es", terms=odd))
        [made] = server.glossaries.values()
        assert made.entries == {"house": "vivienda"}

    def test_four_requests_at_once_make_one_glossary(self, server):
        engine = DeepL(KEY, server.url)
        engine.capabilities()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: engine.translate(with_terms("The house")), range(8)))
        assert server.glossaries_made == 1


def test_a_server_with_the_deprecated_lists_alone_serves_too(server):
    server.has_v3 = False
    engine = DeepL(KEY, server.url)
    assert {"de", "en-US", "zh-Hans"} <= engine.capabilities().targets
    assert "de" in engine.capabilities().formality
    assert not engine.takes_terms("en", "es")
    assert engine.translate(batch("House")).texts == ("de:HOUSE",)


def _asked(engine: DeepL, server: FakeDeepL, of: Batch) -> dict[str, object]:
    engine.translate(of)
    return server.requests[-1]


class TestWrite:
    def test_plain_texts_are_improved_and_tagged_ones_left(self, server):
        model = DeepLWrite(DeepL(KEY, server.url))
        answer = model.rephrase(
            batch("Ein &amp; aus", 'Ein <x id="1"/>', source="de", tone=Tone.SIMPLE)
        )
        assert answer.texts == ("prefer_simple:Ein &amp; aus", 'Ein <x id="1"/>')
        assert answer.characters_billed == len("Ein & aus")
        assert server.requests[0]["text"] == ["Ein & aus"]

    @pytest.mark.parametrize(
        ("target", "tone"), [("fr", Tone.SIMPLE), ("de", Tone.FORMAL), ("de", None)]
    )
    def test_what_write_cannot_do_passes_through(self, server, target, tone):
        answer = DeepLWrite(DeepL(KEY, server.url)).rephrase(
            batch("Text", target=target, tone=tone)
        )
        assert (answer.texts, server.requests) == (("Text",), [])

    def test_its_faults_are_errors_of_ours(self, server):
        server.faults.append(456)
        with pytest.raises(QuotaUsedUp):
            DeepLWrite(DeepL(KEY, server.url)).rephrase(batch("Text", tone=Tone.SIMPLE))


@pytest.mark.parametrize(("status", "error"), [(429, EngineBusy), (503, EngineUnavailable)])
def test_retry_after_is_passed_on(server: FakeDeepL, status: int, error: type) -> None:
    server.retry_after = "17"
    server.faults.append(status)
    engine = DeepL(KEY, server.url)
    with pytest.raises(error) as raised:
        engine.translate(Batch(("Hello",), "en", "de"))
    assert raised.value.retry_after_s == 17.0
    assert engine.translate(Batch(("Hello",), "en", "de")).texts


def test_retry_after_may_be_a_date() -> None:
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0.0
    assert retry_after_s("Wed, 21 Oct 2150 07:28:00 GMT") > 3_000_000_000
    assert retry_after_s("soon") is None
    assert retry_after_s(None) is None
