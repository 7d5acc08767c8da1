"""What a language model wrote, as translations by number. Pure.

Models wrap JSON in fences, think aloud before it, leave control characters in strings, repeat
numbers, invent others, and stop in the middle.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from typing import Any

from pipeline.engines.openai.prompts import Form

_THOUGHT = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL | re.IGNORECASE)
_UNENDED_THOUGHT = re.compile(r"\A\s*<think>(?!.*</think>).*\Z", re.DOTALL | re.IGNORECASE)
_ITEM = re.compile(r'\{\s*"i"\s*:\s*"?(\d+)"?\s*,\s*"s"\s*:\s*("(?:[^"\\]|\\.)*")\s*\}', re.DOTALL)
_LINE = re.compile(r'^\s*"?\[?(\d+)\]?"?\s*[:|.\t]\s*(\S.*?)\s*$', re.MULTILINE)


def read(text: str, form: Form, wanted: Collection[int]) -> dict[int, str]:
    """The translations in a reply, of the numbers that are wanted.

    One that comes twice is none: which is meant cannot be told.
    """
    said = without_thought(text)
    found: dict[int, str] = {}
    twice: set[int] = set()
    for number, words in _lines(said) if form is Form.LINES else _items(said):
        if number in found:
            twice.add(number)
        found[number] = words
    return {
        number: words for number, words in found.items() if number in wanted and number not in twice
    }


def without_thought(text: str) -> str:
    """A reply without what its model thought aloud before it."""
    return _UNENDED_THOUGHT.sub("", _THOUGHT.sub("", text))


def _lines(said: str) -> Iterator[tuple[int, str]]:
    if said.lstrip().startswith("{"):
        yield from _items(said)
        return
    for match in _LINE.finditer(said):
        yield int(match.group(1)), match.group(2)


def _items(said: str) -> Iterator[tuple[int, str]]:
    start, end = said.find("{"), said.rfind("}")
    try:
        whole = json.loads(said[start : end + 1], strict=False) if start >= 0 else None
    except ValueError:
        whole = None
    if isinstance(whole, dict) and isinstance(whole.get("t"), list):
        yield from _of_list(whole["t"])
        return
    for match in _ITEM.finditer(said):  # of an answer that was cut, what is whole
        try:
            yield int(match.group(1)), json.loads(match.group(2), strict=False)
        except ValueError:
            continue


def _of_list(items: list[Any]) -> Iterator[tuple[int, str]]:
    for item in items:
        if not isinstance(item, dict) or not isinstance(item.get("s"), str):
            continue
        number = item.get("i")
        if isinstance(number, int) or (isinstance(number, str) and number.isdecimal()):
            yield int(number), item["s"]
