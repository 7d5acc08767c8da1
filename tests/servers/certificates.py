"""Certificates of the tests' own, for servers on loopback and for clients that sign."""

from __future__ import annotations

import subprocess
from pathlib import Path


def self_signed(folder: Path, name: str = "localhost") -> Path:
    """A PEM file with a key and its certificate for localhost and 127.0.0.1, valid for a day."""
    key, certificate, both = (folder / f"{name}.{ending}" for ending in ("key", "crt", "pem"))
    subject = ["-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "1",
        *subject,
        *files,
    ]
    subprocess.run(command, check=True, capture_output=True)
    both.write_text(key.read_text() + certificate.read_text())
    both.chmod(0o600)
    return both
