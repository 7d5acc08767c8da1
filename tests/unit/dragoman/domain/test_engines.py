"""Who may use which engines, and what is taken for the wish that a document be kept in house."""

from __future__ import annotations

import pytest

from dragoman.domain import engines
from dragoman.domain.specs.engine_specs import in_house

NAMES = frozenset({"deepl", "local", "apertium", "pseudo"})


@pytest.mark.parametrize(
    "words",
    [
        "To German, keep in house please",
        "Please keep this document in-house.",
        "This must stay in house",
        "to French, in-house only",
        "Please do not send it outside",
        "don't send this out",
        "Bitte auf Englisch, im Haus behalten",
        "Das bleibt im Haus",
        "auf Englisch, nur hausintern",
        "en anglais, uniquement en interne",
        "al inglés, solo internamente",
        "in inglese, solo internamente",
        "para inglês, apenas internamente",
        "naar het Engels, alleen intern",
        "na angielski, tylko wewnętrznie",
        "英語に翻訳してください。社外に送らないでください",
        "社内限りでお願いします",
        "翻译成英文，仅限内部",
        "keep it\nin house",
    ],
)
def test_wishes(words: str) -> None:
    assert engines.wants_in_house(words)


@pytest.mark.parametrize(
    "words",
    [
        "to German",
        "This email and its attachments are confidential.",
        "The in-house magazine, to French please",
        "Diese E-Mail ist vertraulich.",
        "Translate the house rules to German",
        "Please send it out to me when it is done",
        "Keep the layout, to German",
        "",
    ],
)
def test_what_is_no_such_wish(words: str) -> None:
    assert not engines.wants_in_house(words)


def rules(text: str) -> engines.Rules:
    return engines.parse_rules(text, NAMES)


@pytest.mark.parametrize(
    ("text", "channel", "owner", "names"),
    [
        ("", "email", "ana@example.org", None),
        ("local+apertium", "email", "ana@example.org", {"local", "apertium"}),
        ("slack=local", "email", "ana@example.org", None),
        ("slack=local", "slack", "slack:T1:U1", {"local"}),
        ("local, slack = deepl+local", "slack", "slack:T1:U1", {"deepl", "local"}),
        ("web=local,token:ci=deepl", "web", "web:ci", {"deepl"}),
        ("web=local,token:ci=deepl", "web", "web:CI", {"deepl"}),
        ("web=local,token:ci=deepl", "web", "web:other", {"local"}),
        # asked for again on its page
        ("email=local,web=deepl+local", "web", "ana@example.org", {"local"}),
        ("email=local,web=deepl", "web", "ana@example.org", set()),
        ("token:ci=deepl", "email", "web:ci@example.org", None),
    ],
)
def test_allowed(text: str, channel: str, owner: str, names: set[str] | None) -> None:
    found = engines.allowed(rules(text), channel=channel, owner=owner)
    assert found == (None if names is None else frozenset(names))


def test_what_is_to_be_kept_in_house_is_given_to_no_engine_outside_whatever_the_rules_say() -> None:
    for text in ("", "deepl", "email=deepl+local", "deepl+apertium+local"):
        found = engines.allowed(
            rules(text), channel="email", owner="ana@example.org", only=in_house()
        )
        assert found is not None
        assert found <= in_house()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("google", "'google' is no engine; write one of apertium, deepl"),
        ("fax=local", "'fax' is nobody; write email, slack, web or token:NAME"),
        ("token:=local", "is nobody"),
        ("slack=", "'' is no engine"),
        ("slack=local,slack=deepl", "'slack' is named twice"),
        ("local,deepl", "'everybody' is named twice"),
    ],
)
def test_rules_that_cannot_be_read_say_what_to_write(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        rules(text)


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://192.168.1.7:8000/v1", True),
        ("http://10.0.0.2/v1", True),
        ("http://localhost:11434", True),
        ("http://ollama:11434/v1", True),
        ("http://llm.corp/v1", True),
        ("http://host.docker.internal:11434", True),
        ("https://api.openai.com/v1", False),
        ("https://8.8.8.8/v1", False),
        ("https://localhost.example.com/v1", False),
        ("https://internal.example.com", False),
        ("https://evil.test/?x=.internal", False),
        ("", False),
        (None, False),
    ],
)
def test_own_hosts(url: str | None, own: bool) -> None:
    assert engines.is_own_host(url) is own
    assert ("openai" in engines.in_house({"openai_base_url": url}.get)) is own
    assert ("libretranslate" in engines.in_house({"libretranslate_url": url}.get)) is own
