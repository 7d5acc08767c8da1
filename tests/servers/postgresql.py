"""PostgreSQL: one cluster for the test run, a fresh database for each test."""

from __future__ import annotations

import os
import pwd
import secrets
import signal
import uuid
from pathlib import Path

import psycopg
from psycopg import sql

from tests.patience import patience
from tests.servers.process import LOOPBACK, Server, find, free_port, missing

PACKAGE = "postgresql"
# Debian keeps the programs of each version in a folder of its own, off PATH.
DEBIAN = Path("/usr/lib/postgresql")


class PostgreSQL:
    """`fresh()` gives the URL of a new, empty database."""

    def __init__(self, port: int | None = None) -> None:
        """`port`: None: a free one."""
        self.port = port or free_port()
        self._password = secrets.token_urlsafe(12)
        self._server = Server("postgresql", user=_user())
        self._initdb()
        self.start()

    def start(self) -> None:
        """Start it (again, after `stop`), on the same port with the same data."""
        # What a power cut would lose is of no interest here, and an fsync is the most of a short
        # test.
        options = (
            "fsync=off",
            f"listen_addresses={LOOPBACK}",
            f"port={self.port}",
            "max_connections=200",
        )
        command = [_program("postgres"), "-D", str(self._data), "-k", str(self._server.folder)]
        for option in options:
            command += ["-c", option]
        self._server.start(command, ready=self._answers)

    def stop(self) -> None:
        """Stop it, cutting its connections off."""
        self._server.stop(signal.SIGINT)

    def kill(self) -> None:
        """kill -9 of all of it."""
        self._server.kill()

    def send(self, number: signal.Signals) -> None:
        """To all of it: SIGSTOP, SIGCONT."""
        self._server.send(number)

    def remove(self) -> None:
        """Stop it for good and delete its data."""
        self.stop()
        self._server.remove()

    def fresh(self) -> str:
        """The URL of a new database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self._admin(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://tests:{self._password}@{LOOPBACK}:{self.port}/{name}"

    def make(self, role: str, password: str, database: str) -> None:
        """A role and a database of its own, as the official image makes them of its environment."""
        names = sql.Identifier(role), sql.Identifier(database)
        self._admin(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(names[0], sql.Literal(password))
        )
        self._admin(sql.SQL("CREATE DATABASE {} OWNER {}").format(names[1], names[0]))

    def drop(self, url: str) -> None:
        """Delete a database that `fresh` made, whoever is still connected."""
        name = url.rpartition("/")[2]
        self._admin(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _data(self) -> Path:
        return self._server.folder / "data"

    def _initdb(self) -> None:
        password = self._server.folder / "password"
        password.write_text(self._password)
        options = [
            "--username=tests",
            f"--pwfile={password}",
            "--auth=scram-sha-256",
            "--no-sync",
            "--encoding=UTF8",
        ]
        self._server.run([_program("initdb"), "-D", str(self._data), "--locale=C.UTF-8", *options])

    def _connect(self) -> psycopg.Connection:
        facts = {"host": LOOPBACK, "port": self.port, "user": "tests", "password": self._password}
        return psycopg.connect(
            dbname="postgres", autocommit=True, connect_timeout=round(patience(5)), **facts
        )

    def _admin(self, statement: sql.Composed) -> None:
        with self._connect() as connection:
            connection.execute(statement)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True


def _program(name: str) -> str:
    newest = sorted(
        DEBIAN.glob(f"*/bin/{name}"), key=lambda file: float(file.parts[-3]), reverse=True
    )
    return str(newest[0]) if newest else find(name) or missing(f"PostgreSQL ({name})", PACKAGE)


def _user() -> str | None:
    """PostgreSQL refuses to run as root."""
    _program("initdb")
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
