"""The project keeps its own rules: pins, sizes, licence."""

from __future__ import annotations

import hashlib
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(
        re.fullmatch(r"([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^ ;]+).*", line).groups()
        for line in lines
    )


def locked() -> dict[str, str]:
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    return {
        package["name"]: package["version"] for package in packages if package["name"] != "dragoman"
    }


def test_pip_gets_the_same_pins_as_uv():
    assert pins() == locked(), "run `make constraints`"


HASHED = re.compile(r"^([a-z0-9-]+)(?:\[[a-z0-9,-]+\])?==([^ ;]+)", re.MULTILINE)


def test_pip_gets_hashes_for_the_same_pins():
    read = {file.stem: file.read_text() for file in (ROOT / "requirements").glob("*.txt")}
    assert set(read) == {"product", "demo", "dev", "build", "audit"}
    found = {name: dict(HASHED.findall(text)) for name, text in read.items()}
    assert {key: value for one in found.values() for key, value in one.items()} == locked(), (
        "run `make constraints`"
    )
    assert found["product"].items() <= found["demo"].items() <= found["dev"].items()
    for text in read.values():
        assert all("--hash=sha256:" in one for one in re.split(r"\n(?! )", text.strip()))


def test_every_dependency_of_the_project_is_pinned():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"].values()
    # else: another group, included
    grouped = [name for group in groups for name in group if isinstance(name, str)]
    wanted = [*project["project"]["dependencies"], *grouped]
    assert {re.match(r"[a-z0-9-]+", name.lower())[0] for name in wanted} <= pins().keys()


def test_licence_is_the_verbatim_agpl():
    # The sum of https://www.gnu.org/licenses/agpl-3.0.txt.
    expected = "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == expected


def test_no_runnable_file_lies_directly_in_ingress():
    # `python ingress/x.py` would put that folder first on the path, and its `email` before the
    # standard library's.
    assert [file.name for file in (ROOT / "ingress").glob("*.py")] == ["__init__.py"]


def test_tests_are_no_packages():
    assert list((ROOT / "tests").rglob("__init__.py")) == []
