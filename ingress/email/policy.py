"""Who may send, to whom, and what is never answered (pure).

The door judges the envelope and the header block; what it accepts is opened later, by a task. The sender that counts is
the one in From, since the answer goes there. What is refused is refused in the SMTP dialogue and never by a mail: the
sender's address may be forged, and the answer would go to somebody else (backscatter).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from ingress.email.headers import Headers, Mailbox, mailbox

POSTMASTER = "postmaster"
NULL_SENDERS = ("", "<>")
ANYBODY = "*"
_AUTOMATIC_PRECEDENCE = frozenset({"bulk", "list", "junk", "auto_reply"})

UNKNOWN_RECIPIENT = "550 5.1.1 There is nobody of that name here"
NO_RELAY = "550 5.7.1 This server takes mail for its own address only"
NOT_PROVED = "550 5.7.1 This server takes mail only from the mail servers that its admin trusts"
CLOSED = "550 5.7.1 This server takes no mail yet: its admin has not said whose"
NOT_ALLOWED = "550 5.7.1 You may not send documents to this address; please ask its admin"
NO_AUTHOR = "550 5.7.1 The message must have exactly one From header with exactly one address"


@dataclass(frozen=True, slots=True)
class Rules:
    """What the admin chose. `address` is ours, in lower case; `trusted` holds the peers that prove their senders.

    `proof` False: anybody may claim any sender (`SENDER_AUTH=none`).
    """

    address: str
    allowed: tuple[str, ...]
    proof: bool
    trusted: tuple[IPv4Network | IPv6Network, ...] = ()

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
    """May come in; the answer goes to `author`."""

    author: Mailbox


@dataclass(frozen=True, slots=True)
class Refused:
    """May not come in. `reply` is for the sender, `reason` and `hint` (for the admin) are for the log."""

    reply: str
    reason: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """Taken, and never answered: an answer could go round in circles, or to somebody who did not ask."""

    reason: str


Verdict = Accepted | Refused | Dropped


def rules(address: str, allowed: Sequence[str], sender_auth: str, trusted_peers: Sequence[str]) -> Rules:
    """The rules that settings ask for. Raises ValueError for a peer that is no IP address or network."""
    trusted = tuple(ip_network(peer, strict=False) for peer in trusted_peers)
    return Rules(address.casefold(), tuple(one.casefold() for one in allowed), sender_auth != "none", trusted)


def recipient_refused(recipient: str, rules: Rules) -> Refused | None:
    """Why a recipient is not taken; None if it is ours, with any tag after a plus, or the postmaster."""
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
    if rules.proof and not is_trusted(peer, rules):
        hint = f"add {peer} to DRAGOMAN_TRUSTED_PEERS" + ("" if rules.trusted else " (it is empty: nobody is trusted)")
        return Refused(NOT_PROVED, "peer_not_trusted", hint)
    froms = headers.all("from")
    author = mailbox(headers.raw("from")) if len(froms) == 1 else None
    if author is None:
        return Refused(NO_AUTHOR, "no_single_author")
    if not is_allowed(author.address, rules):
        return Refused(NOT_ALLOWED, "sender_not_allowed")
    return Accepted(author)


def screen_postmaster(headers: Headers) -> Verdict:
    """Mail for the postmaster alone comes in from anybody (RFC 5321 4.5.1); no answer is made."""
    author = mailbox(headers.raw("from"))
    return Accepted(author or Mailbox(None, ""))


def why_dropped(headers: Headers, envelope_from: str, rules: Rules) -> str | None:
    """Why a message must not be answered (RFC 3834 2), None if it may be.

    Our own Message-ID in References is no reason: people reply to an answer with the next PDF.
    """
    kind = headers.content_type
    automatic = headers.raw("auto-submitted").partition(";")[0].strip().casefold()
    suppressed = {word.strip().casefold() for word in headers.raw("x-auto-response-suppress").split(",")}
    author = mailbox(headers.raw("from"))
    signs = {
        "null_sender": envelope_from in NULL_SENDERS,
        "auto_submitted": automatic not in ("", "no"),
        "report": kind == "multipart/report",
        "precedence": headers.raw("precedence").strip().casefold() in _AUTOMATIC_PRECEDENCE,
        "list": bool(headers.all("list-id")),
        "auto_reply": bool(headers.all("x-autoreply")) or "all" in suppressed,
        "own_mail": author is not None and is_own(author.address, rules),
    }
    return next((reason for reason, shown in signs.items() if shown), None)


def is_own(address: str, rules: Rules) -> bool:
    """Whether an address is ours, with any tag."""
    local, _, domain = address.casefold().rpartition("@")
    return domain == rules.domain and local.partition("+")[0] == rules.name


def is_allowed(address: str, rules: Rules) -> bool:
    """Whether the admin lets this sender in: by address, by domain (`@b.c` or `b.c`), or anybody (`*`)."""
    address = address.casefold()
    domain = address.rpartition("@")[2]
    return any(entry in (ANYBODY, address, domain, f"@{domain}") for entry in rules.allowed)


def is_trusted(peer: str, rules: Rules) -> bool:
    """Whether the client is one of the mail servers that prove their senders."""
    try:
        found = ip_address(peer.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in rules.trusted)
