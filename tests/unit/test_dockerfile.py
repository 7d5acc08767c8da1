"""What the Dockerfile promises, read from the file: no engine for containers is needed to notice these mistakes."""

import fnmatch
import json
import re
import tomllib
from typing import NamedTuple

import pytest

from tests.compose import ROOT

LANGUAGES = ("eng", "deu", "fra", "spa", "ita", "por", "nld", "pol", "jpn", "chi-sim", "chi-tra", "kor", "ara", "rus")
# docs.docker.com/reference/dockerfile
KNOWN = {
    "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "ONBUILD", "RUN", "SHELL",
    "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
}  # fmt: skip


class Step(NamedTuple):
    """One instruction, continuation lines joined."""

    name: str
    words: str


def steps() -> list[Step]:
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    text = "\n".join(lines).replace("\\\n", " ")
    return [Step(*line.split(None, 1)) for line in text.splitlines()]


STEPS = steps()
LAST_STAGE = STEPS[max(index for index, step in enumerate(STEPS) if step.name == "FROM") :]


def words(name: str) -> str:
    return next(step.words for step in reversed(LAST_STAGE) if step.name == name)


def test_all_instructions_are_known():
    assert {step.name for step in STEPS} <= KNOWN


def test_images_are_named_with_their_version():
    for step in STEPS:
        if step.name == "FROM":
            assert re.match(r"python:\d\.\d+-slim-\w+( AS \w+)?$", step.words)


def test_it_does_not_run_as_root():
    assert words("USER") == "dragoman"
    assert [step.name for step in LAST_STAGE].index("USER") < [step.name for step in LAST_STAGE].index("ENTRYPOINT")


def test_signals_reach_the_program():
    """No shell stands between: both are lists. Tini collects what a killed worker leaves behind."""
    assert json.loads(words("ENTRYPOINT")) == ["tini", "--", "dragoman"]
    assert json.loads(words("CMD")) == ["up", "--data", "/data"]


def test_its_health_is_watched():
    how, command = words("HEALTHCHECK").split(" CMD ")
    assert "--interval" in how
    assert json.loads(command) == ["dragoman", "health", "web"]


def test_only_what_is_locked_and_from_wheels_is_installed():
    runs = [step.words for step in STEPS if step.name == "RUN" and "uv sync" in step.words]
    assert all("--frozen" in run and "--no-dev" in run for run in runs)
    assert "--no-build" in runs[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_tesseract_knows(language):
    assert re.search(rf"\btesseract-ocr-{language}\b", " ".join(step.words for step in STEPS))


def ignored(name: str) -> bool:
    """Whether .dockerignore keeps a file at the top from the builder: the last line that fits decides."""
    decision = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if line and not line.startswith("#") and fnmatch.fnmatch(name, line.lstrip("!").removeprefix("**/")):
            decision = not line.startswith("!")
    return decision


def test_what_is_built_from_is_sent_to_the_builder():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = [*wheel["packages"], *wheel["force-include"], "pyproject.toml", "uv.lock", project["project"]["readme"]]
    assert not [name for name in needed + project["project"]["license-files"] if ignored(name)]


@pytest.mark.parametrize("name", [".env", ".git", ".venv", "dragoman-data", "dragoman-demo", "tests"])
def test_what_is_none_of_the_builders_business_stays(name):
    assert ignored(name)
