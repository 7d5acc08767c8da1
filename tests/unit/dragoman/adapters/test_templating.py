"""Words for people: numbers rounded, HTML escaped, a forgotten name an error."""

from __future__ import annotations

import pytest
from jinja2 import UndefinedError

from dragoman.adapters import templating


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "1 second"),
        (0.4, "1 second"),
        (1, "1 second"),
        (40, "40 seconds"),
        (60, "1 minute"),
        (89, "89 seconds"),
        (90, "2 minutes"),
        (170, "3 minutes"),
        (3600, "1 hour"),
        (5399, "90 minutes"),
        (7200, "2 hours"),
    ],
)
def test_duration(seconds, words):
    assert templating.duration(seconds) == words


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "1 KB"),
        (12_345, "12 KB"),
        (999_999, "1000 KB"),
        (3_400_000, "3.4 MB"),
        (10**9, "1000.0 MB"),
    ],
)
def test_size(count, words):
    assert templating.size(count) == words


def test_templates_are_the_repository_s():
    assert (templating.template_root().parent / "pyproject.toml").is_file()


def test_html_is_escaped_and_text_is_not():
    environment = templating.environment()
    for name, expected in (("a.html", "&lt;b&gt;"), ("a.svg", "&lt;b&gt;"), ("a.txt", "<b>")):
        escape = environment.autoescape(name)
        made = environment.overlay(autoescape=escape).from_string("{{ value }}")
        assert made.render(value="<b>") == expected


def test_forgotten_name_is_an_error():
    with pytest.raises(UndefinedError):
        templating.environment().from_string("{{ nobody_gave_this }}").render()


def test_filters_speak_of_languages():
    made = templating.environment().from_string(
        "{{ 'pt-BR' | language }}, {{ 90 | duration }}, {{ 5000 | size }}"
    )
    assert made.render() == "Portuguese (Brazil), 2 minutes, 5 KB"


def test_every_template_can_be_read():
    environment = templating.environment()
    for name in environment.list_templates(extensions=["html", "txt", "svg"]):
        assert environment.get_template(name)
