"""A mail is taken apart in a child with limits: winmail.dat and signed S/MIME too, and whatever
is broken is only said.
"""

from __future__ import annotations

import binascii
import io
import shutil
import struct
import subprocess
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dragoman.domain.retry import attempts_for
from dragoman.errors import StageTimedOut, WorkerLost
from ingress.email import sandboxed_parser
from ingress.email.mime import attachments, tnef_smime

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 600 + b"%%EOF"
LONG_NAME = "Vertrag über Größe.pdf"


def found(mail: bytes, folder: Path) -> list[Any]:
    """The items, as the parent sees them; a PDF as (name, bytes)."""
    (folder / "mail").write_bytes(mail)
    with (folder / "mail").open("rb") as file:
        return [_flat(item) for item in sandboxed_parser.found_in(file)]


def here(mail: bytes) -> list[Any]:
    """The same without a child."""
    return [_flat(item) for item in attachments.items(io.BytesIO(mail))]


def _flat(item: Any) -> Any:
    return (
        (item.filename, b"".join(iter(item.body.read, b"")))
        if isinstance(item, attachments.PdfFound)
        else item
    )


def mail(content: bytes, kind: str, name: str | None) -> bytes:
    message = EmailMessage()
    message["Subject"], message["In-Reply-To"], message["References"] = (
        "Grüße",
        "<b@x>",
        "<a@x> <b@x>",
    )
    message["Accept-Language"] = "de-DE"
    message.set_content("to German")
    maintype, _, subtype = kind.partition("/")
    message.add_attachment(content, maintype=maintype, subtype=subtype, filename=name)
    return message.as_bytes()


def _object(level: int, name: int, kind: int, data: bytes) -> bytes:
    return (
        struct.pack("<BHHI", level, name, kind, len(data))
        + data
        + struct.pack("<H", sum(data) & 0xFFFF)
    )


def winmail(*files: tuple[str, bytes]) -> bytes:
    """A winmail.dat as Outlook makes it (MS-OXTNEF 2.1)."""
    made = tnef_smime.TNEF_MAGIC + struct.pack("<H", 1)
    made += _object(1, 0x9006, 8, struct.pack("<I", 0x10000)) + _object(
        1, 0x9007, 6, struct.pack("<II", 1252, 0)
    )
    for name, data in files:
        made += _object(2, 0x9002, 6, b"\x01\x00" + b"\xff" * 4 + b"\0" * 8)
        made += _object(2, 0x8010, 1, b"SHORT~1.PDF\0") + _object(2, 0x800F, 6, data)
        text = (name + "\0").encode("utf-16-le")
        text_property = (
            struct.pack("<HHII", 0x001F, 0x3707, 1, len(text)) + text + b"\0" * (-len(text) % 4)
        )
        made += _object(2, 0x9005, 6, struct.pack("<I", 1) + text_property)
    return made


@pytest.mark.parametrize(
    ("kind", "name"), [("application/ms-tnef", "winmail.dat"), ("application/octet-stream", None)]
)
def test_winmail_dat_gives_its_files(kind: str, name: str | None) -> None:
    items = here(mail(winmail((LONG_NAME, PDF), ("notes.txt", b"notes")), kind, name))
    assert items[1:] == [(LONG_NAME, PDF), attachments.Other("notes.txt", b"notes")]


def test_winmail_dat_that_cannot_be_read_is_an_attachment_that_is_no_pdf() -> None:
    broken = winmail() + _object(2, 0x800F, 6, b"x" * 99)  # the data of no attachment
    (item,) = here(mail(broken, "application/ms-tnef", "winmail.dat"))[1:]
    assert isinstance(item, attachments.Other)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("smime")
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    command = (
        "req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=ann -days 2"
    )
    subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    return folder


def openssl(folder: Path, command: str, content: bytes) -> bytes:
    head = "-from ann@example.org -to translate@example.org -subject Contract"
    return subprocess.run(
        [
            "openssl",
            "smime",
            *command.split(),
            *head.split(),
            *(["cert.pem"] if "-encrypt" in command else []),
        ],
        cwd=folder,
        check=True,
        input=content,
        capture_output=True,
    ).stdout


