"""Dovecot's IMAP (2.3 and later) over a Maildir, without a daemon: one process, spoken to through a pipe."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from tests.servers.process import missing

IMAP = Path("/usr/lib/dovecot/imap")
NOBODY = "nobody"  # Dovecot reads no mail as root


def threads(folder: Path, *mails: bytes) -> str:
    """What Dovecot says of the threads of these mails (RFC 5256, THREAD=REFERENCES): `(1 2 3)` is one thread.

    `folder` is for Dovecot's files; it has to be readable by all.
    """
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
    said = subprocess.run(
        [IMAP, "-c", config],
        input="a SELECT INBOX\r\nb THREAD REFERENCES UTF-8 ALL\r\nc LOGOUT\r\n",
        env={"HOME": str(folder), "USER": NOBODY},
        text=True,
        capture_output=True,
        timeout=30,
        check=True,
    ).stdout
    return next(line.removeprefix("* THREAD ") for line in said.splitlines() if line.startswith("* THREAD "))


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
