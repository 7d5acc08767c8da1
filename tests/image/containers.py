"""The image's files as running containers, without an engine: Linux's namespaces by unshare and
nsenter, as root.

What a container engine gives is given here too: the image's user, environment, entry point and
working folder, compose's over them; a host name, /proc, /tmp and volumes of its own; process 1 is
the entry point; no capabilities and no way to new ones. All containers of a block share one network
that nothing leaves, where every service's name is the loopback address: so ports and addresses are
those of docker-compose.yml, and no port of this machine is taken. Not given: limits of memory,
restarts, and the border between compose's two networks.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from tests.image.building import Built
from tests.patience import patience
from tests.servers.process import LOOPBACK, Server, wait_until

CLONE_NEWNET = 0x40000000  # sched.h
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1  # netdevice(7)
INTERFACE = "16sH14x"  # struct ifreq with a name and flags
COMMAND_WITHIN_S = 90.0

# Runs in namespaces of the container's own. $1 the image's folder, $2 the host name, $3 a folder
# with hosts and resolv.conf, $4 `there=rw=here` or `there=ro=here` for each volume, one a line; the
# rest is the command.
PREPARE = """
set -eu
root=$1 files=$3
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
for place in tmp dev/shm run; do mount -t tmpfs -o mode=1777 tmpfs "$root/$place"; done
for name in hosts resolv.conf; do mount --bind "$files/$name" "$root/etc/$name"; done
printf '%s' "$4" | while IFS='=' read -r there how here; do
    mount --bind "$here" "$root$there"
    mount -o "remount,bind,$how" "$root$there"
done
hostname "$2"
shift 4
exec chroot "$root" "$@"
"""


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """The calling thread, and every process and thread that it starts, is alone with a loopback
    interface that is up.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        _checked(libc.unshare(CLONE_NEWNET))
        with socket.socket() as any_socket:
            told = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack(INTERFACE, b"lo", 0))
            flags = struct.unpack(INTERFACE, told)[1]
            fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack(INTERFACE, b"lo", flags | IFF_UP))
        yield
    finally:
        _checked(libc.setns(before, CLONE_NEWNET))
        os.close(before)


def _checked(result: int) -> None:
    if result != 0:
        raise OSError(
            ctypes.get_errno(), "the network's namespace cannot be changed (is this root?)"
        )


@dataclass(frozen=True)
class Plan:
    """How to run the image once: what `docker run` would be given.

    Volumes are the container's paths and folders here.
    """

    name: str
    command: Sequence[str] | None = None  # None: the image's own
    entrypoint: Sequence[str] | None = None  # None: the image's own
    environment: Mapping[str, str] = field(default_factory=dict)
    volumes: Mapping[str, Path] = field(default_factory=dict)
    read_only: frozenset[str] = frozenset()  # those of the volumes' paths that it may not write to
    user: str | None = None  # None: the image's own; else `uid:gid`


