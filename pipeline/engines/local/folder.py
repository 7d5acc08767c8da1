"""Which translation models lie in the folder of models, and what is wrong with those that cannot be
used.

One folder a direction, named after its two languages (`en-pt`, `en-zh-Hant`), holds the files as
Firefox has them, unpacked: the weights `model.*.bin`, the shortlist of likely words `lex*.bin`, and
either one vocabulary `vocab*.spm` or two of them, `srcvocab*.spm` and `trgvocab*.spm`. A
`model.json` beside them may tell sizes and SHA-256 sums; it may be missing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dragoman.domain import language
from dragoman.errors import UnknownLanguage

FACTS = "model.json"
_LANGUAGE = (
    # countries in capitals, else `en-pt` would be Portugal's English
    r"[a-z]{2,3}(?:[-_](?:[A-Za-z]{4}|[A-Z]{2}))?"
)
_NAME = re.compile(rf"({_LANGUAGE})-({_LANGUAGE})")
# the pair inside a file's name: model.enpt.intgemm.alphas.bin
_CODE = re.compile(r"\.([a-z]{4,})\.")
# Which script a plain tag means where Mozilla names none.
SCRIPTS = {"zh": "zh-Hans"}
_ADD = "Please add the model again, or delete the folder."
_CHECK_OWNER = "Please check who owns it and may read it."


@dataclass(frozen=True, slots=True)
class Model:
    """One direction.

    `source` and `target` are tags; `vocabularies` are those of the source and of the target, often
    one file.

    `sums`: SHA-256 in hexadecimal by file name, as far as they are known.
    """

    source: str
    target: str
    folder: Path
    weights: Path
    shortlist: Path
    vocabularies: tuple[Path, Path]
    sums: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def pair(self) -> str:
        """`en-pt`, as its folder is named."""
        return self.folder.name


@dataclass(frozen=True, slots=True)
class Flaw:
    """A folder that looks like a model and cannot be used: a sentence that says why, and one
    that says what to do.
    """

    folder: Path
    wrong: str
    todo: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder of models holds."""

    models: tuple[Model, ...] = ()
    flaws: tuple[Flaw, ...] = ()


def look(folder: Path) -> Found:
    """The models in `folder`, by name, and the flaws. A folder that is not there holds nothing."""
    try:
        inside = sorted(
            path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")
        )
    except FileNotFoundError:
        return Found()
    except OSError as error:
        wrong = f"The folder of translation models {folder} cannot be read: {error.strerror}."
        return Found((), (Flaw(folder, wrong, _CHECK_OWNER),))
    seen = [_model(path) for path in inside]
    models = tuple(one for one in seen if isinstance(one, Model))
    return Found(models, tuple(one for one in seen if isinstance(one, Flaw)))


def languages_of(name: str) -> tuple[str, str] | None:
    """The source and target tags that a folder's name means; None: it names no pair of
    languages.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    try:
        source, target = (language.parse(code.replace("_", "-")) for code in match.groups())
    except UnknownLanguage:
        return None
    return SCRIPTS.get(source, source), SCRIPTS.get(target, target)


def _model(folder: Path) -> Model | Flaw | None:
    """The model in `folder`, what is wrong with it, or None for a folder that is none of ours."""
    pair = languages_of(folder.name)
    if pair is None:
        return None
    try:
        files = {path.name: path for path in folder.iterdir() if path.is_file()}
        parts = _parts(files)
        facts = _facts(files.get(FACTS))
    except OSError as error:
        return _flaw(folder, f"cannot be read: {error.strerror}", _CHECK_OWNER)
    except ValueError as error:
        return _flaw(folder, str(error))
    weights, shortlist, *vocabularies = parts
    model = Model(
        *pair, folder, weights, shortlist, (vocabularies[0], vocabularies[-1]), _sums(facts)
    )
    wrong = next(_wrong(model, facts), None)
    return _flaw(folder, wrong) if wrong else model


def _parts(files: Mapping[str, Path]) -> list[Path]:
    """Weights, shortlist and one or two vocabularies.

    Raises ValueError, which says what is missing.
    """
    shared = _only(files, "vocab", ".spm")
    own = [_only(files, "srcvocab", ".spm"), _only(files, "trgvocab", ".spm")]
    wanted = {
        "weights (model.*.bin)": _only(files, "model.", ".bin"),
        "shortlist (lex*.bin)": _only(files, "lex", ".bin"),
        "vocabulary (vocab*.spm)": shared or (own[0] and own[1]),
    }
    missing = [name for name, path in wanted.items() if path is None]
    if missing:
        raise ValueError(f"is incomplete: it has no {' and no '.join(missing)}")
    vocabularies = [shared] if shared else own
    found = [*list(wanted.values())[:2], *vocabularies]
    return [path for path in found if path is not None]


def _only(files: Mapping[str, Path], start: str, end: str) -> Path | None:
    """The file with such a name.

    Raises ValueError where there are several: which one is meant cannot be told.
    """
    found = [
        path
        for name, path in sorted(files.items())
        if name.startswith(start) and name.endswith(end)
    ]
    if len(found) > 1:
        names = " and ".join(path.name for path in found)
        raise ValueError(f"holds two files where there should be one ({names})")
    return found[0] if found else None


def _facts(path: Path | None) -> dict[str, Any]:
    """What `model.json` says, nothing where it is not there. Raises ValueError or OSError."""
    if path is None:
        return {}
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"has a {FACTS} that is not JSON") from error
    return facts if isinstance(facts, dict) else {}


def _files_of(facts: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Names and facts of the files that `model.json` lists: `{"files": {"NAME": {"sha256": "…",
    "bytes": 1}}}`.
    """
    files = facts.get("files")
    for name, fact in files.items() if isinstance(files, dict) else ():
        if isinstance(fact, dict):
            yield name, fact


def _sums(facts: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: str(fact["sha256"]).lower() for name, fact in _files_of(facts) if fact.get("sha256")
    }


def _wrong(model: Model, facts: Mapping[str, Any]) -> Iterator[str]:
    """What can be seen without reading the files: sizes, and names that belong to another pair."""
    paths = (model.weights, model.shortlist, *model.vocabularies)
    sizes = {name: fact.get("bytes") for name, fact in _files_of(facts)}
    for path in paths:
        size, expected = path.stat().st_size, sizes.get(path.name)
        if size == 0:
            yield f"has an empty file {path.name}"
        elif isinstance(expected, int) and size != expected:
            yield f"has a file {path.name} of {size:,} bytes that should have {expected:,}"
    codes = {match.group(1) for path in paths if (match := _CODE.search(path.name))}
    if len(codes) > 1:
        yield f"mixes files of different models ({' and '.join(sorted(codes))})"


def _flaw(folder: Path, wrong: str, todo: str = _ADD) -> Flaw:
    return Flaw(folder, f"The translation model {folder.name} {wrong}.", todo)