@pytest.mark.parametrize("form", ["", "-stream", "-indef", "-binary"])
def test_signed_mail_gives_what_was_signed(certificate: Path, form: str) -> None:
    inner = mail(PDF, "application/pdf", "a.pdf")
    signed = openssl(certificate, f"-sign -nodetach {form} -signer cert.pem -inkey key.pem", inner)
    items = here(signed)
    assert items[0].text.strip() == "to German"
    assert items[1:] == [("a.pdf", PDF)]


def test_encrypted_mail_is_said_to_be_locked(certificate: Path) -> None:
    locked = openssl(certificate, "-encrypt -aes256", mail(PDF, "application/pdf", "a.pdf"))
    assert here(locked) == [attachments.Locked("smime.p7m")]
    pgp = b"Content-Type: text/plain; name=encrypted.asc\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n"
    assert here(pgp) == [attachments.Locked("encrypted.asc")]


def test_uuencoded_pdf_is_found() -> None:
    lines = b"".join(binascii.b2a_uu(PDF[start : start + 45]) for start in range(0, len(PDF), 45))
    head = (
        b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding:"
        b" x-uuencode\r\n\r\n"
    )
    assert here(head + b"begin 644 a.pdf\n" + lines + b"`\nend\n") == [("a.pdf", PDF)]


def test_child_sees_what_the_parser_sees(tmp_path: Path) -> None:
    top, *items = found(mail(PDF, "text/plain", LONG_NAME), tmp_path)
    assert top == sandboxed_parser.Top("Grüße", ("<b@x>", "<a@x>"), "de-DE")
    assert items == here(mail(PDF, "text/plain", LONG_NAME))
    assert found(b"", tmp_path)[0] == sandboxed_parser.Top("", (), "")


@pytest.mark.parametrize(
    "program",
    [
        "raise SystemExit(1)",
        "import os; os.abort()",
        "import os, signal; os.kill(os.getpid(), signal.SIGXCPU)",
    ],
    ids=["it broke", "it crashed", "its CPU time was over"],
)
def test_child_that_would_die_again_is_said_to_be_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr(sandboxed_parser, "COMMAND", ("-c", program))
    assert found(mail(PDF, "application/pdf", "a.pdf"), tmp_path) == [sandboxed_parser.Broken()]


@pytest.mark.parametrize(
    ("program", "error"),
    [
        ("import time; time.sleep(60)", StageTimedOut),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", WorkerLost),
    ],
    ids=["a slow machine", "a machine without memory"],
)
def test_mail_is_opened_again_where_its_child_fell_to_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, error: type[Exception]
) -> None:
    monkeypatch.setattr(sandboxed_parser, "COMMAND", ("-c", program))
    monkeypatch.setattr(sandboxed_parser, "WALL_S", 2.0)
    with pytest.raises(error):
        found(mail(PDF, "application/pdf", "a.pdf"), tmp_path)
    assert attempts_for(error()) > 1


def test_pdf_that_is_cut_off_by_the_childs_death_is_no_pdf(tmp_path: Path) -> None:
    item = {"item": "pdf", "filename": "a.pdf"}
    pipe = io.BytesIO()
    sandboxed_parser._put(pipe, item)
    sandboxed_parser._send(pipe, b"%PDF-1.4")
    pipe.seek(0)
    sandboxed_parser._frame(pipe)
    body = sandboxed_parser.PdfBody(pipe)
    assert body.read() == b"%PDF-1.4"
    with pytest.raises(EOFError):
        body.read()


def test_memory_of_the_child_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = (
        "import ingress.email.sandboxed_parser as d; d.MEMORY = 200_000_000; d.parse.items = lambda"
        " s: iter([bytearray(10**9)]); d.main()"
    )
    monkeypatch.setattr(sandboxed_parser, "COMMAND", ("-c", greedy))
    assert found(b"Subject: a\r\n\r\n", tmp_path) == [sandboxed_parser.Broken()]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_wrapping_breaks_it(data: bytes) -> None:
    for kind in ("application/ms-tnef", "application/pkcs7-mime"):
        here(mail(data, kind, "a"))
    here(mail(tnef_smime.TNEF_MAGIC + data, "application/octet-stream", None))
    damaged = bytearray(winmail(("a.pdf", PDF[:400])))
    for at, byte in enumerate(data):
        damaged[(at * 7 + byte) % len(damaged)] ^= byte
    here(mail(bytes(damaged), "application/ms-tnef", "winmail.dat"))
