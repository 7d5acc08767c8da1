"""An engine is a file of its own and one line: a toy goes all the way, and nothing else in the
program knows of it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path

import pymupdf
import pytest

from tests.servers.process import wait_until
from tests.servers.stack import BEARER, Stack

pytestmark = pytest.mark.more

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "dragoman" / "sample.pdf"
ITS_FILE = """
from dragoman.domain.specs.engine_specs import EngineSpec
from dragoman.domain.specs.setting import WORKER, Setting
from dragoman.ports import Answer, Capabilities, Limits

ENGINE = EngineSpec(
    name="toy",
    title="a toy",
    build="toy:build",
    how_to="Set DRAGOMAN_TOY_KEY to anything.",
    settings=(Setting(name="toy_key", secret=True, read_by=WORKER, example="anything", why=("For the toy.",)),),
    needs=("toy_key",),
    sends_texts=True,
    costs=False,
)


def build(settings):
    return Toy()


class Toy:
    name, version, parallel, takes_hints, limits = "toy", "1", 1, False, Limits(texts=50, size=50_000)

    def takes_terms(self, source_lang, target_lang):
        return False

    def capabilities(self):
        return Capabilities("toy", frozenset({"de", "fr"}))

    def translate(self, batch):
        return Answer(tuple(text.replace("the", "zee") for text in batch.texts), 0)
"""
ITS_LINE = (
    'from dragoman.domain.specs import engine_specs\nengine_specs.MODULES = ("toy",'
    " *engine_specs.MODULES)\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the two are, for every process that has it on its path."""
    (tmp_path / "toy.py").write_text(ITS_FILE)
    (tmp_path / "sitecustomize.py").write_text(ITS_LINE)
    return tmp_path


def dragoman(folder: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")
    }
    environment |= {f"DRAGOMAN_{name.upper()}": value for name, value in settings.items()}
    environment["PYTHONPATH"] = f"{folder}:{ROOT}"
    command = [sys.executable, "-m", "dragoman", *words]
    return subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_single_document_is_translated_by_it_before_the_others_by_auto(folder: Path) -> None:
    out = folder / "out.pdf"
    done = dragoman(
        folder, "translate", str(SAMPLE), "--to", "de", "-o", str(out), "--json", toy_key="k"
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["engine"] == "toy"
    with pymupdf.open(out) as pdf:
        assert "zee" in "".join(page.get_text() for page in pdf)


def test_it_is_named_wherever_engines_are(folder: Path) -> None:
    unset = dragoman(folder, "translate", str(SAMPLE), "--to", "de", "--engine", "toy")
    assert "Set DRAGOMAN_TOY_KEY to anything." in unset.stderr
    needed = dragoman(folder, "doctor", engine="toy")
    assert "DRAGOMAN_TOY_KEY: DRAGOMAN_ENGINE=toy needs it" in needed.stdout + needed.stderr
    strange = dragoman(folder, "doctor", engines_allowed="babelfish")
    assert "toy" in strange.stdout + strange.stderr
    assert "toy" in dragoman(folder, "translate", "--help").stdout
    made = dragoman(folder, "init", "--dir", str(folder))
    assert made.returncode == 0, made.stderr
    assert "#DRAGOMAN_TOY_KEY=anything" in (folder / ".env").read_text()


def test_the_services_do_a_job_with_it(folder: Path) -> None:
    stack = Stack(folder / "data", engine="auto", toy_key="k", engines_allowed="toy")
    stack.environment["PYTHONPATH"] = f"{folder}:{ROOT}"
    with stack:
        boundary = "a-line-that-no-pdf-has"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{{}}"{{}}\r\n\r\n'
        body = (
            head.format("target_lang", "").encode()
            + b"fr\r\n"
            + head.format("file", '; filename="a.pdf"').encode()
        )
        body += SAMPLE.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        headers = {
            "Authorization": f"Bearer {BEARER}",
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        sent = urllib.request.Request(f"{stack.url}/api/v1/upload", body, headers)
        with urllib.request.urlopen(sent, timeout=30) as answer:
            path = json.load(answer)["status_url"]
        told = {}

        def is_over() -> bool:
            with urllib.request.urlopen(
                urllib.request.Request(stack.url + path, headers=headers), timeout=30
            ) as answer:
                told.update(json.load(answer))
            return told["status"] in ("COMPLETED", "FAILED")

        wait_until(is_over, 90, "the job has ended", 0.2)
    assert (told["status"], told["engine"]) == ("COMPLETED", "toy")
