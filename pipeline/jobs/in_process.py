"""The four stages in this process, for one document, without broker or database: what `dragoman
translate` runs.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dragoman.domain.document import Document, DocumentWarning, Gist
from dragoman.domain.job import NO_ENGINE, Options, Stage, Tone
from dragoman.domain.os_errors import of_disk
from dragoman.errors import NotAllowed, NotFound, StoreUnavailable, UnsupportedOption
from dragoman.ports import NO_TOKENS, Tokens, ToneModel, Translator
from pipeline.sandbox import calls
from pipeline.sandbox.client import confined, usage
from pipeline.stages import tone, translate
from pipeline.stages.checks import Doubt
from pipeline.stages.extract import gist, judge
from pipeline.stages.protection import NO_GLOSSARY, Glossary
from pipeline.translation import batches, document_context, result_warnings

OnProgress = Callable[[Stage, float], None]
"""Is told the stage and the share of it that is done, from 0 to 1."""

OnShare = Callable[[float], None]
"""Is told the share of its work that is done, from 0 to 1."""

_KIB_A_MIB, _BYTES_A_MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Engines:
    """How a run finds its engine: `choose` by source (None: unknown) and target language,
    `tone_model` by what was chosen; and `bill`, what its characters and tokens came to.
    """

    choose: Callable[[str | None, str], Translator]
    tone_model: Callable[[Translator, Tone | None, str], ToneModel | None] = (
        lambda _engine, _tone, _lang: None
    )
    bill: Callable[[Translator, int, Tokens], float | None] = lambda _engine, _count, _tokens: None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did.

    `pages` of the source; `cost` in the currency that the prices of the settings are in, None:
    nothing, or there is no price; `seconds` by stage; `peak_rss_mb` of this process, in MiB.
    """

    out: Path
    pages: int
    source_lang: str | None
    target_lang: str
    engine: str
    blocks: int = 0
    characters: int = 0
    characters_billed: int = 0
    tokens: Tokens = NO_TOKENS
    cost: float | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    peak_rss_mb: float = 0.0
    warnings: tuple[DocumentWarning, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; pages of warnings count from 1 there."""
        values = asdict(self) | {"out": str(self.out)}
        values["seconds"] = {stage: round(seconds, 3) for stage, seconds in self.seconds.items()}
        values["warnings"] = [
            {
                "code": one.code,
                "page": None if one.page is None else one.page + 1,
                "message": one.message,
            }
            for one in self.warnings
        ]
        return values


def run(
    source: Path,
    out: Path,
    options: Options,
    engines: Engines,
    *,
    password: str | None = None,
    glossary: Glossary = NO_GLOSSARY,
    max_pages: int | None = None,
    on_progress: OnProgress = lambda _stage, _share: None,
) -> Report:
    """Translate `source` into `out`, which appears whole or not at all.

    Raises DragomanError of every kind that reading, engines and files have; UnsupportedOption if
    `out` is the source.
    """
    watch = _Watch(on_progress)
    with _written_whole(source, out) as unfinished, tempfile.TemporaryDirectory() as folder:
        work = _Work(source, unfinished, Path(folder), options, engines, password, glossary, watch)
        read = work.extract(max_pages)
        gists = [part.gist for part in read.parts]
        document = replace(
            read.shell, source_lang=judge(gists, options.source_lang, options.target_lang)
        )
        if translate.needs_translation(document, options):
            report = work.translated(replace(read, shell=document))
        else:
            shutil.copyfile(source, unfinished)
            report = work.report(
                replace(read, shell=document),
                NO_ENGINE,
                0,
                (result_warnings.already_in_target(options),),
            )
    return replace(report, out=out, seconds=watch.seconds, peak_rss_mb=peak_rss_mb())


def peak_rss_mb() -> float:
    """The most memory that this process, or a child of it, has held, in MiB."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    peak = max(_own_peak(), children, usage.peak)
    # getrusage(2) of each
    return round(peak / (_BYTES_A_MIB if sys.platform == "darwin" else _KIB_A_MIB), 1)


def _own_peak() -> int:
    """This program's own peak: Linux's `ru_maxrss` begins with that of the process that started
    it (getrusage(2), execve(2)).
    """
    with suppress(OSError, StopIteration, ValueError):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line for line in lines if line.startswith("VmHWM:")).split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


