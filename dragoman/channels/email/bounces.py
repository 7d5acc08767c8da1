"""Bounces of our answers: the addresses that they come back to, and what mail servers mean by a
refusal (pure).

The addresses are `translate-bounces+TOKEN@domain` (VERP).

TOKEN names one delivery and proves that the address was made here: nobody can report a bounce of an
answer that was never sent to them. Upper and lower case are the same, since some mail servers
change them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

SUFFIX = "-bounces"
LOOP_HEADER = "X-Dragoman-Loop"  # in every mail of ours; its value is the address that sent it
LONGEST_LOCAL_PART = 64  # RFC 5321 4.5.3.1.1
ID_BYTES = 16
TOO_LARGE, MAILBOX_FULL, NO_MAILBOX, REFUSED = (
    "mail_too_large",
    "mailbox_full",
    "no_mailbox",
    "mail_refused",
)
# RFC 3463: the enhanced codes; servers without them are understood by their basic code and their
# words.
_ENHANCED = re.compile(r"\b([45])\.(\d{1,3})\.(\d{1,3})\b")
_OF_SIZE = frozenset({("2", "3"), ("3", "4")})  # longer than a mailbox, or the system, takes
_OF_ROOM = frozenset({("2", "2")})
_SIZE = re.compile(
    r"too (?:large|big|long)|size limit|maximum size|max(?:imum)? message size|exceeds?"
    r" .{0,30}size",
    re.IGNORECASE,
)
_ROOM = re.compile(
    r"quota|mailbox (?:is )?full|full mailbox|over ?limit|no space|storage", re.IGNORECASE
)
_ID_LENGTH, _PROOF_LENGTH = 26, 10  # characters of base32; 50 bits of proof
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def return_path(mail_address: str, delivery_id: str, secret: str) -> str:
    """The envelope sender for a delivery (32 hexadecimal digits).

    "", the null sender, where our own local part is so long (over 19 characters) that the token has
    no room.
    """
    local, _, domain = mail_address.rpartition("@")
    made = f"{local}{SUFFIX}+{_token(delivery_id, secret)}"
    return f"{made}@{domain}" if len(made.encode()) <= LONGEST_LOCAL_PART else ""


def is_return_path(recipient: str, mail_address: str) -> bool:
    """Whether `recipient` has the form of such an address, whatever its token says."""
    local, _, domain = recipient.casefold().rpartition("@")
    own, _, own_domain = mail_address.casefold().rpartition("@")
    return domain == own_domain and local.partition("+")[0] == own + SUFFIX


def delivery_of(recipient: str, mail_address: str, secret: str) -> str | None:
    """The id of the delivery that `recipient` was made for; None if we did not make it."""
    if not is_return_path(recipient, mail_address):
        return None
    token = recipient.casefold().rpartition("@")[0].partition("+")[2]
    if len(token) != _ID_LENGTH + _PROOF_LENGTH or not _ALPHABET.issuperset(token):
        return None
    padded = token[:_ID_LENGTH].upper() + "=" * (-_ID_LENGTH % 8)
    delivery_id = base64.b32decode(padded).hex()
    return delivery_id if hmac.compare_digest(_token(delivery_id, secret), token) else None


def meaning(said: str) -> str | None:
    """What a mail server means by `said`, a reply or a bounce's words: one of the four codes; None:
    try again later.

    A full mailbox is told also where the server says "later" (452): a mail without the file may
    fit.
    """
    found = _ENHANCED.search(said)
    basic = next(iter(re.findall(r"\b([45]\d\d)\b", said)), "")
    subject = (found[2], found[3]) if found else ("", "")
    if subject in _OF_ROOM or (
        subject not in _OF_SIZE and _ROOM.search(said) and basic in ("", "452", "552", "422")
    ):
        return MAILBOX_FULL
    if (found[1] if found else basic[:1]) == "4":
        return None
    if subject in _OF_SIZE or basic in ("552", "523") or _SIZE.search(said):
        return TOO_LARGE
    if subject[0] == "1":  # of addresses
        return NO_MAILBOX
    return REFUSED


def instead(said: str) -> str | None:
    """Why a file that came back with `said` does not get through, where a mail without it may;
    None: that would come back too.
    """
    means = meaning(said)
    return None if means == NO_MAILBOX else means


def _token(delivery_id: str, secret: str) -> str:
    number = bytes.fromhex(delivery_id)
    if len(number) != ID_BYTES:
        raise ValueError("a delivery's id has 32 hexadecimal digits")
    proof = hmac.digest(secret.encode(), b"dragoman.bounce:" + number, hashlib.sha256)
    return _base32(number)[:_ID_LENGTH] + _base32(proof)[:_PROOF_LENGTH]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").casefold()
