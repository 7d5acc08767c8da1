"""Dovecot's IMAP (2.3 and later) over a Maildir, without a daemon: one process, spoken to
through a pipe.
"""

from __future__ import annotations

import os
import shutil
import socketserver
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.patience import patience
from tests.servers.process import LOOPBACK, missing

IMAP = Path("/usr/lib/dovecot/imap")
NOBODY = "nobody"  # Dovecot reads no mail as root


def threads(folder: Path, *mails: bytes) -> str:
    """What Dovecot says of the threads of these mails (RFC 5256, THREAD=REFERENCES): `(1 2 3)` is
    one thread.

    `folder` is for Dovecot's files; it has to be readable by all.
    """
    config = _prepared(folder, *mails)
    said = subprocess.run(
        [IMAP, "-c", config],
        input="a SELECT INBOX\r\nb THREAD REFERENCES UTF-8 ALL\r\nc LOGOUT\r\n",
        env={"HOME": str(folder), "USER": NOBODY},
        text=True,
        capture_output=True,
        timeout=patience(30),
        check=True,
    ).stdout
    return next(
        line.removeprefix("* THREAD ") for line in said.splitlines() if line.startswith("* THREAD ")
    )


@contextmanager
def serving(folder: Path, *mails: bytes) -> Iterator[int]:
    """The loopback port of a Dovecot that has these mails in INBOX and takes everybody for
    their owner.
    """
    config = _prepared(folder, *mails)

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            environment = {"HOME": str(folder), "USER": NOBODY}
            # it takes no socket for them
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "bufsize": 0}
            with subprocess.Popen([IMAP, "-c", config], env=environment, **pipes) as imap:
                told = threading.Thread(
                    target=_pump, args=(imap.stdout.read, self.wfile.write), daemon=True
                )
                told.start()
                _pump(self.rfile.read1, imap.stdin.write)
                imap.stdin.close()
                told.join()

    with socketserver.ThreadingTCPServer((LOOPBACK, 0), Connection) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def _pump(read: Callable[[int], bytes], write: Callable[[bytes], object]) -> None:
    """Copy until the end."""
    while data := read(1 << 16):
        write(data)


def _prepared(folder: Path, *mails: bytes) -> Path:
    """The configuration of a Dovecot that has these mails."""
    if not IMAP.exists():
        missing("dovecot", "dovecot-imapd")
    inbox = folder / "Maildir"
    for name in ("cur", "new", "tmp"):
        (inbox / name).mkdir(parents=True)
    for number, mail in enumerate(mails, 1):
        (inbox / "new" / f"{number}.test").write_bytes(mail)
    config = folder / "dovecot.conf"
    config.write_text(_config(folder, inbox))
    if os.geteuid() == 0:
        for path in (inbox, *inbox.rglob("*")):
            shutil.chown(path, NOBODY)
    return config


def _config(folder: Path, inbox: Path) -> str:
    settings = {
        "mail_location": f"maildir:{inbox}",
        "log_path": folder / "log",
        "base_dir": folder / "run",
        "state_dir": folder / "state",
        "ssl": "no",
        "protocols": "imap",
        "first_valid_uid": 1,
        "first_valid_gid": 1,
    }
    if os.geteuid() == 0:
        settings |= {"mail_uid": NOBODY, "mail_gid": "nogroup", "default_internal_user": "root"}
    return "".join(f"{name} = {value}\n" for name, value in settings.items())
