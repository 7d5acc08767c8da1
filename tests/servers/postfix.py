"""Postfix (3.7 and later) as a mail server in front of the door and as the way out, in a folder of
its own.

It takes mail on a free port. What is for `relay_domain` goes to `next_hop`; everything else to
`smarthost`.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Self

import pytest

from tests.patience import patience
from tests.servers.process import LOOPBACK, Server, find, free_port, listens, missing, wait_until

MASTER = Path("/usr/share/postfix/master.cf.dist")
STOP_WITHIN_S = 15


class Postfix:
    """A running Postfix; `queue()` lists the mails that it still holds."""

    def __init__(
        self, relay_domain: str, next_hop: int, smarthost: int, protocol: str = "smtp", **more: str
    ) -> None:
        """`next_hop`, `smarthost`: ports on loopback; `protocol`: what is spoken with the first,
        `smtp` or `lmtp`.

        `more`: settings of `main.cf`.
        """
        if os.geteuid() != 0:
            pytest.skip("Postfix has to be started by root")
        self._postfix = find("postfix") or missing("postfix", "postfix")
        self.port = free_port()
        self._server = Server("postfix")
        self._folder = self._server.folder
        self._folder.chmod(0o755)
        self._configure(relay_domain, next_hop, smarthost, protocol, more)

    def __enter__(self) -> Self:
        self._run("start")
        wait_until(lambda: listens(self.port), 20, "Postfix listens")
        return self

    def __exit__(self, *_: object) -> None:
        self._run("stop")
        self._server.remove()

    def queue(self) -> list[str]:
        """One JSON line for each mail in the queue."""
        listing = subprocess.run(
            ["postqueue", "-c", self._config, "-j"], check=True, capture_output=True, text=True
        )
        return listing.stdout.splitlines()

    @property
    def environment(self) -> dict[str, str]:
        """With it, `postconf` and its like are about this Postfix; also before it is started."""
        path = os.pathsep.join(["/usr/sbin", os.environ.get("PATH", os.defpath)])
        return {"PATH": path, "MAIL_CONFIG": self._config, "LC_ALL": "C.UTF-8"}

    def log(self) -> str:
        """What it has logged."""
        return (self._folder / "maillog").read_text()

    @property
    def _config(self) -> str:
        return str(self._folder / "etc")

    def _run(self, word: str) -> None:
        subprocess.run(
            [self._postfix, "-c", self._config, word],
            check=True,
            capture_output=True,
            timeout=patience(60),
        )

    def _configure(
        self, relay_domain: str, next_hop: int, smarthost: int, protocol: str, more: dict[str, str]
    ) -> None:
        hop = (
            f"lmtp:inet:{LOOPBACK}:{next_hop}"
            if protocol == "lmtp"
            else f"smtp:[{LOOPBACK}]:{next_hop}"
        )
        etc, queue, data = (self._folder / name for name in ("etc", "queue", "data"))
        for folder in (etc, queue, data):
            folder.mkdir(mode=0o755)
        subprocess.run(["chown", "postfix", data], check=True)
        settings = {
            "compatibility_level": "3.6",
            "queue_directory": queue,
            "data_directory": data,
            "maillog_file": self._folder / "maillog",
            "maillog_file_prefixes": self._folder,
            "myhostname": "mx.example.test",
            "mydestination": "",
            "inet_interfaces": "loopback-only",
            "inet_protocols": "ipv4",
            "disable_dns_lookups": "yes",
            "smtp_host_lookup": "native",
            "mynetworks": "127.0.0.0/8",
            "relay_domains": relay_domain,
            "transport_maps": f"inline:{{ {{{relay_domain}={hop}}} }}",
            "lmtp_host_lookup": "native",
            "recipient_delimiter": "+",
            "relayhost": f"[{LOOPBACK}]:{smarthost}",
            "smtp_tls_security_level": "none",
            "alias_maps": "",
            "alias_database": "",
            "minimal_backoff_time": "1s",
            "queue_run_delay": "2s",
            **more,
        }
        (etc / "main.cf").write_text(
            "".join(f"{name} = {value}\n" for name, value in settings.items())
        )
        services = re.sub(
            r"^smtp\s+inet",
            f"{LOOPBACK}:{self.port} inet",
            MASTER.read_text(),
            count=1,
            flags=re.MULTILINE,
        )
        (etc / "master.cf").write_text(
            re.sub(r"^(\S+\s+\S+\s+\S+\s+\S+\s+)[y-](\s)", r"\1n\2", services, flags=re.MULTILINE)
        )
