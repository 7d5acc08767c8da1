"""Dovecot (2.3) as a mail server with XOAUTH2: submission with STARTTLS and with TLS, and IMAP with
TLS.

It takes tokens that the introspection server knows, as Microsoft and Google do with theirs, and
hands mail on to `relay`.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Self

import pytest

from tests.servers.process import LOOPBACK, Server, find, free_port, listens, missing

SUBMISSION = Path("/usr/lib/dovecot/submission-login")
NOBODY, NOGROUP = "nobody", "nogroup"


class DovecotOAuth:
    """Runs while the block does; `log()` is what it has logged."""

    def __init__(
        self, certificate: Path, introspection: str, relay: int, mechanisms: str = "xoauth2"
    ) -> None:
        """`certificate`: a PEM file with its key; `relay`: a port on loopback; `mechanisms`:
        those that are offered.
        """
        if os.geteuid() != 0:
            pytest.skip("Dovecot has to be started by root")
        if not SUBMISSION.exists():
            missing("dovecot", "dovecot-submissiond")
        self._dovecot = find("dovecot") or missing("dovecot", "dovecot-core")
        self.smtp, self.smtps, self.imaps = free_port(), free_port(), free_port()
        self._server = Server("dovecot")
        folder = self._server.folder
        folder.chmod(0o755)
        for name in ("cur", "new", "tmp", ".Sent/cur", ".Sent/new", ".Sent/tmp"):
            (folder / "Maildir" / name).mkdir(parents=True)
        self.sent = folder / "Maildir" / ".Sent" / "new"
        for path in (folder / "Maildir", *(folder / "Maildir").rglob("*")):
            shutil.chown(path, NOBODY, NOGROUP)
        shutil.copy(certificate, folder / "server.pem")
        (folder / "oauth2.conf").write_text(
            f"introspection_mode = post\nintrospection_url = {introspection}\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
        (folder / "dovecot.conf").write_text(self._config(folder, relay, mechanisms))

    def __enter__(self) -> Self:
        command = [self._dovecot, "-F", "-c", str(self._server.folder / "dovecot.conf")]
        self._server.start(
            command, lambda: all(listens(port) for port in (self.smtp, self.smtps, self.imaps))
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._server.remove()

    def log(self) -> str:
        """What it has logged."""
        return (self._server.folder / "log").read_text(errors="replace")

    def _config(self, folder: Path, relay: int, mechanisms: str) -> str:
        return f"""
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
protocols = imap submission
default_login_user = {NOBODY}
default_internal_user = {NOBODY}
default_internal_group = {NOGROUP}
first_valid_uid = 1
first_valid_gid = 1
auth_mechanisms = {mechanisms}
auth_failure_delay = 0
ssl = required
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.pem
submission_relay_host = {LOOPBACK}
submission_relay_port = {relay}
submission_relay_trusted = no
hostname = localhost
mail_location = maildir:{folder}/Maildir
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = static
  args = password=only-for-plain
  mechanisms = plain
}}
userdb {{
  driver = static
  args = uid={NOBODY} gid={NOGROUP} home={folder}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    address = {LOOPBACK}
    port = {self.imaps}
    ssl = yes
  }}
}}
service submission-login {{
  chroot =
  inet_listener submission {{
    address = {LOOPBACK}
    port = {self.smtp}
  }}
  inet_listener submissions {{
    address = {LOOPBACK}
    port = {self.smtps}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""
