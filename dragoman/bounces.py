"""Addresses that bounces of our answers come back to: `translate-bounces+TOKEN@domain` (VERP; pure).

TOKEN names one delivery and proves that the address was made here: nobody can report a bounce of an answer that was
never sent to them. Upper and lower case are the same, since some mail servers change them.
"""

from __future__ import annotations

import base64
import hashlib
import hmac

SUFFIX = "-bounces"
LOOP_HEADER = "X-Dragoman-Loop"  # in every mail of ours; its value is the address that sent it
LONGEST_LOCAL_PART = 64  # RFC 5321 4.5.3.1.1
ID_BYTES = 16
_ID_LENGTH, _PROOF_LENGTH = 26, 10  # characters of base32; 50 bits of proof
_ALPHABET = frozenset("abcdefghijklmnopqrstuvwxyz234567")


def return_path(mail_address: str, delivery_id: str, secret: str) -> str:
    """The envelope sender for a delivery (32 hexadecimal digits).

    "", the null sender, where our own local part is so long (over 19 characters) that the token has no room.
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


def _token(delivery_id: str, secret: str) -> str:
    number = bytes.fromhex(delivery_id)
    if len(number) != ID_BYTES:
        raise ValueError("a delivery's id has 32 hexadecimal digits")
    proof = hmac.digest(secret.encode(), b"dragoman.bounce:" + number, hashlib.sha256)
    return _base32(number)[:_ID_LENGTH] + _base32(proof)[:_PROOF_LENGTH]


def _base32(data: bytes) -> str:
    return base64.b32encode(data).decode("ascii").rstrip("=").casefold()
