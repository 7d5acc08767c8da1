"""What a process of the sandbox gives up before it sees a byte of a stranger's, layer by layer.

A layer that the kernel or the architecture lacks is left out and named; `dragoman doctor` says so.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import sysconfig
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from dragoman.adapters.confinement import kernel, landlock, seccomp
from dragoman.adapters.confinement.landlock import Reach

PRIVILEGES, FILES, CALLS, LIMITS = "no_new_privs", "landlock", "seccomp", "rlimits"
LAYERS = (PRIVILEGES, FILES, CALLS, LIMITS)

DESCRIPTORS = 64
HIGHEST = 1 << 16  # no descriptor is above it
KILLED_AFTER_S = 5  # CPU seconds after the first warning, SIGXCPU
HOME_FONTS = ".local/share/fonts"
_LIBRARIES = (
    "/usr/lib",
    "/lib",
    "/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
)
_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
_RECOGNITION = ("/usr/share/tesseract-ocr", "/usr/share/tessdata", "/usr/local/share/tessdata")
_DEVICES = ("/dev/null", "/dev/urandom")
# What the kernel runs to load a program's libraries: ld-linux, by architecture.
_LOADERS = ("/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1")


@dataclass(frozen=True, slots=True)
class Limits:
    """Hard limits: `memory` bytes of address space beyond what is mapped now, `cpu_s` seconds,
    `file_size` bytes of any file.
    """

    memory: int
    cpu_s: int
    file_size: int


def raise_walls(
    reach: Reach, limits: Limits, *, without: Iterable[str] = (), may_execute: bool = False
) -> tuple[str, ...]:
    """Raise all but `without`; `may_execute`: to run one of `reach.run` in its place.

    Gives the names of those that do not stand.
    """
    layers: dict[str, Callable[[], None]] = {
        LIMITS: lambda: limit(limits),
        PRIVILEGES: kernel.gain_nothing,
        FILES: lambda: landlock.restrict(reach),
        # the last: it refuses what the others need
        CALLS: lambda: seccomp.restrict(may_execute=may_execute),
    }
    return tuple(name for name, layer in layers.items() if name in without or not _stands(layer))


def _stands(layer: Callable[[], None]) -> bool:
    try:
        layer()
    except (
        OSError,
        ValueError,
        AttributeError,
    ):  # the last: a library in C that has no such function
        return False
    return True


def limit(limits: Limits) -> None:
    """Set the hard limits, so that nothing can raise them again. Raises OSError or ValueError."""
    kinds = {
        resource.RLIMIT_CPU: (limits.cpu_s, limits.cpu_s + KILLED_AFTER_S),
        resource.RLIMIT_FSIZE: (limits.file_size, limits.file_size),
        resource.RLIMIT_NOFILE: (DESCRIPTORS, DESCRIPTORS),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NPROC: (0, 0),  # root is not held by it
    }
    mapped = mapped_bytes()
    if mapped is not None:
        kinds[resource.RLIMIT_AS] = (mapped + limits.memory, mapped + limits.memory)
    for kind, (soft, hard) in kinds.items():
        most = resource.getrlimit(kind)[1]
        if most != resource.RLIM_INFINITY:
            soft, hard = min(soft, most), min(hard, most)
        resource.setrlimit(kind, (soft, hard))


def mapped_bytes() -> int | None:
    """Bytes that this process has mapped (proc_pid_statm(5)); None where the system does not
    tell.
    """
    if not sys.platform.startswith("linux"):
        return None
    return (
        int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        * resource.getpagesize()
    )


def readable(more: Iterable[Path] = ()) -> tuple[Path, ...]:
    """What a job reads beside its own files: Python, its packages, ours, typefaces, and what
    recognition knows of languages.
    """
    python = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    ours = Path(__file__).parents[3]
    names: list[str | Path] = [
        *python,
        *(ours / one for one in ("pipeline", "ingress", "dragoman")),
        *_LIBRARIES,
        *_FONTS,
        *_RECOGNITION,
    ]
    named = os.environ.get("TESSDATA_PREFIX")
    if named:
        names.append(named)
    return (*map(Path, names), _home() / HOME_FONTS, *more, Path("/dev/urandom"))


def _home() -> Path:
    """Of this user; a name that does not exist for one whom no file of the system names."""
    return Path(os.path.expanduser("~"))  # noqa: PTH111 - `Path.home` would raise


def devices() -> tuple[Path, ...]:
    """Files of the system's that may be written to."""
    return tuple(map(Path, _DEVICES))


def programs(program: Path) -> tuple[Path, ...]:
    """A program and what it needs to be run."""
    return (program, *(Path(loader).resolve() for loader in _LOADERS if Path(loader).exists()))


def forget_signals() -> None:
    """As in a new process: nobody's handlers."""
    for number in (
        signal.SIGTERM,
        signal.SIGINT,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
        signal.SIGALRM,
    ):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
