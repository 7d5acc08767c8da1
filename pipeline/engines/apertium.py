"""Apertium, a free rule-based engine, as a program of this machine: one process for a whole batch.

Starting it costs 0.2 s, then it translates about 15,000 words a second and core for related
languages. Each text travels in a paragraph of its own (`<p id="N">`), since Apertium keeps tags and
their ids; it may move tags inside a text. A text that does not come back is asked for once more
alone.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import ClassVar

from dragoman.domain import language
from dragoman.errors import EngineMisbehaved, EngineMissing, EngineUnavailable
from dragoman.ports import Answer, Batch, Capabilities, Limits
from pipeline.engines.pairs import refuse_unserved
from pipeline.engines.settings import EngineSettings

NAME = "apertium"
PROGRAM = "apertium"
LIST_TIMEOUT_S = 20.0
BATCH_TIMEOUT_S = 120.0  # a batch of LIMITS.size takes 1 to 6 s of two cores
CAPABILITIES_TTL_S = 3600.0
VERSION_LETTERS = 16
# Modes are named by ISO 639-3 or 639-1 codes, targets sometimes with a country: `eng-spa`,
# `spa-eng_US`.
_MODE = re.compile(r"([a-z]{2,3})-([a-z]{2,3})(?:_([A-Z]{2}))?")
_PARAGRAPH = re.compile(r'<p id="(\d+)">(.*?)</p>', re.DOTALL)
_BLANKS = re.compile(r" {2,}")
_STRAY = re.compile(r" ([,.](?:\s|$))")
_FILE = re.compile(r"'(/[^']+)'")  # in a mode's file
_TAG = re.compile(r"<[^<>]*>")
# soft hyphens and zero-width blanks cut words in two
_HIDDEN = str.maketrans(dict.fromkeys("\u00ad\u200b\ufeff"))


class Apertium:
    """The `Translator` that runs `apertium`."""

    name = NAME
    parallel = 1
    takes_hints = False
    limits: ClassVar[Limits] = Limits(texts=500, size=60_000)

    def __init__(self, program: str = PROGRAM, clock: Callable[[], float] = time.monotonic) -> None:
        """`program`: its name on PATH, or where it is.

        `clock` in seconds, for how long the list of pairs is believed.
        """
        self._program = program
        self._clock = clock
        self._known: tuple[float, dict[tuple[str, str], str]] | None = None

    @property
    def installed(self) -> bool:
        """Whether the program is there."""
        return shutil.which(self._program) is not None

    def capabilities(self) -> Capabilities:
        """The installed pairs. Raises EngineMissing where the program is not installed."""
        modes = self._modes()
        pairs = frozenset((source, language.base(target)) for source, target in modes)
        return Capabilities(NAME, frozenset(target for _, target in modes), pairs)

    @property
    def version(self) -> str:
        """A hash over the sizes and times of the files that the pairs are made of: another
        package, another version.
        """
        program = Path(shutil.which(self._program) or self._program)
        modes = program.resolve().parent.parent / "share" / "apertium" / "modes"
        return _fingerprint([modes / f"{mode}.mode" for mode in sorted(self._modes().values())])

    def translate(self, batch: Batch) -> Answer:
        """See `Translator.translate`. Needs `source_lang`."""
        mode = self._mode(batch.source_lang, batch.target_lang)
        texts = [text.translate(_HIDDEN) for text in batch.texts]
        wanted = [index for index, text in enumerate(texts) if _TAG.sub("", text).strip()]
        answers = self._ask(mode, {index: texts[index] for index in wanted})
        for index in wanted:
            if index not in answers:
                answers |= self._ask(mode, {index: texts[index]})
        asked = frozenset(wanted)
        if asked and not answers:
            raise EngineMisbehaved(detail=f"{mode}: none of {len(texts)} texts came back")
        return Answer(
            tuple(answers.get(at) if at in asked else text for at, text in enumerate(texts)), 0
        )

    def _modes(self) -> dict[tuple[str, str], str]:
        """(source base, target tag) -> the mode's name."""
        if self._known is None or self._clock() - self._known[0] > CAPABILITIES_TTL_S:
            self._known = (self._clock(), modes_of(self._run(["-l"], "", LIST_TIMEOUT_S)))
        return self._known[1]

    def _mode(self, source_lang: str | None, target_lang: str) -> str:
        refuse_unserved(self.capabilities(), source_lang, target_lang)
        modes = self._modes()
        source, target = language.base(source_lang or "und"), language.base(target_lang)
        return modes.get((source, target_lang)) or modes[source, target]

    def _ask(self, mode: str, texts: dict[int, str]) -> dict[int, str]:
        if not texts:
            return {}
        page = "".join(f'<p id="{index}">{text}</p>\n' for index, text in texts.items())
        answer = self._run(["-u", "-f", "html-noent", mode], page, BATCH_TIMEOUT_S)
        found = {int(number): text.strip() for number, text in _PARAGRAPH.findall(answer)}
        # Where a word falls away, Apertium leaves both of its blanks, and one before the comma that
        # follows.
        return {
            index: _STRAY.sub(r"\1", _BLANKS.sub(" ", text))
            for index, text in found.items()
            if index in texts
        }

    def _run(self, arguments: list[str], text: str, timeout_s: float) -> str:
        path = shutil.which(self._program)
        if path is None:
            raise EngineMissing("Apertium is not installed on this server.", detail=self._program)
        # Only what it needs of the environment: no key goes to another program.
        environment = {
            name: os.environ[name]
            for name in ("PATH", "HOME", "TMPDIR", "LANG")
            if name in os.environ
        }
        with subprocess.Popen(
            [path, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        ) as process:
            try:
                out, err = process.communicate(text.encode(), timeout=timeout_s)
            except subprocess.TimeoutExpired as error:
                raise EngineUnavailable(
                    detail=f"apertium took more than {timeout_s:g} s"
                ) from error
            finally:
                _end(process)
        if process.returncode != 0:
            raise EngineMisbehaved(
                detail=(
                    f"apertium ended with {process.returncode}:"
                    f" {err.decode(errors='replace')[:300]}"
                )
            )
        return out.decode(errors="replace")


def modes_of(listing: str) -> dict[tuple[str, str], str]:
    """(source base, target tag) -> mode, of what `apertium -l` prints.

    Variants that no tag can name are left out.
    """
    found: dict[tuple[str, str], str] = {}
    for mode in listing.split():
        if match := _MODE.fullmatch(mode):
            source, target, country = match.groups()
            tag = f"{_short(target)}-{country}" if country else _short(target)
            found.setdefault((_short(source), tag), mode)
    return found


def _fingerprint(modes: Iterable[Path]) -> str:
    """16 hexadecimal digits; a mode whose file is somewhere else counts by its name."""
    found = hashlib.sha256()
    for mode in modes:
        found.update(mode.name.encode())
        with suppress(OSError):
            for name in sorted(set(_FILE.findall(mode.read_text()))):
                about = Path(name).stat()
                found.update(f"{name} {about.st_size} {int(about.st_mtime)}".encode())
    return found.hexdigest()[:VERSION_LETTERS]


def _short(code: str) -> str:
    """The short tag of an ISO 639 code: `es` of `spa`."""
    from babel.core import get_global

    return str(get_global("language_aliases").get(code, code))


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the whole pipeline, not only the shell that started it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)


def build(settings: EngineSettings) -> Apertium | None:
    """Apertium, if it is installed."""
    return program if (program := _program()).installed else None


@cache
def _program() -> Apertium:
    return Apertium()
