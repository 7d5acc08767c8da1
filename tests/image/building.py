"""The project's Dockerfile, built without Docker: buildah takes every step of it, each RUN in a
folder (chroot).

The official base image cannot be had everywhere. `base` bootstraps what stands in for it, once:
Debian 13 with its own Python 3.13, and what this machine needs to reach package servers
(certificates, an index of its own). All of it lies in one cache folder, apart from any other
containers of this machine; deleting the folder is always safe, when nothing runs.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.compose import ROOT
from tests.patience import patience
from tests.servers.process import find, missing

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dragoman" / "image"
SUITE = "trixie"
PACKAGES = ("python3", "python3-pip", "python3-venv", "ca-certificates")
# The official image has its Python below /usr/local, lets pip install there, and keeps neither
# manuals nor packages.
LIKE_THE_OFFICIAL = """
set -e
ln -sf /usr/bin/python3 /usr/local/bin/python
ln -sf /usr/bin/pip3 /usr/local/bin/pip
rm -f /usr/lib/python3*/EXTERNALLY-MANAGED
update-ca-certificates
for kind in doc man locale info; do
    echo "path-exclude /usr/share/$kind/*" >>/etc/dpkg/dpkg.cfg.d/small
    rm -rf /usr/share/$kind/*
done
echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/fast
echo 'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb"; };' >/etc/apt/apt.conf.d/clean
echo 'Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "";' >>/etc/apt/apt.conf.d/clean
apt-get clean
rm -rf /var/lib/apt/lists/*
"""
OWN_CERTIFICATES = Path("/usr/local/share/ca-certificates")
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
PIP_SETTINGS = Path("/etc/pip.conf")
INDEX_SETTINGS = (
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST",
    "UV_DEFAULT_INDEX",
    "UV_INDEX_URL",
)
BUILD_WITHIN_S, BOOTSTRAP_WITHIN_S, STEP_WITHIN_S = 1500, 900, 300


class BuildFailed(Exception):
    """A step of the build ended with an error; the text is the end of what it said."""


@dataclass(frozen=True)
class Config:
    """What the image says of how it is run (Docker's image configuration)."""

    user: str
    env: Mapping[str, str]
    entrypoint: Sequence[str]
    cmd: Sequence[str]
    workdir: str
    volumes: Sequence[str]
    health: Sequence[str]


@dataclass(frozen=True)
class Built:
    """An image whose files lie in a folder.

    They are the image's own: nothing but bind mounts may change in there.
    """

    folder: Path
    config: Config
    bytes: int


@contextmanager
def built_image(arguments: Mapping[str, str], context: Path = ROOT) -> Iterator[Built]:
    """The image of the folder `context`, as `docker build` would make it; it is deleted afterwards.

    Raises BuildFailed.

    `arguments`: build arguments; the base comes in addition.
    """
    if os.geteuid() != 0:
        pytest.skip("only root may build an image here")
    for program in ("buildah", "debootstrap"):
        if find(program) is None:
            missing(program, program)
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        # one build at a time: this is also the lock of what a killed run left
        fcntl.flock(lock, fcntl.LOCK_EX)
        _buildah("rm", "--all")
        given = [
            f"--build-arg={name}={value}" for name, value in {**arguments, "BASE": _base()}.items()
        ]
        image = CACHE / "image-id"
        # Docker's format: OCI's has no place for the health check.
        options = ("--pull-never", "--no-cache", "--format=docker", f"--iidfile={image}")
        _buildah("bud", *options, *given, str(context), within_s=BUILD_WITHIN_S)
        image_id = image.read_text().strip()
        try:
            container = _buildah("from", "--pull-never", image_id)
            folder = Path(_buildah("mount", container))
            yield Built(folder, _config(image_id), _size(folder))
        finally:
            _buildah("rm", "--all")
            _buildah("rmi", "--force", image_id)


def _base() -> str:
    """The name of the image that stands in for the official one; made where it is not there, or
    made differently.
    """
    files = [
        *sorted(OWN_CERTIFICATES.glob("*.crt")),
        *([PIP_SETTINGS] if PIP_SETTINGS.exists() else []),
    ]
    index = {name: os.environ[name] for name in INDEX_SETTINGS if os.environ.get(name)}
    recipe = [
        SUITE,
        *PACKAGES,
        LIKE_THE_OFFICIAL,
        *(file.read_text() for file in files),
        *map(str, index.items()),
    ]
    name = f"localhost/dragoman-base:{hashlib.sha256('|'.join(recipe).encode()).hexdigest()[:16]}"
    if _has(name):
        return name
    container = _buildah("from", "scratch")
    folder = Path(_buildah("mount", container))
    include = f"--include={','.join(PACKAGES)}"
    # It mounts /proc and /sys in there: in a namespace of its own, so that they are gone when it
    # is.
    words = [
        "unshare",
        "--mount",
        "--",
        "debootstrap",
        "--variant=minbase",
        include,
        SUITE,
        str(folder),
    ]
    _run(words, BOOTSTRAP_WITHIN_S)
    for file in files:
        there = folder / file.relative_to("/")
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, there)
    _buildah("run", container, "--", "sh", "-c", LIKE_THE_OFFICIAL)
    # uv knows certificates of its own only, unless it is told.
    index |= {"SSL_CERT_FILE": BUNDLE, "PIP_CERT": BUNDLE}
    path = "PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"
    _buildah(
        "config",
        f"--env={path}",
        *(f"--env={key}={value}" for key, value in index.items()),
        container,
    )
    _buildah("commit", "--rm", container, name)
    return name


def _has(image: str) -> bool:
    """Whether the image is in the cache folder."""
    return bool(_buildah("images", "--quiet", "--filter", f"reference={image}"))


def _config(image_id: str) -> Config:
    told = json.loads(_buildah("inspect", "--type=image", image_id))["Docker"]["config"]
    return Config(
        user=told.get("User", ""),
        env=dict(one.split("=", 1) for one in told["Env"]),
        entrypoint=told.get("Entrypoint") or (),
        cmd=told.get("Cmd") or (),
        workdir=told.get("WorkingDir") or "/",
        volumes=tuple(told.get("Volumes") or ()),
        health=(told.get("Healthcheck") or {}).get("Test") or (),
    )


def _size(folder: Path) -> int:
    """Bytes on disk below a folder."""
    return int(
        _run(["du", "--summarize", "--one-file-system", "--block-size=1", str(folder)], 60).split()[
            0
        ]
    )


def _buildah(*words: str, within_s: float = STEP_WITHIN_S) -> str:
    """What buildah answers.

    vfs and chroot need nothing of the kernel but what root may do anywhere.
    """
    places = [f"--root={CACHE / 'storage'}", f"--runroot={CACHE / 'run'}", "--storage-driver=vfs"]
    isolation = {"BUILDAH_ISOLATION": "chroot"}
    return _run(["buildah", *places, *words], within_s, isolation)


def _run(
    command: Sequence[str], within_s: float, environment: Mapping[str, str] | None = None
) -> str:
    """Run to the end and give what was said on stdout.

    Raises BuildFailed with the end of all that was said.
    """
    given = {**os.environ, **(environment or {})}
    # /usr/sbin is not on everybody's PATH, and debootstrap is there.
    given["PATH"] = f"{given.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=patience(within_s), env=given
    )
    if done.returncode != 0:
        said = (done.stdout + done.stderr)[-4000:]
        raise BuildFailed(f"{' '.join(command[:8])} ended with {done.returncode}:\n{said}")
    return done.stdout.strip()
