"""Actions thrown together at random, cleaned, and looked for by another program's eyes (qpdf)."""

from __future__ import annotations

import json
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from pipeline.pdf.container.sanitizing import clean
from tests.pdfs import LOREM, make
from tests.servers.process import find, missing, needs

FILES = 40
OBJECTS = 25
DEEPEST = 4
TYPES = (
    "JavaScript",
    "Launch",
    "GoToR",
    "GoToE",
    "Thread",
    "SubmitForm",
    "ImportData",
    "Named",
    "Hide",
    "Movie",
    "Rendition",
    "Sound",
    "SetOCGState",
    "ResetForm",
    "Trans",
    "GoTo3DView",
    "RichMediaExecute",
    "GoToDp",
    "Foo",
)
HOLDERS = (
    "A",
    "PA",
    "NA",
    "OpenAction",
    "Next",
    "AA",
    "Dests",
    "Kids",
    "Foo",
    "P",
    "K",
    "D",
    "Names",
    "First",
)
BEGINNINGS = (
    "http://",
    "https:",
    "mailto:",
    "tel:",
    "javascript:",
    "java\\nscript:",
    "\\001 JaVaScRiPt:",
    "file:///",
    "//",
    "\\\\\\\\",
    "data:text/html,",
    "vbscript:",
    "smb://",
    "www.",
    "",
    "ftp://",
    "\\357\\273\\277javascript:",
    "ms-word:ofe|u|",
)
WEB = ("http:", "https:", "mailto:", "tel:")


class Dice:
    """Random PDF values by one seed."""

    def __init__(self, seed: int, objects: range) -> None:
        self.random = random.Random(seed)
        self.objects = objects

    def action(self, depth: int = 0) -> str:
        kind = self.random.choice((*TYPES, "URI", "URI", "GoTo"))
        entries = [f"/S/{kind}", *self._beside(kind)]
        if self.random.random() < 0.3 and depth < DEEPEST:
            entries.append(
                "/Next"
                f" {self.random.choice((self.action(depth + 1), f'[{self.action(depth + 1)}]'))}"
            )
        self.random.shuffle(entries)
        return f"<<{''.join(entries)}>>"

    def _beside(self, kind: str) -> Iterator[str]:
        if kind == "URI":
            yield f"/URI({self.random.choice(BEGINNINGS)}evil.example/a b)"
        elif kind == "GoTo":
            yield self.random.choice(("/D[0/Fit]", "/D(name)", f"/D {self.value(DEEPEST)}"))
        else:
            yield self.random.choice(
                ("/F(\\\\\\\\evil\\\\x)", "/JS(evil())", "/Win<</F(evil)>>", "")
            )
        if self.random.random() < 0.3:
            yield self.random.choice(
                ("/P 1 0 R", "/Type/Action", "/Type/StructElem", "/K 0", "/O/Layout")
            )

    def value(self, depth: int = 0) -> str:
        roll = self.random.random()
        if roll < 0.35:
            return self.action(depth)
        if roll < 0.55:
            return f"{self.random.choice(self.objects)} 0 R"
        if depth >= DEEPEST:
            return "7"
        if roll < 0.75:
            return f"[{' '.join(self.value(depth + 1) for _ in range(self.random.randint(1, 3)))}]"
        held = {
            self.random.choice(HOLDERS): self.value(depth + 1)
            for _ in range(self.random.randint(1, 3))
        }
        return f"<<{''.join(f'/{key} {value}' for key, value in held.items())}>>"


