"""Our tags in the short form that language models keep best, and back: `<g id="1">…</g>` is
`<g1>…</g1>`. Pure.
"""

from __future__ import annotations

import re

_OURS = re.compile(r'<(/?)([gx])\b(?:\s+id="(\d+)")?\s*/?>')
_THEIRS = re.compile(
    r'<\s*(/?)\s*([gx])(?:\s*id\s*=\s*["\']?)?\s*(\d*)["\']?\s*(/?)\s*>', re.IGNORECASE
)
_BARE_AMPERSAND = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#39|#x27);)")


def shortened(text: str) -> str:
    """A text of a `Batch` as it is sent."""
    open_: list[str] = []

    def short(match: re.Match[str]) -> str:
        slash, kind, number = match.groups()
        if kind == "x":
            return f"<x{number}/>"
        if slash:
            return f"</g{open_.pop()}>" if open_ else ""
        open_.append(number)
        return f"<g{number}>"

    return _OURS.sub(short, text)


def restored(answer: str) -> str:
    """A model's answer as XML of ours. What is no tag of ours is text, and escaped as such."""
    parts: list[str] = []
    end = 0
    for tag in _THEIRS.finditer(answer):
        parts += [_text(answer[end : tag.start()]), _long(*tag.groups())]
        end = tag.end()
    return "".join([*parts, _text(answer[end:])])


def _long(slash: str, kind: str, number: str, _closed: str) -> str:
    if kind in "xX":
        return "" if slash else f'<x id="{number}"/>'
    return "</g>" if slash else f'<g id="{number}">'


def _text(text: str) -> str:
    return _BARE_AMPERSAND.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
