"""`dragoman translate` as people run it: a process of its own, its files, its words and its
exit codes.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pymupdf
import pytest

from dragoman.app.capabilities import NoEngine
from dragoman.errors import EngineNotAllowed, UnsupportedPair, UnsupportedTarget
from tests import weights
from tests.fake_deepl import KEY, FakeDeepL
from tests.patience import patience
from tests.servers.process import needs

ENGLISH = [
    "The history of the lighthouse begins in the year of the great storm.",
    (
        "Fishermen had asked the town for a light on the rocks for many years, and nobody had"
        " listened to them."
    ),
    "After that winter the council found the money. See https://example.org/lighthouse for more.",
]
GERMAN = [
    "Der Leuchtturm wurde im Jahr des großen Sturms gebaut.",
    "Die Fischer hatten die Stadt viele Jahre lang darum gebeten.",
]
FIELDS = {
    "out", "pages", "source_lang", "target_lang", "engine", "blocks", "characters", "characters_billed", "tokens", "cost", "seconds", "peak_rss_mb", "warnings",
}  # fmt: skip


@pytest.fixture(scope="module")
def server() -> Iterator[FakeDeepL]:
    with FakeDeepL() as server:
        yield server


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return make_pdf(tmp_path / "in.pdf", ENGLISH, pages=2)


def make_pdf(file: Path, lines: list[str], *, pages: int = 1, **options: Any) -> Path:
    """A PDF with one paragraph for each line."""
    with pymupdf.open() as document:
        for number in range(pages):
            page = document.new_page()
            for index, line in enumerate(lines):
                box = (72, 72 + 60 * index, 523, 122 + 60 * index)
                page.insert_textbox(box, line if not number else f"{line} Again.", fontsize=11)
        document.save(file, **options)
    return file


def run(
    *arguments: object,
    server: FakeDeepL | None = None,
    models: Path | None = None,
    cwd: Path | None = None,
    **more: str,
) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("DRAGOMAN_")
    }
    if server:
        environment |= {"DRAGOMAN_DEEPL_SERVER_URL": server.url, "DRAGOMAN_DEEPL_AUTH_KEY": KEY}
    if models:
        environment |= {"DRAGOMAN_LOCAL_MODELS_DIR": str(models)}
    environment |= more
    command = [
        sys.executable,
        "-c",
        "from ops.cli import main; main()",
        "translate",
        *map(str, arguments),
    ]
    return subprocess.run(
        command,
        env=environment,
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=patience(120),
        check=False,
    )


def words_of(file: Path) -> str:
    with pymupdf.open(file) as document:
        return " ".join(" ".join(page.get_text().split()) for page in document)


def nothing_left(folder: Path) -> bool:
    return not list(folder.glob(".*.part"))


class TestResult:
    def test_json_tells_what_was_done(self, source, server, tmp_path):
        billed = server.characters_billed
        done = run(source, "--to", "German", "--json", "-o", tmp_path / "out.pdf", server=server)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert set(report) == FIELDS
        assert (report["out"], report["pages"], report["engine"]) == (
            str(tmp_path / "out.pdf"),
            2,
            "deepl",
        )
        assert (report["source_lang"], report["target_lang"]) == ("en", "de")
        assert report["characters_billed"] == server.characters_billed - billed > 200
        assert set(report["seconds"]) == {"extract", "translate", "tone", "reconstruct"}
        assert report["peak_rss_mb"] > 20
        assert report["warnings"] == []

    def test_the_words_are_translated_and_the_pages_stay(self, source, server, tmp_path):
        assert run(source, "--to", "de", "-o", tmp_path / "out.pdf", server=server).returncode == 0
        text = words_of(tmp_path / "out.pdf")
        assert "LIGHTHOUSE BEGINS" in text
        assert "lighthouse begins" not in text
        assert "https://example.org/lighthouse" in text.replace(" ", "")
        with pymupdf.open(tmp_path / "out.pdf") as document:
            assert len(document) == 2
            marked = document.get_xml_metadata()
        assert "digitalsourcetype/trainedAlgorithmicMedia" in marked
        assert "<dragoman:Engine>deepl</dragoman:Engine><dragoman:SourceLanguage>en<" in marked

    def test_without_a_name_the_result_stands_beside_the_source(self, source, server):
        done = run(source.name, "--to", "pt-br", server=server, cwd=source.parent)
        assert done.returncode == 0, done.stderr
        assert "in.pt-BR.pdf" in done.stdout
        assert source.with_name("in.pt-BR.pdf").exists()
        assert nothing_left(source.parent)

    def test_a_document_in_the_target_language_is_copied_without_cost(self, server, tmp_path):
        source = make_pdf(tmp_path / "in.pdf", GERMAN)
        asked = len(server.requests)
        done = run(source, "--to", "de", "--json", server=server)
        assert done.returncode == 0, done.stderr
        report = json.loads(done.stdout)
        assert (report["engine"], report["characters_billed"]) == ("none", 0)
        assert [warning["code"] for warning in report["warnings"]] == ["already_in_target"]
        assert Path(report["out"]).read_bytes() == source.read_bytes()
        assert len(server.requests) == asked

    def test_in_house_nothing_is_sent_to_an_engine_outside(self, source, server, tmp_path):
        asked = len(server.requests)
        done = run(source, "--to", "de", "--in-house", "-o", tmp_path / "out.pdf", server=server)
        assert done.returncode == EngineNotAllowed.exit_code
        assert "No translation engine that may have this document" in done.stderr
        assert len(server.requests) == asked
        assert not (tmp_path / "out.pdf").exists()

    def test_a_pseudo_translation_is_stamped_and_said(self, source, tmp_path):
        done = run(source, "--to", "ja", "--engine", "pseudo", "--json", "-o", tmp_path / "out.pdf")
        assert done.returncode == 0, done.stderr
        assert "pseudo_translation" in [
            warning["code"] for warning in json.loads(done.stdout)["warnings"]
        ]
        with pymupdf.open(tmp_path / "out.pdf") as document:
            assert all("Pseudo-translation" in page.get_text() for page in document)

    @needs("apertium", "apertium")
    def test_the_local_engine_translates_without_a_key_and_keeps_the_figures(self, tmp_path):
        models = weights.lay(tmp_path / "models", "en-pt")
        source = make_pdf(
            tmp_path / "in.pdf",
            ["Please call 202-493-2251 before you open the red house, which costs 10,505 euros."],
        )
        done = run(
            source,
            "--from",
            "en",
            "--to",
            "pt",
            "--json",
            "-o",
            tmp_path / "out.pdf",
            models=models,
        )
        report = json.loads(done.stdout)
        assert (report["engine"], report["warnings"]) == ("local", [])
        words = words_of(tmp_path / "out.pdf")
        assert [
            one for one in ("202-493-2251", "10,505", "casa", "vermelha") if one not in words
        ] == []

    def test_a_damaged_model_is_one_sentence_and_no_result(self, tmp_path):
        models = weights.lay(tmp_path / "models", "en-pt")
        next(models.glob("en-pt/lex*")).write_bytes(b"<html>not found</html>")
        source = make_pdf(tmp_path / "in.pdf", ["Please open the red house today."])
        done = run(
            source,
            "--from",
            "en",
            "--to",
            "pt",
            "--json",
            "-o",
            tmp_path / "out.pdf",
            models=models,
        )
        assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (48, "model_unusable")
        assert "Traceback" not in done.stderr
        assert not (tmp_path / "out.pdf").exists()

    def test_apertium_translates_without_a_key(self, source, tmp_path):
        done = run(source, "--to", "es", "--json", "-o", tmp_path / "out.pdf")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["engine"] == "apertium"
        assert "historia" in words_of(tmp_path / "out.pdf")

    def test_glossary_terms_are_kept_to(self, source, server, tmp_path):
        (tmp_path / "g.csv").write_text("lighthouse,Leuchtfeuer\n")
        arguments = ("--to", "de", "--glossary", tmp_path / "g.csv", "-o", tmp_path / "out.pdf")
        assert run(source, *arguments, server=server).returncode == 0
        assert "HISTORY OF THE Leuchtfeuer BEGINS" in words_of(tmp_path / "out.pdf")

    def test_a_tone_reaches_the_engine(self, source, server, tmp_path):
        assert (
            run(
                source, "--to", "de", "--tone", "Formal", "-o", tmp_path / "out.pdf", server=server
            ).returncode
            == 0
        )
        assert server.requests[-1]["formality"] == "prefer_more"

    def test_a_tone_that_the_engine_lacks_is_said(self, source, tmp_path):
        done = run(
            source,
            "--to",
            "de",
            "--engine",
            "pseudo",
            "--tone",
            "formal",
            "--json",
            "-o",
            tmp_path / "out.pdf",
        )
        assert "tone_ignored" in [
            warning["code"] for warning in json.loads(done.stdout)["warnings"]
        ]

    def test_a_password_opens_a_locked_document(self, server, tmp_path):
        lock = {"encryption": pymupdf.PDF_ENCRYPT_AES_256, "user_pw": "sesame", "owner_pw": "owner"}
        source = make_pdf(tmp_path / "in.pdf", ENGLISH, **lock)
        refused = run(source, "--to", "de", "--json", server=server)
        assert (refused.returncode, json.loads(refused.stdout)["error"]["code"]) == (
            13,
            "encrypted_pdf",
        )
        wrong = run(source, "--to", "de", "--json", "--password", "x", server=server)
        assert (wrong.returncode, json.loads(wrong.stdout)["error"]["code"]) == (
            14,
            "wrong_password",
        )
        assert run(source, "--to", "de", "--password", "sesame", server=server).returncode == 0


class TestRefusal:
    @pytest.mark.some(4)
    @pytest.mark.parametrize(
        ("arguments", "code", "exit_code"),
        [
            (("missing.pdf", "--to", "de"), "not_found", 31),
            ((".", "--to", "de"), "not_found", 31),
            (("empty.pdf", "--to", "de"), "empty_file", 11),
            (("text.pdf", "--to", "de"), "not_a_pdf", 10),
            (("blank.pdf", "--to", "de"), "no_text", 15),
            (("in.pdf", "--to", "Germanish"), "unknown_language", 20),
            (("in.pdf", "--to", "tlh"), "unsupported_target", 22),
            (("in.pdf", "--to", "de", "--tone", "grumpy"), "unsupported_option", 24),
            (("in.pdf", "--to", "de", "--layout", "round"), "unsupported_option", 24),
            (("in.pdf", "--to", "de", "--engine", "babelfish"), "unsupported_option", 24),
            (("in.pdf", "--to", "de", "--pages", "7"), "unsupported_option", 24),
            (("in.pdf", "--to", "de", "--glossary", "none.csv"), "not_found", 31),
            (("in.pdf", "--to", "de", "-o", "in.pdf"), "unsupported_option", 24),
            (("in.pdf", "--to", "de", "-o", "no-folder/out.pdf"), "not_found", 31),
            (("in.pdf", "--to", "de", "-o", "."), "unsupported_option", 24),
        ],
    )
    def test_each_has_its_code_its_words_and_no_result(
        self, source, server, arguments, code, exit_code
    ):
        folder = source.parent
        (folder / "empty.pdf").touch()
        (folder / "text.pdf").write_text("This is no PDF.")
        make_pdf(folder / "blank.pdf", [])
        before = {file.name: file.read_bytes() for file in folder.iterdir()}
        refused = run(*arguments, "--json", server=server, cwd=folder)
        assert refused.returncode == exit_code, refused.stderr
        error = json.loads(refused.stdout)["error"]
        assert error["code"] == code
        assert error["message"] in refused.stderr
        assert "Traceback" not in refused.stderr
        assert {file.name: file.read_bytes() for file in folder.iterdir()} == before

    def test_without_any_engine_it_says_what_would_add_one(self, source, tmp_path):
        refused = run(
            source, "--to", "de", "--from", "en", "--json", cwd=tmp_path, PATH=str(tmp_path)
        )
        assert refused.returncode == NoEngine.exit_code
        assert json.loads(refused.stdout)["error"]["code"] == "no_engine"
        assert "dragoman models add en-de" in refused.stderr
        assert "DRAGOMAN_DEEPL_AUTH_KEY" in refused.stderr
        assert len(refused.stderr.splitlines()) == 1

    @needs("apertium", "apertium")
    def test_a_pair_that_is_not_there_says_the_command_that_adds_it(self, source, tmp_path):
        refused = run(source, "--to", "pl", "--json", "-o", tmp_path / "out.pdf", cwd=tmp_path)
        assert refused.returncode in (UnsupportedTarget.exit_code, UnsupportedPair.exit_code)
        assert "dragoman models add en-pl" in refused.stderr
        assert not (tmp_path / "out.pdf").exists()

    def test_an_engine_without_its_key_says_how_to_get_one(self, source):
        refused = run(source, "--to", "de", "--engine", "deepl")
        assert refused.returncode == 43
        assert "DRAGOMAN_DEEPL_AUTH_KEY" in refused.stderr
        assert refused.stdout == ""

    @pytest.mark.parametrize(
        ("fault", "code", "exit_code"),
        [
            (403, "engine_key_rejected", 41),
            (456, "quota_used_up", 42),
            (429, "engine_busy", 51),
            (529, "engine_busy", 51),
            (503, "engine_unavailable", 50),
            ("hang_up", "engine_unavailable", 50),
        ],
    )
    def test_faults_of_the_engine_leave_an_older_result_alone(
        self, source, fault, code, exit_code, tmp_path
    ):
        out = tmp_path / "out.pdf"
        out.write_bytes(b"older")
        with FakeDeepL() as server:
            server.faults.append(fault)
            failed = run(source, "--to", "de", "--json", "-o", out, server=server)
        assert (failed.returncode, json.loads(failed.stdout)["error"]["code"]) == (exit_code, code)
        assert out.read_bytes() == b"older"
        assert nothing_left(tmp_path)

    def test_wrong_settings_are_named(self, source, monkeypatch):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                "from ops.cli import main; main()",
                "translate",
                str(source),
                "--to",
                "de",
            ],
            env=os.environ | {"DRAGOMAN_ENGINE": "babelfish"},
            capture_output=True,
            text=True,
            timeout=patience(60),
            check=False,
        )
        assert done.returncode == 40
        assert "DRAGOMAN_ENGINE" in done.stderr