def hostile(path: Path, seed: int) -> None:
    """A page with a link, an outline, a field and `OBJECTS` objects, all of them holding what
    the dice say.
    """
    with pymupdf.open(make(path.with_name(f"plain{seed}.pdf"), LOREM)) as pdf:
        start = pdf.xref_length()
        for _ in range(OBJECTS):
            pdf.update_object(pdf.get_new_xref(), "null")
        dice = Dice(seed, range(start, start + OBJECTS))
        for number in dice.objects:
            pdf.update_object(number, dice.value())
        annotations = []
        for kind in ("Link", "Widget/FT/Btn/T(b)", "Text"):
            annotations.append(pdf.get_new_xref())
            held = f"/{dice.random.choice(('A', 'PA', 'AA'))} {dice.value()}"
            pdf.update_object(
                annotations[-1], f"<</Type/Annot/Subtype/{kind}/Rect[9 9 99 99]{held}>>"
            )
        pdf.xref_set_key(
            pdf.page_xref(0), "Annots", f"[{' '.join(f'{one} 0 R' for one in annotations)}]"
        )
        pdf.xref_set_key(pdf.pdf_catalog(), "OpenAction", dice.value())
        pdf.xref_set_key(pdf.pdf_catalog(), "Later", dice.value())
        path.write_bytes(pdf.tobytes())


def objects_of(path: Path) -> dict[str, Any]:
    """Everything in the file as qpdf reads it, by what other objects call it (`12 0 R`)."""
    program = find("qpdf") or missing("qpdf", "qpdf")
    done = subprocess.run(
        [program, "--json=2", "--json-key=qpdf", "--json-stream-data=none", str(path)],
        capture_output=True,
        check=True,
    )
    return {
        name.removeprefix("obj:"): thing
        for name, thing in json.loads(done.stdout)["qpdf"][1].items()
    }


def dictionaries(thing: Any) -> Iterator[dict[str, Any]]:
    if isinstance(thing, dict):
        yield thing
    members = (
        thing.values() if isinstance(thing, dict) else thing if isinstance(thing, list) else ()
    )
    for member in members:
        yield from dictionaries(member)


def wrongs(objects: dict[str, Any]) -> list[str]:
    """All that a forgiving reader could act on."""
    return [
        wrong for one in dictionaries(objects) for wrong in (*_inside(one), *_held(one, objects))
    ]


def _inside(thing: dict[str, Any]) -> Iterator[str]:
    """An element of the structure may be called like an action, as long as it has nothing that
    only an action has.
    """
    kind = thing.get("/S", "")
    if kind in {f"/{one}" for one in TYPES} - {"/Foo"} and set(thing) - {"/S", "/P", "/K", "/Type"}:
        yield f"action {kind}"
    yield from (f"entry {key}" for key in ("/JS", "/AA") if key in thing)
    if kind in {"/GoTo", "/URI"} and "/Next" in thing:
        yield "second action"
    address = thing.get("/URI")
    if isinstance(address, str) and not address.removeprefix("u:").startswith(WEB):
        yield f"address {address}"


def _held(thing: dict[str, Any], objects: dict[str, Any]) -> Iterator[str]:
    """Attributes of the structure stand under `/A` too; they have an owner (`/O`)."""
    for key in ("/A", "/PA", "/NA", "/OpenAction"):
        held = thing.get(key)
        action = objects.get(held, {}).get("value") if isinstance(held, str) else held
        if not isinstance(action, dict) or ("/O" in action and "/S" not in action):
            continue
        harmless = {"/GoTo"} if key in {"/NA", "/OpenAction"} else {"/GoTo", "/URI"}
        if action.get("/S") not in harmless:
            yield f"{key} {action}"


@needs("qpdf", "qpdf")
@pytest.mark.parametrize("seed", range(FILES))
def test_nothing_but_places_and_web_addresses_is_left(tmp_path, seed):
    hostile(tmp_path / "hostile.pdf", seed)
    assert wrongs(objects_of(tmp_path / "hostile.pdf")), (
        "the dice threw nothing that could be found"
    )
    with pymupdf.open(tmp_path / "hostile.pdf") as pdf:
        clean(pdf)
        pdf.save(tmp_path / "clean.pdf", garbage=1)
    assert wrongs(objects_of(tmp_path / "clean.pdf")) == []
