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
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from dragoman.domain import language
from dragoman.errors import (
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    UnsupportedPair,
    UnsupportedTarget,
)
from dragoman.ports import Answer, Batch, Capabilities, Limits
from pipeline.engines import apertium_lemmas
from pipeline.engines.apertium_lemmas import Lemma, dumped
from pipeline.engines.pairs import refuse_unserved
from pipeline.engines.settings import EngineSettings
from pipeline.stages.word_forms import forms, plural

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
# The step that looks words up in the dictionary of both languages, and the first one, which knows
# the source's words.
_LOOKUP = re.compile(r"lt-proc -b '[^'|]*autobil\.bin'")
_GENERATOR = re.compile(r"lt-proc \$1 '([^'|]*autogen\.bin)'")
_ANALYSER = re.compile(r"\Alt-proc (?:-\w+ )*'([^'|]*automorf\.bin)'")
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

    def takes_terms(self, source_lang: str | None, target_lang: str) -> bool:
        """See `Translator.takes_terms`."""
        try:
            mode = self._mode(source_lang, target_lang)
        except (UnsupportedPair, UnsupportedTarget):
            return False
        return _LOOKUP.search(self._mode_file(mode)) is not None

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
        modes = sorted(self._modes().values())
        return _fingerprint([self._folder / f"{mode}.mode" for mode in modes])

    @property
    def _folder(self) -> Path:
        """Where the modes are."""
        program = Path(shutil.which(self._program) or self._program)
        return program.resolve().parent.parent / "share" / "apertium" / "modes"

    def _mode_file(self, mode: str) -> str:
        """The pipeline of a mode, as a line of a shell; empty: it is not to be had."""
        try:
            return (self._folder / f"{mode}.mode").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return ""

    def translate(self, batch: Batch) -> Answer:
        """See `Translator.translate`. Needs `source_lang`."""
        mode = self._mode(batch.source_lang, batch.target_lang)
        texts = [text.translate(_HIDDEN) for text in batch.texts]
        wanted = [index for index, text in enumerate(texts) if _TAG.sub("", text).strip()]
        with self._way(mode, batch) as way:
            answers = self._ask(way, {index: texts[index] for index in wanted})
            for index in wanted:
                if index not in answers:
                    answers |= self._ask(way, {index: texts[index]})
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

    @contextmanager
    def _way(self, mode: str, batch: Batch) -> Iterator[list[str]]:
        """The program's arguments for a mode: where terms are given, for a copy of it that puts
        them in.
        """
        pipeline = self._mode_file(mode) if batch.terms else ""
        if not _LOOKUP.search(pipeline):
            yield [mode]
            return
        with TemporaryDirectory(prefix="dragoman-terms-") as name:
            folder = Path(name)
            last = language.base(batch.source_lang or "") == "en"
            terms = dumped(self._lemmas(mode, batch), head_is_last=last)
            (folder / "terms.json").write_text(terms, encoding="utf-8")
            program = f"'{sys.executable}' -I -m {apertium_lemmas.__name__} '{folder}/terms.json'"
            (folder / "modes").mkdir()
            changed = _LOOKUP.sub(lambda found: f"{found[0]} | {program}", pipeline, count=1)
            (folder / "modes" / f"{mode}.mode").write_text(changed, encoding="utf-8")
            yield ["-d", str(folder), mode]

    def _lemmas(self, mode: str, batch: Batch) -> list[Lemma]:
        """The terms of a batch, with the genders of those that the target's dictionary has."""
        analyser, generator = self._analyser(mode), _GENERATOR.search(self._mode_file(mode))
        found = []
        for term in batch.terms:
            head, _, rest = term.target.partition(" ")
            gender = None
            if analyser and generator:
                gender = self._gender(analyser, generator[1], head)
            words = tuple(
                (word, *sorted(forms(word, batch.source_lang) - {word}))
                for word in term.source.casefold().split()
            )
            several = plural(head, batch.target_lang) if head.islower() else None
            found.append(Lemma(words, head, rest.strip(), gender, several))
        return found

    def _analyser(self, mode: str) -> str | None:
        """The dictionary of the words of a mode's target, which is another mode's first step."""
        target = mode.split("-")[1].partition("_")[0]
        for other in sorted(self._modes().values()):
            first = _ANALYSER.search(self._mode_file(other)) if other.startswith(target) else None
            if first:
                return first[1]
        return None

    def _gender(self, analyser: str, generator: str, noun: str) -> str | None:
        """The gender of a noun that the dictionaries know and can write; None: they cannot."""
        gender = apertium_lemmas.gender_of(self._looked_up("-w", analyser, noun))
        if gender is None:
            return None
        written = self._looked_up("-g", generator, f"^{noun}<n>{gender}<pl>$")
        return None if "#" in written else gender  # one pair's dictionary has fewer words

    @staticmethod
    @lru_cache(4096)
    def _looked_up(option: str, dictionary: str, word: str) -> str:
        """What a dictionary says of a word; empty: it cannot be asked."""
        program = shutil.which("lt-proc")
        if program is None:
            return ""
        try:
            asked = subprocess.run(
                [program, option, dictionary],
                input=f"{word}\n".encode(),
                capture_output=True,
                timeout=LIST_TIMEOUT_S,
                check=True,
            )
        except (OSError, subprocess.SubprocessError):
            return ""
        return asked.stdout.decode(errors="replace")

    def _ask(self, way: list[str], texts: dict[int, str]) -> dict[int, str]:
        if not texts:
            return {}
        page = "".join(f'<p id="{index}">{text}</p>\n' for index, text in texts.items())
        answer = self._run(["-u", "-f", "html-noent", *way], page, BATCH_TIMEOUT_S)
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
