"""Garbled mails: rows of the torture table, changed at random, through the door's own steps and
beside the standard library.

    make fuzz-mail SECONDS=60 SEED=0

A mail is fed in pieces of random sizes and must come out the same as in one piece; its header block
must get a verdict; taking it apart must raise nothing, end soon, and find the PDFs that Python's
own parser finds, but for one mail in a hundred. What went wrong is kept in `--keep`.
"""

from __future__ import annotations

import argparse
import email
import hashlib
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

from ingress.email.auth import policy
from ingress.email.auth.policy import Accepted, Rules, Verdict
from ingress.email.mime import attachments, walker
from ingress.email.mime.headers import Headers
from ingress.email.smtp import acceptance
from ingress.email.smtp.data_reader import Reception
from ingress.email.smtp.spool import Spool
from tests.integration.torture import table_door, table_more, table_parts
from tests.mail_door import stuffed

SLOW_S = 5.0  # of one mail in this process, on a busy machine
LARGEST_SEED = 200_000
MOST = 2_000_000
# bytes of a PDF that have to be the same: what follows damaged base64 may be read in more than one
# way
ALIKE = 30
RULES = policy.rules("translate@localhost", ("*",), "none", ())
TOKENS = [
    b"\r\n", b"\n", b"\r", b"\0", b"--b\r\n", b"--b--\r\n", b"--b", b"\r\n.\r\n", b"\n.\n", b"\r\n\r\n", b": ", b";", b'"', b"\\", b"(", b")", b"<", b">",
    b"=?utf-8?b?", b"?=", b"=?x?q?=ZZ?=", b"filename*0*=utf-8''%C3", b"; filename*1*=%A4.pdf", b"boundary=", b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Type: message/rfc822\r\n\r\n", b"Content-Transfer-Encoding: base64\r\n", b"Content-Transfer-Encoding: quoted-printable\r\n",
    b"Content-Type: multipart/digest; boundary=b\r\n", b"begin 644 a.pdf\r\n", b"end\r\n", b"%PDF-1.4", b"From: x@y.z\r\n", b"From ", b" ", b"\t", b"\xff",
    b"\xc3\xa4", b"\xe2\x80\xae", b"=", b"==", b"=\r\n", b"Content-Type: application/pkcs7-mime\r\n", b"\x78\x9f\x3e\x22", b"Auto-Submitted: auto-replied\r\n",
    b"-----BEGIN PGP MESSAGE-----\r\n", b"x" * 1000, b"a," * 500, b"(" * 300, b"\r\n" * 300, b"--" * 300,
]  # fmt: skip


def seeds() -> list[bytes]:
    """Contents of the table's rows, the very large ones left out."""
    rows = [*table_door.ROWS, *table_parts.ROWS, *table_more.ROWS]
    return [row.content for row in rows if len(row.content) < LARGEST_SEED]


def garbled(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    """`content` with some changes."""
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8))):
        content = chance.choice(CHANGES)(content, chosen, chance)
    return content[:MOST]