class Container:
    """One container; its volumes outlive it."""

    def __init__(self, built: Built, plan: Plan, names: Sequence[str] = ()) -> None:
        """`names`: host names, beside its own, that are to lead to the loopback address."""
        self._built, self._plan = built, plan
        self._server = Server(f"image-{plan.name}")
        addresses = "".join(f"{LOOPBACK} {name}\n" for name in ("localhost", plan.name, *names))
        (self._server.folder / "hosts").write_text(addresses)
        (self._server.folder / "resolv.conf").write_text(f"nameserver {LOOPBACK}\n")
        for place in ("/etc/hosts", "/etc/resolv.conf"):
            self._inside(place).touch()  # an engine makes what it mounts on
        for place in plan.volumes:
            self._inside(place).mkdir(parents=True, exist_ok=True)

    def start(self) -> None:
        """Start it; it is not waited for."""
        config = self._built.config
        command = config.cmd if self._plan.command is None else self._plan.command
        entrypoint = config.entrypoint if self._plan.entrypoint is None else self._plan.entrypoint
        volumes = "".join(
            f"{there}={self._how(there)}={here}\n" for there, here in self._plan.volumes.items()
        )
        files = str(self._server.folder)
        prepare = [
            "sh",
            "-c",
            PREPARE,
            "prepare",
            str(self._built.folder),
            self._plan.name,
            files,
            volumes,
        ]
        namespaces = ["--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child=KILL"]
        words = ["unshare", *namespaces, "--", *prepare, *self._as_user(), *entrypoint, *command]
        self._server.start(words, ready=lambda: True)

    def run(self) -> int:
        """Run it to its end; its exit code."""
        self.start()
        return self.wait(COMMAND_WITHIN_S)

    def wait(self, within_s: float) -> int:
        """The exit code, once it has ended; `within_s` at rest. Raises TimeoutExpired."""
        assert self._server.process is not None
        return self._server.process.wait(patience(within_s))

    def execute(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as `docker exec` does."""
        target = [
            "nsenter",
            f"--target={self._first().pid}",
            "--mount",
            "--uts",
            "--ipc",
            "--pid",
            "--root",
            "--",
        ]
        words = [*target, *self._as_user(), *command]
        return subprocess.run(
            words, check=False, capture_output=True, text=True, timeout=patience(COMMAND_WITHIN_S)
        )

    def check(self, test: Sequence[str]) -> subprocess.CompletedProcess[str]:
        """Run a health check, as compose or the image writes it."""
        how, *words = test
        return self.execute(*(words if how == "CMD" else ["sh", "-c", *words]))

    def wait_healthy(self, test: Sequence[str], within_s: float = 120.0) -> None:
        """Poll a health check.

        Raises AssertionError with the end of the log if it ends or is not well in time.
        """
        try:
            wait_until(
                lambda: not self.runs() or self.check(test).returncode == 0,
                within_s,
                "healthy",
                every_s=0.5,
            )
        except TimeoutError:
            raise AssertionError(f"{self._plan.name} is not well:\n{self.log()}") from None
        assert self.runs(), f"{self._plan.name} has ended:\n{self.log()}"

    def runs(self) -> bool:
        """Whether it goes on."""
        return self._server.process is not None and self._server.process.poll() is None

    def terminate(self) -> None:
        """Ask its process 1 to end, as `docker stop` does."""
        self._first().send_signal(signal.SIGTERM)

    def processes(self) -> list[str]:
        """The command lines of all that runs in it."""
        return [" ".join(one.cmdline()) for one in self._all()]

    def memory_bytes(self) -> int:
        """What its processes hold now; what they share is counted once."""
        return sum(one.memory_full_info().pss for one in self._all())

    def log(self, last: int = 3000) -> str:
        """The end of what it has said, in characters."""
        return self._server.log.read_text(errors="replace")[-last:]

    def remove(self) -> None:
        """End it at once and delete what is its own."""
        self._server.kill()
        self._server.remove()

    def _first(self) -> psutil.Process:
        """Its process 1."""
        assert self._server.process is not None
        outer = psutil.Process(self._server.process.pid)
        wait_until(
            lambda: bool(outer.children()), COMMAND_WITHIN_S, f"{self._plan.name} has a process"
        )
        return outer.children()[0]

    def _how(self, place: str) -> str:
        return "ro" if place in self._plan.read_only else "rw"

    def _all(self) -> list[psutil.Process]:
        return [self._first(), *self._first().children(recursive=True)]

    def _as_user(self) -> list[str]:
        """The words before a command that runs it with the container's rights and environment,
        and with nothing else.
        """
        user, _, group = (self._plan.user or ids_of(self._built)).partition(":")
        rights = [f"--reuid={user}", f"--regid={group}", "--clear-groups", "--no-new-privs"]
        rights += ["--bounding-set=-all", "--inh-caps=-all"]
        given = {**self._built.config.env, "HOSTNAME": self._plan.name, **self._plan.environment}
        pairs = [f"{name}={value}" for name, value in given.items()]
        # An engine enters the working folder while it is root still: another user of the image may
        # have no right to it.
        entering = ["env", f"--chdir={self._built.config.workdir}"]
        return [*entering, "setpriv", *rights, "--", "env", "-i", *pairs]

    def _inside(self, place: str) -> Path:
        return self._built.folder / place.removeprefix("/")


def ids_of(built: Built) -> str:
    """The image's user as `uid:gid`, by the image's own list of users."""
    lines = (built.folder / "etc/passwd").read_text().splitlines()
    users = {line.split(":")[0]: ":".join(line.split(":")[2:4]) for line in lines}
    return users[built.config.user]


def new_volume(built: Built, there: str, below: Path) -> Path:
    """An empty folder with the owner and the mode that the image's folder `there` has, as a new
    volume gets them.
    """
    folder = Path(tempfile.mkdtemp(prefix="volume-", dir=below))
    like = (built.folder / there.removeprefix("/")).stat()
    folder.chmod(like.st_mode & 0o7777)
    shutil.chown(folder, like.st_uid, like.st_gid)
    return folder
