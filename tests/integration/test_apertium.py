"""The Apertium adapter with programs that misbehave: small scripts in its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from dragoman.errors import EngineMisbehaved, EngineMissing, EngineUnavailable, UnsupportedPair
from dragoman.ports import Batch
from pipeline.engines import apertium
from pipeline.engines.apertium import Apertium
from tests.patience import patience
from tests.servers.process import needs, wait_until

LIST = 'if [ "$1" = -l ]; then echo "  eng-spa"; exit 0; fi\n'


@pytest.fixture
def program(tmp_path: Path):
    """Makes a program out of the body of a shell script."""

    def make(body: str) -> Apertium:
        file = tmp_path / "apertium"
        file.write_text(f"#!/bin/sh\n{LIST}{body}\n")
        file.chmod(0o755)
        return Apertium(str(file))

    return make


def ask(engine: Apertium, *texts: str):
    return engine.translate(Batch(texts or ("House",), "en", "es"))


def test_a_missing_program_is_said():
    engine = Apertium("no-such-apertium")
    assert not engine.installed
    with pytest.raises(EngineMissing):
        ask(engine)


def test_a_pair_that_is_not_installed_is_refused(program):
    with pytest.raises(UnsupportedPair) as refused:
        program("cat").translate(Batch(("Haus",), "de", "es"))
    assert "English → Spanish" in refused.value.advice


def test_a_failing_program_misbehaves_and_its_words_go_to_the_log(program):
    with pytest.raises(EngineMisbehaved) as raised:
        ask(program("echo broken >&2; exit 3"))
    assert "broken" in raised.value.detail
    assert "broken" not in str(raised.value)


def test_a_program_without_an_answer_misbehaves(program):
    with pytest.raises(EngineMisbehaved):
        ask(program("cat >/dev/null"))


def test_a_text_that_did_not_come_back_is_asked_for_alone_and_then_told(program):
    engine = program('sed "s/<p id=\\"1\\">Two<.p>/gone/; s/One/Uno/"')
    assert ask(engine, "One", "Two").texts == ("Uno", None)
    engine = program("grep -v Two || printf '<p id=\"1\">Dos</p>'")
    assert ask(engine, "One", "Two").texts == ("One", "Dos")


def test_a_hanging_program_is_ended_with_its_children(program, monkeypatch, tmp_path):
    monkeypatch.setattr(apertium, "BATCH_TIMEOUT_S", patience(0.5))
    engine = program(f"sleep 300 & echo $! > {tmp_path}/child; wait")
    with pytest.raises(EngineUnavailable):
        ask(engine)
    child = int((tmp_path / "child").read_text())
    wait_until(lambda: not _runs(child), 5, "its child has ended")


def test_it_is_started_once_for_a_batch_without_our_secrets(program, monkeypatch, tmp_path):
    monkeypatch.setenv("DRAGOMAN_DEEPL_AUTH_KEY", "secret")
    engine = program(f"env >> {tmp_path}/env; cat")
    ask(engine, "One", "Two", "Three")
    seen = (tmp_path / "env").read_text()
    assert seen.count("PATH=") == 1
    assert "secret" not in seen


@needs("apertium", "apertium")
def test_unknown_words_are_not_marked():
    engine = Apertium()
    if ("en", "es") not in (engine.capabilities().pairs or ()):
        pytest.skip("apertium-eng-spa is not installed")
    answer = ask(engine, "The house of Xyzzyxy is red").texts[0]
    assert answer.startswith("La casa de Xyzzyxy")


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
