"""Does a message prove who sent it? SPF (RFC 7208) and DKIM (RFC 6376), aligned with From as DMARC
asks (RFC 7489).

pyspf, dkimpy and authheaders know the standards; they ask our resolver, never see a body, and do
not decide on alignment: authheaders takes `bank.com-evil.example` for `bank.com`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from ingress.email.auth import policy
from ingress.email.auth.dmarc_alignment import canonical, is_aligned, organisation
from ingress.email.auth.dns import DnsTrouble, Resolver
from ingress.email.auth.policy import Refused
from ingress.email.smtp.acceptance import Came
from ingress.email.smtp.data_reader import Reception

log = structlog.get_logger(__name__)

MOST_SIGNATURES = 8  # that are looked at: a mail can hold many, and each costs a question
LOOK_UP_LATER = Refused(
    "451 4.4.3 The sender cannot be checked right now; please try again later", "dns"
)
_ALGORITHMS = frozenset({b"rsa-sha256", b"ed25519-sha256"})  # RFC 8301 3.1: SHA-1 proves nothing


@dataclass(frozen=True, slots=True)
class Alignment:
    """How close a proof has to be to From."""

    strict_dkim: bool = False
    strict_spf: bool = False


def refused(received: Reception, came: Came, resolver: Resolver) -> Refused | None:
    """None if SPF or DKIM passes for the domain in From; else the refusal, or the request to
    come back later.
    """
    domain = canonical(received.author.address.rpartition("@")[2])
    try:
        asked = _alignment(domain, resolver)
        if not received.knows_peer and _spf_passes(came, domain, asked, resolver):
            return None
        if _dkim_passes(received, domain, asked, resolver):
            return None
    except DnsTrouble as trouble:
        log.warning("dns_trouble", detail=str(trouble))
        return LOOK_UP_LATER
    return Refused(policy.UNPROVED, "unauthenticated", f"neither SPF nor DKIM passes for {domain}")


def _alignment(domain: str, resolver: Resolver) -> Alignment:
    """What the owner of the domain asks for; close enough is enough where no record says otherwise.

    The record of the domain itself counts, else that of the organisation's (RFC 7489 6.6.3). The
    library would look for the second by a list without its default rule, and find none below
    `.internal`.
    """
    from authheaders.dmarc_lookup import DMARCException, lookup_receiver_record

    def record(name: str) -> str | None:
        found = [text for text in resolver.lookup(name, "TXT") if text.startswith("v=DMARC1")]
        return found[0] if len(found) == 1 else None  # RFC 7489 6.6.3: two are none

    try:
        tags = lookup_receiver_record(domain, record) or lookup_receiver_record(
            organisation(domain), record
        )
    except DMARCException:
        tags = {}
    return Alignment(strict_dkim=tags.get("adkim") == "s", strict_spf=tags.get("aspf") == "s")


def _spf_passes(came: Came, domain: str, asked: Alignment, resolver: Resolver) -> bool:
    import spf

    class Query(spf.query):  # type: ignore[misc]
        def dns(
            self, name: str, qtype: str, cnames: object = None, ignore_void: bool = False
        ) -> list[object]:
            if (name, qtype) not in self.cache:
                try:
                    found = resolver.lookup(str(name), qtype) if qtype != "SPF" else []
                except DnsTrouble as trouble:
                    raise spf.TempError(str(trouble)) from trouble
                self.cache[name, qtype] = [_as_pyspf_wants(one, qtype) for one in found]
                self.void_lookups += not found and not ignore_void
                if self.void_lookups > spf.MAX_VOID_LOOKUPS:
                    raise spf.PermError("too many questions without an answer")
            return list(self.cache[name, qtype])

    envelope_from = "" if came.envelope_from in policy.NULL_SENDERS else came.envelope_from
    proved = canonical(envelope_from.rpartition("@")[2] if envelope_from else came.helo)
    if not is_aligned(proved, domain, strict=asked.strict_spf):
        return False
    try:
        query = Query(i=came.peer, s=envelope_from, h=came.helo, querytime=0)
        result = query.check()[0]
    except Exception as error:  # noqa: BLE001 - on hostile records it raises what it likes
        log.info("spf_failed", detail=type(error).__name__)
        return False
    if result == "temperror":
        raise DnsTrouble("spf")
    return bool(result == "pass")


def _as_pyspf_wants(record: str, qtype: str) -> object:
    if qtype == "TXT":
        return (record.encode(),)
    if qtype == "MX":
        preference, _, host = record.partition(" ")
        return (int(preference), host.rstrip("."))
    return record.rstrip(".")


def _dkim_passes(received: Reception, domain: str, asked: Alignment, resolver: Resolver) -> bool:
    if not received.signatures:
        return False
    import dkim

    try:
        verifier = dkim.DKIM(received.header_block)
    # our own reader has taken the block; theirs is stricter here and there
    except Exception:  # noqa: BLE001
        return False
    trouble: DnsTrouble | None = None
    for index in range(min(len(received.signatures), MOST_SIGNATURES)):
        try:
            if _signature_passes(verifier, index, received, domain, asked, _key_of(resolver)):
                return True
        except DnsTrouble as error:
            trouble = error
        except Exception as error:  # noqa: BLE001 - DKIMException, and others on hostile signatures
            log.info("dkim_failed", detail=type(error).__name__)
    if trouble:
        raise trouble
    return False


def _signature_passes(  # noqa: PLR0917
    verifier: Any,
    index: int,
    received: Reception,
    domain: str,
    asked: Alignment,
    key_of: Callable[..., bytes | None],
) -> bool:
    prepared = verifier.verify_headerprep(index)
    if not prepared:
        return False
    said, signed, headers = prepared
    # RFC 6376 5.4: From has to be signed
    if said[b"a"] not in _ALGORITHMS or b"from" not in signed:
        return False
    if not is_aligned(said[b"d"].decode("ascii"), domain, strict=asked.strict_dkim):
        return False
    size, digest = received.body_digest(relaxed=_is_relaxed(said.get(b"c", b"simple/simple")))
    # else anybody could add another PDF behind what was signed
    if b"l" in said and int(said[b"l"]) != size:
        return False
    try:
        expected = base64.b64decode(re.sub(rb"\s+", b"", said.pop(b"bh")), validate=True)
    except (binascii.Error, ValueError):
        return False
    # Without `bh` the library leaves the body alone, and looks at the signature of the headers.
    return digest == expected and bool(verifier.verify_sig(said, signed, headers[index], key_of))


def _is_relaxed(canonicalization: bytes) -> bool:
    return canonicalization.partition(b"/")[2].strip() == b"relaxed"


def _key_of(resolver: Resolver) -> Callable[..., bytes | None]:
    def key_of(name: bytes, timeout: float = 0) -> bytes | None:
        found = resolver.lookup(name.decode("utf-8", "replace"), "TXT")
        return found[0].encode() if found else None

    return key_of
