"""One message on its way in: dots off, hashed, spooled, and its header block judged as soon as it
is whole.

Bounded whatever comes: a message that is refused, dropped or too large is read to its end and kept
nowhere.
"""

from __future__ import annotations

from collections.abc import Callable

from dragoman.adapters import templating
from ingress.email.auth.dkim_body_hash import BodyHash
from ingress.email.auth.policy import Accepted, Bounced, Refused, Verdict
from ingress.email.mime import headers
from ingress.email.mime.headers import Headers, Mailbox, MalformedHeaderError
from ingress.email.smtp.dot_stuffing import Transparency
from ingress.email.smtp.spool import SpoolFile

LONGEST_HEADERS = 100_000  # bytes of a header block; real ones have 2 to 20 KB

MALFORMED = "554 5.6.0 The header of the message cannot be read"
LONG_HEADERS = "554 5.6.0 The header of the message is too long"
NO_ROOM = "451 4.3.0 The message cannot be kept right now; please try again later"


class Reception:
    """`feed` it chunks until `ended`; then `verdict` and `headers` say what came.

    The file is the caller's to close.
    """

    def __init__(self, file: SpoolFile, most: int, judge: Callable[[Headers], Verdict]) -> None:
        """`most`: bytes that a message may have."""
        self.file = file
        self.headers = Headers(())
        self._most, self._judge = most, judge
        self._dots = Transparency()
        self._verdict: Verdict | None = None
        self._head = b""
        self._size = 0
        self.header_block = b""  # kept where a signature has to be looked at
        self._hashes: dict[bool, BodyHash] = {}
        self._digests: dict[bool, tuple[int, bytes]] = {}

    @property
    def has_to_be_proved(self) -> bool:
        """Whether it may only come in if it proves who sent it."""
        return isinstance(self._verdict, Accepted) and self._verdict.unproved

    @property
    def author(self) -> Mailbox:
        """Who it says sent it. Raises TypeError for a message that does not come in."""
        if not isinstance(self._verdict, Accepted):
            raise TypeError("not accepted")
        return self._verdict.author

    @property
    def knows_peer(self) -> bool:
        """As `Accepted.knows_peer`."""
        return isinstance(self._verdict, Accepted) and self._verdict.knows_peer

    @property
    def signatures(self) -> tuple[bytes, ...]:
        """Its DKIM signatures, not looked at."""
        return self.headers.all("dkim-signature")

    def body_digest(self, *, relaxed: bool) -> tuple[int, bytes]:
        """Size and SHA-256 of the body as DKIM sees it; of a message that has ended and has to
        be proved.
        """
        if relaxed not in self._digests:
            digest = self._hashes[relaxed].digest()
            self._digests[relaxed] = (self._hashes[relaxed].size, digest)
        return self._digests[relaxed]

    def refuse(self, no: Refused) -> None:
        """What was accepted is not, after all."""
        self._give_up(no)

    @property
    def ended(self) -> bool:
        """Whether the end of the message was seen."""
        return self._dots.ended

    @property
    def rest(self) -> bytes:
        """What came after the end."""
        return self._dots.rest

    @property
    def verdict(self) -> Verdict:
        """What becomes of the message; complete once it has `ended`."""
        return self._verdict or Refused(MALFORMED, "malformed")

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes from the socket."""
        data = self._dots.feed(chunk)
        self._size += len(data)
        if self._verdict is None:
            self._look(data)
        else:
            self._hash(data)
        if self._size > self._most and not (isinstance(self._verdict, Refused)):
            self._give_up(Refused(too_big(self._most), "too_big"))
        if self._verdict is None or isinstance(self._verdict, Accepted | Bounced):
            self._spool(data)

    def _hash(self, data: bytes) -> None:
        for one in self._hashes.values():
            one.feed(data)

    def _look(self, data: bytes) -> None:
        self._head += data
        end = headers.ends_at(self._head)
        if end is None and self.ended:
            end = len(self._head)
        if (end or len(self._head)) > LONGEST_HEADERS:
            self._give_up(Refused(LONG_HEADERS, "long_headers"))
        elif end is not None:
            self._decide(self._head[:end])
            if self.has_to_be_proved and self.signatures:
                self.header_block = self._head[:end]
                self._hashes = {
                    relaxed: BodyHash(relaxed=relaxed)
                    for relaxed in _canonicalizations(self.signatures)
                }
                self._hash(self._head[end:])
        if self._verdict is not None:
            self._head = b""

    def _decide(self, block: bytes) -> None:
        try:
            self.headers = headers.read(block, strict=True)
        except MalformedHeaderError:
            self._give_up(Refused(MALFORMED, "malformed"))
            return
        verdict = self._judge(self.headers)
        if isinstance(verdict, Accepted | Bounced):
            self._verdict = verdict
        else:
            self._give_up(verdict)

    def _spool(self, data: bytes) -> None:
        try:
            self.file.write(data)
        except OSError as error:
            # The rest still has to be read: it would be taken for commands.
            self._give_up(Refused(NO_ROOM, "spool_failed", str(error)))

    def _give_up(self, verdict: Verdict) -> None:
        self._verdict = verdict
        self.file.close()


def _canonicalizations(signatures: tuple[bytes, ...]) -> set[bool]:
    """Which of the two ways to see a body is wanted: True is `relaxed`, False `simple`, the
    default.
    """
    return {b"relaxed" in one for one in signatures} | {False}


def too_big(most: int) -> str:
    """The reply to a message of more than `most` bytes."""
    return f"552 5.3.4 The message is too big: at most {templating.size(most)} are taken"
