"""Who may send, to whom, and what is never answered (pure).

The door judges the envelope and the header block; what it accepts is opened later, by a task. The
sender that counts is the one in From, since the answer goes there. What is refused is refused in
the SMTP dialogue and never by a mail: the sender's address may be forged, and the answer would go
to somebody else (backscatter). A mail server in front has taken the message already and makes a
mail of our refusal: it is told of one only where that goes to the real sender.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from dragoman.channels.email import bounces
from ingress.email.auth import authentication_results
from ingress.email.auth.dmarc_alignment import canonical, is_aligned
from ingress.email.mime.headers import Headers, Mailbox, mailbox, text_of

POSTMASTER = "postmaster"
NULL_SENDERS = ("", "<>")
ANYBODY = "*"
_LOOP_HEADER = bounces.LOOP_HEADER.casefold()
_LIST_HEADERS = (  # as RFC 5230 4.6 has them
    "list-id", "list-post", "list-unsubscribe", "list-subscribe", "list-help", "list-owner", "list-archive",  # noqa: E501
)  # fmt: skip
_REPORTS = frozenset(
    {"multipart/report", "message/delivery-status", "message/disposition-notification"}
)
_DAEMON = "mailer-daemon"
_AUTOMATIC_PRECEDENCE = frozenset({"bulk", "list", "junk", "auto_reply"})

UNKNOWN_RECIPIENT = "550 5.1.1 There is no such address here"
NO_RELAY = "550 5.7.1 This server accepts email for its own address only"
NOT_PROVED = "550 5.7.1 This server accepts email only from the mail servers that its admin trusts"
CLOSED = "550 5.7.1 This server accepts no email yet: its admin has not set who may send"
NOT_ALLOWED = "550 5.7.1 You may not send documents to this address; please ask its admin"
UNPROVED = (
    "550 5.7.1 The message does not prove who sent it: neither SPF nor DKIM passes for the domain"
    " in From"
)
NO_AUTHOR = "550 5.7.1 The message must have exactly one From header with exactly one address"


class Proof(StrEnum):
    """Who proves that a sender is who they say."""

    # SPF and DKIM, aligned with From: what a trusted peer has found, else what we find
    DMARC = "dmarc"
    PEER = "trusted"  # a trusted peer alone
    NONE = "none"  # nobody: every From is believed


@dataclass(frozen=True, slots=True)
class Rules:
    """What the admin chose.

    `address` is ours, in lower case; `trusted` holds the peers that prove their senders.

    `authserv_id`: the name under which they tell what they found; None: they say nothing, and let
    no forged mail through. `automatic`: senders whose mail is no reply though it says that it was
    made by a machine: scanners.
    """

    address: str
    allowed: tuple[str, ...]
    proof: Proof
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()
    authserv_id: str | None = None
    automatic: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Our address's local part."""
        return self.address.rpartition("@")[0]

    @property
    def domain(self) -> str:
        """Our address's domain."""
        return self.address.rpartition("@")[2]


@dataclass(frozen=True, slots=True)
class Accepted:
    """May come in; the answer goes to `author`.

    `unproved`: if SPF or DKIM passes for the domain in From, which the door has to find out.

    `knows_peer`: the client is not the sender's server but one that relays, so its address proves
    nothing.
    """

    author: Mailbox
    unproved: bool = False
    knows_peer: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """May not come in.

    `reply` is for the sender, `reason` and `hint` (for the admin) are for the log.
    """

    reply: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Taken, and never answered: an answer could go round in circles, or to somebody who did
    not ask.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Bounced:
    """Reports that an answer of ours could not be delivered: kept, opened by a task, never
    answered.
    """


Verdict = Accepted | Refused | Dropped | Bounced


def rules(  # noqa: PLR0917 - one for each setting
    address: str,
    allowed: Sequence[str],
    sender_auth: str,
    trusted_peers: Sequence[str],
    authserv_id: str | None = None,
    automatic: Sequence[str] = (),
) -> Rules:
    """The rules that settings ask for.

    Raises ValueError for a peer that is no IP address or network.
    """
    return Rules(
        address.casefold(),
        tuple(one.casefold() for one in allowed),
        Proof(sender_auth),
        tuple(ip_network(peer, strict=False) for peer in trusted_peers),
        authserv_id,
        tuple(one.casefold() for one in automatic),
    )


def recipient_refused(recipient: str, rules: Rules) -> Refused | None:
    """Why a recipient is not taken; None if it is ours, with any tag after a plus, or the
    postmaster.
    """
    local, at, domain = recipient.casefold().rpartition("@")
    if not at:  # RFC 5321 4.5.1: `postmaster` alone is taken
        local, domain = domain, rules.domain
    if domain != rules.domain:
        return Refused(NO_RELAY, "relay")
    if local == POSTMASTER or local.partition("+")[0] == rules.name:
        return None
    return Refused(UNKNOWN_RECIPIENT, "unknown_recipient")


def is_for_postmaster(recipient: str) -> bool:
    """Whether the recipient is the postmaster, who gets no translations."""
    return recipient.casefold().partition("@")[0] == POSTMASTER