class _Watch:
    """Measures the stages and passes their progress on."""

    def __init__(self, on_progress: OnProgress) -> None:
        self.seconds: dict[str, float] = {}
        self._on_progress = on_progress

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[Callable[[float], None]]:
        start = time.perf_counter()
        self._on_progress(stage, 0.0)
        try:
            yield lambda share: self._on_progress(stage, share)
        finally:
            self.seconds[stage.value] = time.perf_counter() - start
        self._on_progress(stage, 1.0)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A range of pages between two stages: its document as a file, what it is about, and how
    many blocks it has to do.
    """

    path: Path
    gist: Gist
    blocks: int
    warnings: tuple[DocumentWarning, ...]

    def load(self) -> Document:
        return calls.document_in(self.path)

    def save(self, document: Document) -> None:
        calls.keep(self.path, document)


def _kept(path: Path) -> _Kept:
    document = calls.document_in(path)
    blocks = sum(block.translatable for block in document.blocks())
    return _Kept(path, gist(document), blocks, document.warnings)


@dataclass(frozen=True, slots=True)
class _Read:
    """What the extract stage left: the document without its pages, and the ranges of these."""

    shell: Document
    parts: tuple[_Kept, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    """One document on its way.

    At any time one range of pages is in memory, so a long file takes no more than a short one.
    """

    source: Path
    out: Path
    folder: Path
    options: Options
    engines: Engines
    password: str | None
    glossary: Glossary
    watch: _Watch

    def extract(self, max_pages: int | None) -> _Read:
        with self.watch.stage(Stage.EXTRACT) as progress:
            scratch = self.folder / "read"
            scratch.mkdir()
            shell, paths = calls.extract_ranges(
                lambda call: confined(call, progress),
                scratch,
                self.source,
                self.options,
                password=self.password,
                max_pages=max_pages,
            )
        return _Read(shell, tuple(map(_kept, paths)))

    def translated(self, read: _Read) -> Report:
        options, source_lang = self.options, read.shell.source_lang
        engine = self.engines.choose(source_lang, options.target_lang)
        with self.watch.stage(Stage.TRANSLATE) as progress:
            shell, billed, tokens = self._translate(read, engine, progress)
        model = self.engines.tone_model(engine, options.tone, options.target_lang)
        with self.watch.stage(Stage.TONE) as progress:
            if model is not None and options.tone is not None:
                billed += self._rephrase(read.parts, model, options.tone, progress)
        with self.watch.stage(Stage.RECONSTRUCT) as progress:
            left_out = self._reconstruct(shell, read.parts, engine.name, progress)
        said = (
            *result_warnings.of_engine(engine, model, options),
            *self._doubted(engine.name, read.parts),
            *left_out,
        )
        cost = self.engines.bill(engine, billed, tokens)
        report = self.report(read, engine.name, billed, said)
        return replace(report, tokens=tokens, cost=None if cost is None else round(cost, 6))

    @staticmethod
    def _doubted(engine: str, parts: Sequence[_Kept]) -> Iterator[DocumentWarning]:
        for part in parts:
            document = part.load()
            yield from (*document.warnings, *result_warnings.of_figures(engine, document))

    def _translate(
        self, read: _Read, engine: Translator, progress: OnShare
    ) -> tuple[Document, int, Tokens]:
        """The labels translated, and what all of it cost; the parts are translated where they
        are kept.
        """
        memory, billed = _Memory(), 0
        source_lang, target_lang = read.shell.source_lang, self.options.target_lang
        glossary = self.glossary.of(source_lang)
        held = document_context.held_back(engine, glossary, source_lang, target_lang)

        def done(document: Document, told: OnShare) -> Document:
            nonlocal billed
            doubts: dict[str, Doubt] = {}
            answers, more = batches.translate_all(
                translate.segments(document, held),
                engine,
                source_lang,
                target_lang,
                tone=self.options.tone,
                memory=memory,
                hints=document_context.hints_of(engine, document, glossary),
                on_progress=told,
                on_doubt=doubts.__setitem__,
            )
            billed += more
            whole = translate.apply(document, answers, held)
            said = result_warnings.of_words(
                whole, doubts, held=held, glossary=glossary, target_lang=target_lang
            )
            return replace(whole, warnings=(*whole.warnings, *said))

        first, *others = read.parts
        # The labels go with the first range: a short document is one request.
        both = done(
            replace(first.load(), labels=read.shell.labels), _share_of(progress, 0, len(read.parts))
        )
        first.save(both)
        for place, part in enumerate(others, start=1):
            part.save(done(part.load(), _share_of(progress, place, len(read.parts))))
        return replace(read.shell, labels=both.labels), billed, memory.spent

    def _rephrase(
        self, parts: Sequence[_Kept], model: ToneModel, wanted: Tone, progress: OnShare
    ) -> int:
        memory, billed = _Memory(), 0
        for place, part in enumerate(parts):
            document = part.load()
            polished, more = batches.rephrase_all(
                tone.segments(document),
                model,
                target_lang=self.options.target_lang,
                tone=wanted,
                memory=memory,
                on_progress=_share_of(progress, place, len(parts)),
            )
            part.save(tone.apply(document, polished))
            billed += more
        return billed

    def _reconstruct(
        self, shell: Document, parts: Sequence[_Kept], engine: str, told: OnShare
    ) -> tuple[DocumentWarning, ...]:
        made, do = self.folder / "result.pdf", lambda call: confined(call, told)
        options, password = self.options, self.password
        stamp, mark = result_warnings.stamp(engine), result_warnings.mark(engine)
        if len(parts) == 1:
            whole = replace(parts[0].load(), source_lang=shell.source_lang)
            said = calls.reconstruct(
                do,
                self.folder,
                self.source,
                whole,
                made,
                options=options,
                mark=mark,
                password=password,
                stamp=stamp,
            )
        else:
            paths = [part.path for part in parts]
            said = calls.set_ranges(
                do,
                self.folder,
                self.source,
                shell,
                paths,
                out=made,
                options=options,
                password=password,
                stamp=stamp,
                mark=mark,
            )
        shutil.copyfile(made, self.out)
        return said

    def report(
        self, read: _Read, engine: str, billed: int, said: Sequence[DocumentWarning]
    ) -> Report:
        from pipeline.stages.reconstruct import once

        return Report(
            out=self.out,
            pages=read.shell.page_count,
            source_lang=read.shell.source_lang,
            target_lang=self.options.target_lang,
            engine=engine,
            blocks=sum(part.blocks for part in read.parts),
            characters=sum(part.gist.characters for part in read.parts),
            characters_billed=billed,
            warnings=once([*(one for part in read.parts for one in part.warnings), *said]),
        )


class _Memory(batches.NoMemory):
    """What this run has paid for, so that no range pays for it again."""

    def __init__(self) -> None:
        self._answers: dict[str, str] = {}
        self.spent = NO_TOKENS

    def recall(self, keys: Sequence[str]) -> Mapping[str, str]:
        return {key: self._answers[key] for key in keys if key in self._answers}

    def remember(self, answers: Mapping[str, str], billed: int, tokens: Tokens = NO_TOKENS) -> None:
        self._answers |= answers
        self.spent += tokens


def _share_of(told: OnShare, place: int, count: int) -> OnShare:
    """What one of `count` equal parts is told its progress by."""
    return lambda share: told((place + share) / count)


@contextmanager
def _written_whole(source: Path, out: Path) -> Iterator[Path]:
    """A file beside `out` that becomes `out` at the end, or vanishes with whatever is raised.

    It is made before the work starts, so that an unwritable folder costs no translation.
    """
    if out.exists() and source.exists() and out.samefile(source):
        raise UnsupportedOption(
            "The result would overwrite the source.", advice="Please name another file with -o."
        )
    if out.is_dir():
        raise UnsupportedOption(f"{out} is a folder.", advice="Please name a file with -o.")
    try:
        handle, name = tempfile.mkstemp(
            prefix=f".{out.name[:40]}.", suffix=".part", dir=out.absolute().parent
        )
    except FileNotFoundError as error:
        raise NotFound(
            f"The folder {out.absolute().parent} does not exist.", advice="Please make it first."
        ) from error
    except OSError as error:
        message = f"The folder {out.absolute().parent} cannot be written to: {error.strerror}."
        raise NotAllowed(message, advice="Please name another place with -o.") from error
    os.close(handle)
    unfinished = Path(name)
    try:
        yield unfinished
        unfinished.chmod(0o666 & ~_umask())
        unfinished.replace(out)
    except OSError as error:
        cause = of_disk(error) or StoreUnavailable(
            f"The result cannot be written: {error.strerror}.", detail=str(error)
        )
        raise cause from error
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    """The process's mask for new files; mkstemp does not apply it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