def _inserted(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    at = chance.randint(0, min(len(content), chance.choice((600, 1 << 20))))
    return content[:at] + chance.choice(TOKENS) + content[at:]


def _cut(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    start = chance.randint(0, len(content))
    return content[:start] + content[start + chance.choice((1, 2, 10, 100, 1 << 20)) :]


def _flipped(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    changed = bytearray(content)
    for _ in range(min(chance.choice((1, 4, 20)), len(changed))):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def _line_moved(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    lines = content.splitlines(keepends=True)[:4000]
    if not lines:
        return content
    line = lines[chance.randrange(len(lines))]
    at = chance.randint(0, len(lines))
    return b"".join([*lines[:at], line * chance.choice((1, 1, 2, 50)), *lines[at:]])


def _spliced(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    other = chance.choice(chosen)
    return content[: chance.randint(0, len(content))] + other[chance.randint(0, len(other)) :]


def _other_line_ends(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    return content.replace(b"\r\n", chance.choice((b"\n", b"\r", b"\r\n\r\n", b"\r\r\n")))


def _folded(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    spaces = [found.start() for found in re.finditer(rb" ", content[:5000])]
    at = chance.choice(spaces) if spaces else 0
    return content[:at] + b"\r\n" + b" " * chance.choice((0, 1, 9)) + content[at:]


def _wrapped(content: bytes, chosen: list[bytes], chance: random.Random) -> bytes:
    outer = (
        b"From: a@example.org\r\nContent-Type: multipart/mixed;"
        b" boundary=w\r\n\r\n--w\r\nContent-Type: message/rfc822\r\n\r\n"
    )
    return outer + content + b"\r\n--w--\r\n"


CHANGES: list[Callable[[bytes, list[bytes], random.Random], bytes]] = [
    _inserted, _inserted, _inserted, _cut, _flipped, _line_moved, _line_moved, _spliced, _other_line_ends, _folded, _wrapped,
]  # fmt: skip


MISSED = "a PDF that the standard library alone finds"
# of the mails: it goes on behind closing delimiters, and believes in multiparts that have none
MOST_MISSED = 0.01


class Wrong(Exception):
    """What the door must not do."""


def outcome(content: bytes, spool: Spool, chance: random.Random, rules: Rules = RULES) -> str:
    """What became of a mail. Raises Wrong, and whatever the door raises."""
    started = time.perf_counter()
    verdict = _received(content, spool, chance, rules)
    if not isinstance(verdict, Accepted):
        return type(verdict).__name__.casefold()
    found, cut = _found(content)
    missed = (
        set()
        if cut
        else {pdf[:ALIKE] for pdf in _by_the_library(content)} - {pdf[:ALIKE] for pdf in found}
    )
    if time.perf_counter() - started > SLOW_S:
        raise Wrong(f"slow: {time.perf_counter() - started:.1f} s")
    if missed:
        return MISSED
    return f"{min(len(found), 3)} PDFs" + (", cut" if cut else "")


def _received(content: bytes, spool: Spool, chance: random.Random, rules: Rules) -> Verdict:
    """The verdict, which must not depend on where the chunks were cut; and what is kept is what
    was sent.
    """
    wire = (
        stuffed(b"\r\n" + content)[2:]
        + (b"" if content.endswith(b"\r\n") else b"\r\n")
        + b".\r\nQUIT\r\n"
    )
    verdicts = []
    for pieces in ([wire], list(_pieces(wire, chance))):
        file = spool.new()
        try:
            received = Reception(file, MOST + 2, lambda found: _judged(found, rules))
            for number, piece in enumerate(pieces):
                received.feed(piece)
                if received.ended:
                    rest = received.rest + b"".join(pieces[number + 1 :])
                    break
            if not received.ended or rest != b"QUIT\r\n":
                raise Wrong("the end of the message was seen somewhere else")
            verdicts.append(received.verdict)
            expected = content if content.endswith(b"\r\n") else content + b"\r\n"
            if (
                isinstance(received.verdict, Accepted)
                and file.sha256 != hashlib.sha256(expected).hexdigest()
            ):
                raise Wrong("not the bytes that were sent")
            if isinstance(received.verdict, Accepted):
                acceptance.message_of(
                    received.headers, file.sha256, received.author, "a@b.c", "translate@localhost"
                )
        finally:
            file.close()
    if verdicts[0] != verdicts[1]:
        raise Wrong(f"{verdicts[0]} in one piece, {verdicts[1]} in many")
    return verdicts[0]


def _judged(found: Headers, rules: Rules) -> Verdict:
    return acceptance.judged(found, "a@b.c", ["translate@localhost"], "127.0.0.1", rules)


def _pieces(wire: bytes, chance: random.Random) -> Iterator[bytes]:
    at = 0
    while at < len(wire):
        size = chance.choice((1, 2, 3, 5, 50, 1000, 65_536))
        yield wire[at : at + size]
        at += size


def _found(content: bytes) -> tuple[set[bytes], bool]:
    """The PDFs that we find, and whether something was left out."""
    found: set[bytes] = set()
    cut = False
    for item in attachments.items(BytesIO(content)):
        match item:
            case attachments.PdfFound(_, body):
                found.add(b"".join(iter(body.read, b"")).rstrip())
            case attachments.TooMany():
                cut = True
            case _:
                pass
    return found, cut


def _by_the_library(content: bytes) -> set[bytes]:
    """The PDFs that Python's own parser finds, where it does not fail itself."""
    try:
        message = email.message_from_bytes(content)
        parts = list(message.walk())
        # It takes a bare CR for a line end, and pieces of mails for mails.
        is_other = re.search(rb"\r(?!\n)", content) or any(
            "partial" in part.get_content_type() for part in parts
        )
        if is_other or len(parts) > walker.MOST_PARTS:
            return set()
        bodies = [part.get_payload(decode=True) for part in parts if not part.is_multipart()]
    except (RecursionError, ValueError, LookupError, AttributeError, TypeError, IndexError):
        return set()
    return {
        body.rstrip()
        for body in bodies
        if isinstance(body, bytes) and body.lstrip().startswith(b"%PDF-")
    }


def run(seconds: float, seed: int, keep: Path) -> Counter[str]:
    """How often each outcome was seen; mails whose outcome is none to be proud of are kept."""
    chance, chosen, seen = random.Random(seed), seeds(), Counter[str]()
    end, number = time.monotonic() + seconds, 0
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        while time.monotonic() < end:
            number += 1
            content = garbled(chance.choice(chosen), chosen, chance)
            try:
                result = outcome(content, spool, chance)
            except Exception as error:  # noqa: BLE001 - this is what is looked for
                result = f"!{type(error).__name__}: {str(error)[:80]}"
            seen[result] += 1
            if result == MISSED or result.startswith("!"):
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-{number}.eml").write_bytes(content)
    return seen


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-findings"))
    given = parser.parse_args()
    seen = run(given.seconds, given.seed, given.keep)
    for result, count in seen.most_common():
        print(f"{count:7} {result}")
    is_lossy = seen[MISSED] > MOST_MISSED * seen.total()
    return int(is_lossy or any(result.startswith("!") for result in seen))


if __name__ == "__main__":
    sys.exit(main())