def screen(headers: Headers, envelope_from: str, peer: str, rules: Rules) -> Verdict:
    """Whether a message for our address may come in. `peer`: the IP address of the client."""
    reason = why_dropped(headers, envelope_from, rules)
    if reason:
        return Dropped(reason)
    if not rules.allowed:
        return Refused(CLOSED, "closed", "set DRAGOMAN_ALLOWED_SENDERS")
    is_known = is_trusted(peer, rules)
    if rules.proof is Proof.PEER and not is_known:
        hint = f"add {peer} to DRAGOMAN_TRUSTED_PEERS" + (
            "" if rules.trusted else " (it is empty: nobody is trusted)"
        )
        return Refused(NOT_PROVED, "peer_not_trusted", hint)
    froms = headers.all("from")
    author = mailbox(headers.raw("from")) if len(froms) == 1 else None
    if author is None:
        return Refused(NO_AUTHOR, "no_single_author")
    if not is_allowed(author.address, rules):
        return Refused(NOT_ALLOWED, "sender_not_allowed")
    return _proved(headers, author, rules, is_known=is_known)


def _proved(headers: Headers, author: Mailbox, rules: Rules, *, is_known: bool) -> Verdict:
    """By what a trusted peer has found (RFC 8601), or still to be proved."""
    if rules.proof is Proof.NONE or (rules.proof is Proof.PEER and not rules.authserv_id):
        return Accepted(author)
    if is_known and rules.authserv_id:
        domain = author.address.rpartition("@")[2]
        if authentication_results.passes(
            headers.all("authentication-results"), rules.authserv_id, domain
        ):
            return Accepted(author)
        hint = (
            f"the topmost Authentication-Results of {rules.authserv_id} does not let this domain"
            " pass"
        )
        return Refused(UNPROVED, "unauthenticated", hint)
    return Accepted(author, unproved=True, knows_peer=is_known)


def may_return(headers: Headers, envelope_from: str, rules: Rules) -> bool:
    """Whether a mail server in front may send a refusal back: the envelope's sender is the
    author's own, and proved.
    """
    author = mailbox(headers.raw("from")) if len(headers.all("from")) == 1 else None
    if author is None or envelope_from in NULL_SENDERS:
        return False
    domain = canonical(author.address.rpartition("@")[2])
    if not is_aligned(canonical(envelope_from.rpartition("@")[2]), domain):
        return False
    if rules.authserv_id:
        return authentication_results.passes(
            headers.all("authentication-results"), rules.authserv_id, domain
        )
    return rules.proof is not Proof.DMARC  # else nobody has said so


def screen_postmaster(headers: Headers) -> Verdict:
    """Mail for the postmaster alone comes in from anybody (RFC 5321 4.5.1); no answer is made."""
    author = mailbox(headers.raw("from"))
    return Accepted(author or Mailbox(None, ""))


def why_dropped(headers: Headers, envelope_from: str, rules: Rules) -> str | None:
    """Why a message must not be answered (RFC 3834 2), None if it may be.

    Our own Message-ID in References is no reason: people reply to an answer with the next PDF.
    """
    author = mailbox(headers.raw("from"))
    address = author.address.casefold() if author else ""
    automatic = [re.split(r"[;(]", said)[0].strip() for said in _said(headers, "auto-submitted")]
    suppressed = {
        word.strip()
        for said in _said(headers, "x-auto-response-suppress")
        for word in said.split(",")
    }
    signs = {
        "own_mail": is_own(address, rules) or bool(headers.all(_LOOP_HEADER)),
        "null_sender": envelope_from in NULL_SENDERS,
        "auto_submitted": any(
            word not in ("", "no") and not _is_scanner(word, author, rules) for word in automatic
        ),
        "report": headers.content_type in _REPORTS or address.partition("@")[0] == _DAEMON,
        "precedence": not _AUTOMATIC_PRECEDENCE.isdisjoint(_said(headers, "precedence")),
        "list": any(headers.all(name) for name in _LIST_HEADERS),
        "auto_reply": (
            bool(headers.all("x-autoreply") or headers.all("x-autorespond")) or "all" in suppressed
        ),
    }
    return next((reason for reason, shown in signs.items() if shown), None)


def _said(headers: Headers, name: str) -> list[str]:
    """Each value of a field that should come once: any of them may be the one that counts."""
    return [text_of(value).strip().casefold() for value in headers.all(name)]


def is_own(address: str, rules: Rules) -> bool:
    """Whether an address is ours, with any tag."""
    local, _, domain = address.casefold().rpartition("@")
    return domain == rules.domain and local.partition("+")[0] in (
        rules.name,
        rules.name + bounces.SUFFIX,
    )


def _is_scanner(automatic: str, author: Mailbox | None, rules: Rules) -> bool:
    """Scanners mark what they send as `auto-generated`; a reply of a machine is none."""
    return (
        automatic == "auto-generated"
        and author is not None
        and _is_listed(author.address, rules.automatic)
    )


def is_allowed(address: str, rules: Rules) -> bool:
    """Whether the admin lets this sender in: by address, by domain (`@b.c` or `b.c`), or
    anybody (`*`).
    """
    return _is_listed(address, rules.allowed)


def _is_listed(address: str, entries: Sequence[str]) -> bool:
    address = address.casefold()
    domain = address.rpartition("@")[2]
    return any(entry in (ANYBODY, address, domain, f"@{domain}") for entry in entries)


def is_trusted(peer: str, rules: Rules) -> bool:
    """Whether the client is one of the mail servers that prove their senders."""
    try:
        found = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in rules.trusted)
