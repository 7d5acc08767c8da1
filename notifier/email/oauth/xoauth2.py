"""The dialogue of XOAUTH2, by SMTP and by IMAP, and what a server says when it refuses.

The client sends `user=USER^Aauth=Bearer TOKEN^A^A` as base64. A server that refuses answers with a
challenge (base64 of JSON such as `{"status":"400","schemes":"Bearer"}`), waits for an empty line,
and only then gives its reply: developers.google.com/gmail/imap/xoauth2-protocol, and Microsoft's
"Authenticate an IMAP, POP or SMTP connection using OAuth".
"""

from __future__ import annotations

import base64
import binascii
import imaplib
import json
import smtplib
from collections.abc import Callable
from typing import TypeVar

from dragoman.errors import OutboundLoginRefused, OutboundUnavailable
from dragoman.ports import TokenSource

MECHANISM = "XOAUTH2"
DONE, CHALLENGE, PERMANENT = 235, 334, 500  # replies to AUTH (RFC 4954 4 and 6)
LONGEST_DETAIL = 300

T = TypeVar("T")


def with_token(tokens: TokenSource, use: Callable[[str], T]) -> T:
    """What `use` returns with a good token; it is called once more where the server refuses a token
    that may be old.

    Raises OutboundLoginRefused, and what `use` and `tokens` raise.
    """
    token = tokens.token()
    try:
        return use(token.text)
    except OutboundLoginRefused:
        newer = tokens.renewed(token)
        if newer is None:
            raise
    return use(newer.text)


def log_in_by_smtp(smtp: smtplib.SMTP, user: str, token: str) -> None:
    """Say who we are, after EHLO.

    Raises OutboundLoginRefused, or OutboundUnavailable for a reply of "later".
    """
    offered = smtp.esmtp_features.get("auth", "")
    if MECHANISM not in offered.upper().split():
        raise OutboundLoginRefused(
            detail=f"the mail server does not offer {MECHANISM}, only: {offered.strip()}"[:300]
        )
    # In a line of its own: as part of the command it would be longer than a command may be (512
    # octets, RFC 4954 4).
    code, reply = smtp.docmd("AUTH", MECHANISM)
    if code == CHALLENGE:
        code, reply = smtp.docmd(base64.b64encode(initial_response(user, token)).decode())
    challenge = ""
    if code == CHALLENGE:
        challenge = told_by(reply)
        code, reply = smtp.docmd("")
    if code == DONE:
        return
    said = f"{code} {reply.decode('utf-8', 'replace')} {challenge}"
    kind = OutboundLoginRefused if code >= PERMANENT else OutboundUnavailable
    raise kind(detail=without(said, token)[:LONGEST_DETAIL])


def log_in_by_imap(imap: imaplib.IMAP4, user: str, token: str) -> None:
    """Say who we are.

    Raises OutboundLoginRefused, or what imaplib raises for a connection that is lost.
    """
    challenges: list[str] = []

    def answer(challenge: bytes) -> bytes:
        if not challenge:
            return initial_response(user, token)
        challenges.append(told_by(base64.b64encode(challenge)))
        return b""

    try:
        imap.authenticate(MECHANISM, answer)
    except imaplib.IMAP4.abort:
        raise
    except imaplib.IMAP4.error as error:
        said = without(" ".join([str(error), *challenges]), token)
        raise OutboundLoginRefused(detail=said[:LONGEST_DETAIL]) from None


def initial_response(user: str, token: str) -> bytes:
    """What the client says first, before base64."""
    return f"user={user}\x01auth=Bearer {token}\x01\x01".encode()


def told_by(challenge: bytes) -> str:
    """What a refusal's challenge (base64) tells: its JSON in one line, or nothing where it is
    none.
    """
    try:
        facts = json.loads(base64.b64decode(challenge, validate=True))
    except (binascii.Error, ValueError):
        return ""
    return json.dumps(facts)[:LONGEST_DETAIL]


def without(text: str, *secrets: str) -> str:
    """`text` with each secret blotted out, also where it stands in base64; a server may repeat
    what it was sent.
    """
    for secret in filter(None, secrets):
        # base64 takes three bytes at a time, so it depends on what stands before
        for offset in range(3):
            inner = base64.b64encode(b" " * offset + secret.encode()).decode().rstrip("=")
            # The characters at both ends also hold bits of the neighbours.
            text = text.replace(inner[(0, 2, 3)[offset] : -1], "***")
        text = text.replace(secret, "***")
    return text
