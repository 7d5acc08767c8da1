"""Names of files that a header holds in the bytes of some old encoding (pure).

RFC 5322 allows none of them, and mail programs send them all the same. Read as Latin-1 they are
told apart by what their bytes can be.
"""

from __future__ import annotations

import re

_RUN = re.compile(r"[\x80-\xff]+")
_LEVEL_1 = ("\xb0", "\xd7")  # first bytes of GB 2312's frequent characters
_FEWEST = 4  # bytes above ASCII in a row: words of Latin-1 have fewer
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff\uff61-\uff9f\u3005-\u3007\u30fc]")
_FEWEST_JAPANESE = 2  # characters: one may be an apostrophe of Windows with the letter after it


def guessed(name: str) -> str:
    """A name that was read as Latin-1, in what its bytes are: GBK, Shift JIS, else Latin-1."""
    if not any("\x80" <= char <= "\xff" for char in name) or not _is_latin(name):
        return name
    data = name.encode("latin-1")
    if _may_be_gbk(name):
        return _decoded(data, "gb18030") or name
    if re.search(r"[\x81-\x9f]", name):
        text = _decoded(data, "cp932") or ""
        strange = [char for char in text if not char.isascii()]
        if len(strange) >= _FEWEST_JAPANESE and all(_JAPANESE.match(char) for char in strange):
            return text
    return name


def _is_latin(name: str) -> bool:
    return all(char <= "\xff" for char in name)


def _may_be_gbk(name: str) -> bool:
    """Whether all of its runs of high bytes are pairs, most of them of frequent characters.

    The letters of a Cyrillic encoding are high bytes, too, but their first ones are not frequent.
    """
    runs = [found.group() for found in _RUN.finditer(name)]
    high = "".join(runs)
    if max(map(len, runs)) < _FEWEST or any(len(run) % 2 for run in runs) or min(high) < "\xa1":
        return False
    leads = high[::2]
    frequent = sum(_LEVEL_1[0] <= lead <= _LEVEL_1[1] for lead in leads)
    return 2 * frequent > len(leads)


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None
