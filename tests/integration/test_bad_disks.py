"""Disks that are full or may not be written to, and a set-up without a package index: one
sentence, a code, no traceback.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from dragoman.domain.os_errors import CannotWrite, DiskFull
from dragoman.errors import NotAllowed
from tests.servers.process import LOOPBACK, free_port, missing

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "dragoman" / "sample.pdf"
SET_UP = (
    "pyproject.toml",
    "uv.lock",
    "requirements/build.txt",
    "requirements/demo.txt",
    "README.md",
    "LICENSE",
    ".ci/venv.sh",
    "dragoman/__init__.py",
)
Mount = Callable[[str], Path]


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[Path]:
    if os.geteuid() != 0:
        missing("the right to mount a disk in memory (root)", "mount")
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
    )
    if made.returncode:
        pytest.skip(f"mounting is forbidden here: {made.stderr.decode().strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Mount]:
    """Mounts a disk in memory with the options that it is given."""
    with ExitStack() as stack:
        yield lambda options: stack.enter_context(mounted(tmp_path / "disk", options))


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    listen = {
        f"DRAGOMAN_{name}_LISTEN": f"{LOOPBACK}:{free_port()}" for name in ("WEB", "SMTP", "FLOWER")
    }
    return subprocess.run(
        [sys.executable, "-m", "dragoman", *map(str, arguments)],
        env={**kept, **listen, "DRAGOMAN_ENGINE": "pseudo", "PYTHONPATH": str(ROOT)},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def said(done: subprocess.CompletedProcess[str], exit_code: int) -> str:
    """The words of a command that ended with `exit_code`, without a traceback."""
    assert "Traceback" not in done.stderr
    assert done.returncode == exit_code, done.stderr
    return done.stderr


def test_up_on_a_read_only_disk(mount: Mount) -> None:
    words = said(run("up", "--data", mount("ro") / "data"), CannotWrite.exit_code)
    assert "Error: The disk is read-only" in words
    assert "name another folder" in words


def test_up_on_a_disk_that_became_read_only(mount: Mount) -> None:
    disk = mount("size=4m")
    (disk / "data").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    assert "The disk is read-only" in said(
        run("up", "--data", disk / "data"), CannotWrite.exit_code
    )


def test_up_on_a_full_disk(mount: Mount) -> None:
    words = said(run("up", "--data", mount("size=64k") / "data"), DiskFull.exit_code)
    assert "Error: There is no room left on the disk" in words
    assert "make room there" in words


def test_a_result_that_cannot_be_written(mount: Mount) -> None:
    disk = mount("ro")
    words = said(
        run("translate", SAMPLE, "--to", "es", "-o", disk / "out.pdf"), NotAllowed.exit_code
    )
    assert f"The folder {disk} cannot be written to: Read-only file system." in words


def test_a_result_that_has_no_room(mount: Mount) -> None:
    disk = mount("size=8k")
    words = said(run("translate", SAMPLE, "--to", "es", "-o", disk / "out.pdf"), DiskFull.exit_code)
    assert "no room left on the disk" in words
    assert list(disk.iterdir()) == []


def test_init_and_demo_where_nothing_can_be_written(mount: Mount) -> None:
    disk = mount("ro")
    for command in (("init", "--dir", disk), ("demo",)):
        assert "The disk is read-only" in said(run(*command, cwd=disk), CannotWrite.exit_code)


def laid_out(folder: Path) -> None:
    for name in SET_UP:
        (folder / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, folder / name)
    # the project is made of them
    for package in ("ingress", "pipeline", "notifier", "ops", "templates"):
        (folder / package).mkdir()


def without_uv(folder: Path) -> dict[str, str]:
    (folder / "uv").write_text("#!/bin/sh\nexit 1\n")
    (folder / "uv").chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


def set_up(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    if not (folder / "pyproject.toml").exists():
        laid_out(folder)
    kept = dict(os.environ)  # with what leads to the package index here, certificates and all
    command = ["sh", ".ci/venv.sh", "demo"]
    return subprocess.run(
        command,
        cwd=folder,
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )


# Names as the index has them (PEP 503), without the project and what brings a venv with it.
INSTALLED = """
import importlib.metadata as m, json
print(json.dumps([(one.metadata["Name"], one.version) for one in m.distributions()]))
"""
NOWHERE = f"http://{LOOPBACK}:1"
NO_NETWORK = {
    **dict.fromkeys(
        ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"), NOWHERE
    ),
    "UV_HTTP_RETRIES": "0",
    "PIP_RETRIES": "0",
    "PIP_CONFIG_FILE": os.devnull,
    "PIP_INDEX_URL": f"{NOWHERE}/simple",
}


@pytest.mark.some(1)
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_a_set_up_without_a_package_index_says_so_in_one_sentence(
    tmp_path: Path, installer: str
) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    given = {
        **NO_NETWORK,
        "UV_CACHE_DIR": str(tmp_path / "cache"),
        "PIP_CACHE_DIR": str(tmp_path / "cache"),
    }
    if installer == "uv" and shutil.which("uv") is None:
        pytest.skip("uv is not installed: pip is what the set-up takes here")
    if installer == "pip":
        no_uv = tmp_path / "bin"
        no_uv.mkdir()
        given |= without_uv(no_uv)
    done = set_up(folder, **given)
    assert done.returncode == 1
    told = [line for line in done.stderr.splitlines() if not line.startswith("Making .venv")]
    assert told[0].startswith("The set-up could not get the libraries from the package index")
    assert "Check the connection" in told[0]
    assert len(told) == 2  # and where the installer's own words are


@pytest.mark.more
def test_pip_installs_nothing_whose_hash_is_another_one(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    laid_out(folder)
    build = folder / "requirements" / "build.txt"
    build.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", build.read_text()))
    done = set_up(folder, **without_uv(tmp_path))
    assert done.returncode == 1
    assert (
        "A library that came from the package index is not the one that was pinned" in done.stderr
    )
    assert not list((folder / ".venv").rglob("hatchling"))


@pytest.mark.more
def test_pip_installs_what_was_pinned_and_the_project_from_here(tmp_path: Path) -> None:
    folder = tmp_path / "project"
    folder.mkdir()
    done = set_up(folder, **without_uv(tmp_path))
    assert done.returncode == 0, done.stderr
    listed = subprocess.run(
        [folder / ".venv/bin/python", "-c", INSTALLED],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    listed_as = versions(json.loads(listed.stdout))
    found = {
        name: version for name, version in listed_as.items() if name not in ("dragoman", "pip")
    }
    pinned = [(ROOT / "requirements" / f"{part}.txt").read_text() for part in ("build", "demo")]
    wanted = versions(
        re.findall(r"^([\w.-]+)(?:\[[^]]*\])?==([^ ;]+)", "\n".join(pinned), re.MULTILINE)
    )
    assert {
        name: str(version) for name, version in found.items() if wanted.get(name) != version
    } == {}
    assert len(found) > 100


def versions(listed: Iterable[tuple[str, str]]) -> dict[str, Version]:
    """Name -> version as PEP 503 and PEP 440 compare them: a project may write 2.012 where the
    lock says 2.12.
    """
    return {canonicalize_name(name): Version(version) for name, version in listed}


def test_a_set_up_without_room_says_so_in_one_sentence(mount: Mount) -> None:
    done = set_up(mount("size=3m"))
    assert done.returncode == 1
    assert "The set-up ran out of room on the disk: it needs about 450 MB" in done.stderr
