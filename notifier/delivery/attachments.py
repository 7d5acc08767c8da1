"""Which results travel with an answer (pure)."""

from __future__ import annotations

from dataclasses import replace

from notifier.delivery.answers import Answer


def with_attachments(answer: Answer, limit: int) -> Answer:
    """The answer with those results marked as attached that together stay under `limit` bytes
    of base64.
    """
    files, room = [], limit
    for file in answer.files:
        needed = encoded_size(file.result_size)
        fits = file.has_result and needed <= room
        room -= needed if fits else 0
        files.append(replace(file, attached=fits))
    return replace(answer, files=tuple(files))


def without_attachments(answer: Answer, why: str) -> Answer:
    """The answer with no result attached, since the other side did not take them; `why` as in
    `File.withheld`.
    """
    return replace(
        answer, files=tuple(replace(file, attached=False, withheld=why) for file in answer.files)
    )


def encoded_size(size: int) -> int:
    """Bytes that `size` bytes take as base64 in lines of 76 characters and a line end (RFC 2045
    6.8).
    """
    lines, rest = divmod(size, 57)
    return lines * 78 + (-(-rest // 3) * 4 + 2 if rest else 0)
