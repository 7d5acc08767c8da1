"""The four stages in this process, for one document, without broker or database: what `dragoman translate` runs."""

from __future__ import annotations

import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from dragoman.domain.document import Document, DocumentWarning
from dragoman.domain.job import NO_ENGINE, Options, Stage, Tone
from dragoman.errors import NotAllowed, NotFound, StoreUnavailable, UnsupportedOption
from dragoman.ports import ToneModel, Translator
from pipeline import notices, translation
from pipeline.stages import tone, translate
from pipeline.stages.protect import NO_GLOSSARY, Glossary

OnProgress = Callable[[Stage, float], None]
"""Is told the stage and the share of it that is done, from 0 to 1."""

_KIB_A_MIB, _BYTES_A_MIB = 1024, 1024 * 1024


@dataclass(frozen=True, slots=True)
class Engines:
    """How a run finds its engine: `choose` by source (None: unknown) and target language, `tone_model` by what was chosen."""

    choose: Callable[[str | None, str], Translator]
    tone_model: Callable[[Translator, Tone | None, str], ToneModel | None] = lambda _engine, _tone, _lang: None


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did. `pages` of the source; `seconds` by stage; `peak_rss_mb` of this process, in MiB."""

    out: Path
    pages: int
    source_lang: str | None
    target_lang: str
    engine: str
    blocks: int = 0
    characters: int = 0
    characters_billed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    peak_rss_mb: float = 0.0
    warnings: tuple[DocumentWarning, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Plain values; pages of warnings count from 1 there."""
        values = asdict(self) | {"out": str(self.out)}
        values["seconds"] = {stage: round(seconds, 3) for stage, seconds in self.seconds.items()}
        values["warnings"] = [
            {"code": one.code, "page": None if one.page is None else one.page + 1, "message": one.message}
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

    Raises DragomanError of every kind that reading, engines and files have; UnsupportedOption if `out` is the source.
    """
    watch = _Watch(on_progress)
    with _written_whole(source, out) as unfinished:
        document = _extracted(source, options, password, max_pages, watch)
        if translate.needs_translation(document, options):
            report = _translated(
                source,
                unfinished,
                document,
                options,
                engines=engines,
                password=password,
                glossary=glossary,
                watch=watch,
            )
        else:
            shutil.copyfile(source, unfinished)
            report = _as_it_is(document, options)
    return replace(report, out=out, seconds=watch.seconds, peak_rss_mb=peak_rss_mb())


def peak_rss_mb() -> float:
    """The most memory that this process has held, in MiB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (_BYTES_A_MIB if sys.platform == "darwin" else _KIB_A_MIB), 1)  # getrusage(2) of each


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


def _extracted(source: Path, options: Options, password: str | None, max_pages: int | None, watch: _Watch) -> Document:
    from pipeline.stages.extract import extract

    with watch.stage(Stage.EXTRACT) as progress:
        return extract(
            source,
            source_lang=options.source_lang,
            pages=options.pages,
            password=password,
            max_pages=max_pages,
            on_progress=progress,
        )


def _translated(
    source: Path,
    out: Path,
    document: Document,
    options: Options,
    *,
    engines: Engines,
    password: str | None,
    glossary: Glossary,
    watch: _Watch,
) -> Report:
    from pipeline.stages.reconstruct import reconstruct

    source_lang = options.source_lang or document.source_lang
    engine = engines.choose(source_lang, options.target_lang)
    with watch.stage(Stage.TRANSLATE) as progress:
        texts = translate.segments(document, glossary)
        answers, billed = translation.translate_all(
            texts, engine, source_lang, options.target_lang, tone=options.tone, on_progress=progress
        )
        result = translate.apply(document, answers, glossary)
    model = engines.tone_model(engine, options.tone, options.target_lang)
    with watch.stage(Stage.TONE) as progress:
        if model is not None and options.tone is not None:
            polished, more = translation.rephrase_all(
                tone.segments(result), model, target_lang=options.target_lang, tone=options.tone, on_progress=progress
            )
            result, billed = tone.apply(result, polished), billed + more
    stamp = notices.stamp(engine.name)
    with watch.stage(Stage.RECONSTRUCT) as progress:
        left_out = reconstruct(
            source, result, out, options=options, password=password, stamp=stamp, on_progress=progress
        )
    said = notices.of_engine(engine, model, options)
    return _report(document, options, engine.name, billed, (*document.warnings, *said, *left_out))


def _as_it_is(document: Document, options: Options) -> Report:
    said = notices.already_in_target(options)
    return _report(document, options, NO_ENGINE, 0, (*document.warnings, said))


def _report(
    document: Document, options: Options, engine: str, billed: int, warnings: tuple[DocumentWarning, ...]
) -> Report:
    return Report(
        out=Path(),
        pages=document.page_count,
        source_lang=options.source_lang or document.source_lang,
        target_lang=options.target_lang,
        engine=engine,
        blocks=sum(block.translatable for block in document.blocks()),
        characters=document.characters(),
        characters_billed=billed,
        warnings=warnings,
    )


@contextmanager
def _written_whole(source: Path, out: Path) -> Iterator[Path]:
    """A file beside `out` that becomes `out` at the end, or vanishes with whatever is raised.

    It is made before the work starts, so that an unwritable folder costs no translation.
    """
    if out.exists() and source.exists() and out.samefile(source):
        raise UnsupportedOption("The result would overwrite the source.", advice="Please name another file with -o.")
    if out.is_dir():
        raise UnsupportedOption(f"{out} is a folder.", advice="Please name a file with -o.")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name[:40]}.", suffix=".part", dir=out.absolute().parent)
    except FileNotFoundError as error:
        raise NotFound(f"The folder {out.absolute().parent} does not exist.", advice="Please make it first.") from error
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
        raise StoreUnavailable(f"The result cannot be written: {error.strerror}.", detail=str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _umask() -> int:
    """The process's mask for new files; mkstemp does not apply it."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
