"""Who is let in where the door itself looks at SPF and DKIM: real signatures, a real name
server, real replies.
"""

from __future__ import annotations

from collections.abc import Iterator

import dkim
import pytest

from ingress.email.smtp.server import Door
from tests.mail_door import an_intake, mail, messages, send, serving
from tests.servers.dns_server import name_server
from tests.signing import KEY_RECORD, PEM

HERE = '"v=spf1 ip4:127.0.0.1 -all"'
ELSEWHERE = '"v=spf1 ip4:192.0.2.1 -all"'
STRICT = '"v=DMARC1; p=reject; adkim=s; aspf=s"'

ZONE = {
    ("example.org", "TXT"): [HERE],
    ("mail.example.org", "TXT"): [HERE],
    ("hyphen-ated.example", "TXT"): ['"v=spf1 mx -all"'],
    ("hyphen-ated.example", "MX"): ["10 mx.hyphen-ated.example."],
    ("mx.hyphen-ated.example", "A"): ["127.0.0.1"],
    ("bank.example-evil.test", "TXT"): [HERE],
    ("bank.example", "TXT"): [ELSEWHERE],
    ("evil.test", "TXT"): [HERE],
    ("k._domainkey.evil.test", "TXT"): [KEY_RECORD],
    ("signed.example", "TXT"): [ELSEWHERE],
    ("k._domainkey.signed.example", "TXT"): [KEY_RECORD],
    ("k._domainkey.mail.signed.example", "TXT"): [KEY_RECORD],
    ("strict.example", "TXT"): [ELSEWHERE],
    ("_dmarc.strict.example", "TXT"): [STRICT],
    ("mail.strict.example", "TXT"): [HERE],
    ("k._domainkey.mail.strict.example", "TXT"): [KEY_RECORD],
    ("k._domainkey.strict.example", "TXT"): [KEY_RECORD],
    ("many.example", "TXT"): ['"v=spf1 include:many.example -all"'],
    ("co.uk", "TXT"): [HERE],
    ("evil.co.uk", "TXT"): [HERE],
    # Below a top-level domain that no list of public suffixes knows.
    ("evil.internal", "TXT"): [HERE],
    ("mail.head.internal", "TXT"): [HERE],
    ("_dmarc.strict.internal", "TXT"): [STRICT],
    ("a.strict.internal", "TXT"): [HERE],
    ("down.example", "TXT"): None,
    ("_dmarc.down.example", "TXT"): [],
    ("k._domainkey.down.example", "TXT"): None,
    ("silent.example", "A"): ["192.0.2.9"],
}


def signed(
    content: bytes,
    domain: str,
    canonical: tuple[bytes, bytes] = (b"relaxed", b"relaxed"),
    **options,
) -> bytes:
    return (
        dkim.sign(content, b"k", domain.encode(), PEM, canonicalize=canonical, **options) + content
    )


def from_(address: str, **headers: str) -> bytes:
    return mail(sender=address, **headers)


REPLIES = [
    # SPF: the envelope's domain is proved by the client's address, and must be that of From, or of
    # the same owner.
    ("spf passes", from_("a@example.org"), "a@example.org", "250"),
    ("spf of a subdomain", from_("a@example.org"), "bounce@mail.example.org", "250"),
    ("spf by mx, with a hyphen", from_("a@hyphen-ated.example"), "a@hyphen-ated.example", "250"),
    ("spf passes for somebody else", from_("a@bank.example"), "a@evil.test", "550 5.7.1"),
    (
        "a domain that begins like another",
        from_("a@bank.example"),
        "a@bank.example-evil.test",
        "550 5.7.1",
    ),
    ("spf fails", from_("a@bank.example"), "a@bank.example", "550 5.7.1"),
    ("spf that goes round in circles", from_("a@many.example"), "a@many.example", "550 5.7.1"),
    ("no records at all", from_("a@silent.example"), "a@silent.example", "550 5.7.1"),
    ("no such domain", from_("a@nowhere.example"), "a@nowhere.example", "550 5.7.1"),
    ("a public suffix owns nobody", from_("a@bank.co.uk"), "a@evil.co.uk", "550 5.7.1"),
    ("strict spf, the same", from_("a@mail.strict.example"), "a@mail.strict.example", "250"),
    ("strict spf, a subdomain", from_("a@strict.example"), "a@mail.strict.example", "550 5.7.1"),
    ("two owners below .internal", from_("a@bank.internal"), "a@evil.internal", "550 5.7.1"),
    ("one owner below .internal", from_("a@head.internal"), "a@mail.head.internal", "250"),
    (
        "strict owner below .internal",
        from_("a@b.strict.internal"),
        "a@a.strict.internal",
        "550 5.7.1",
    ),
    # DKIM
    ("dkim relaxed", signed(from_("a@signed.example"), "signed.example"), "a@evil.test", "250"),
    (
        "dkim simple",
        signed(from_("a@signed.example"), "signed.example", (b"simple", b"simple")),
        "a@evil.test",
        "250",
    ),
    (
        "dkim mixed",
        signed(from_("a@signed.example"), "signed.example", (b"relaxed", b"simple")),
        "a@evil.test",
        "250",
    ),
    (
        "dkim of a subdomain",
        signed(from_("a@signed.example"), "mail.signed.example"),
        "a@evil.test",
        "250",
    ),
    (
        "dkim of somebody else",
        signed(from_("a@signed.example"), "evil.test"),
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "dkim without a key",
        signed(from_("a@bank.example"), "bank.example"),
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "body changed",
        signed(from_("a@signed.example"), "signed.example") + b"more\r\n",
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "body continued behind l=",
        signed(from_("a@signed.example"), "signed.example", length=True) + b"another PDF\r\n",
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "whole l=",
        signed(from_("a@signed.example"), "signed.example", length=True),
        "a@evil.test",
        "250",
    ),
    (
        "From changed",
        signed(from_("a@signed.example"), "signed.example").replace(b"a@signed", b"b@signed"),
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "SHA-1 proves nothing",
        signed(from_("a@signed.example"), "signed.example", signature_algorithm=b"rsa-sha1"),
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "second signature counts",
        signed(signed(from_("a@signed.example"), "signed.example"), "evil.test"),
        "a@evil.test",
        "250",
    ),
    ("strict dkim", signed(from_("a@strict.example"), "strict.example"), "a@evil.test", "250"),
    (
        "strict dkim, a subdomain",
        signed(from_("a@strict.example"), "mail.strict.example"),
        "a@evil.test",
        "550 5.7.1",
    ),
    (
        "garbage for a signature",
        b"DKIM-Signature: v=1; =;;;\r\n" + from_("a@bank.example"),
        "a@evil.test",
        "550 5.7.1",
    ),
    # Trouble with DNS is no refusal.
    ("spf cannot be looked up", from_("a@down.example"), "a@down.example", "451 4.4.3"),
    (
        "dkim cannot be looked up",
        signed(from_("a@down.example"), "down.example"),
        "a@evil.test",
        "451 4.4.3",
    ),
    # Nobody but a trusted peer is believed what they say they found.
    (
        "own results are not believed",
        b"Authentication-Results: mx.example; dmarc=pass header.from=bank.example\r\n"
        + from_("a@bank.example"),
        "a@evil.test",
        "550 5.7.1",
    ),
    # What is never answered is taken first.
    (
        "an unproved auto-reply",
        from_("a@bank.example", Auto_Submitted="auto-replied"),
        "a@evil.test",
        "250",
    ),
]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with name_server(ZONE) as address:
        yield address


@pytest.mark.parametrize(
    ("content", "envelope_from", "reply"),
    [row[1:] for row in REPLIES],
    ids=[row[0] for row in REPLIES],
)
def test_reply(intake, served, content, envelope_from, reply):
    with serving(an_intake(intake, allowed_senders=("*",), dns_server=served)) as door:
        assert send(door.port, content, sender=envelope_from).startswith(reply)
    is_kept = reply == "250" and b"Auto-Submitted" not in content
    assert len(messages(intake)) == is_kept


TRUSTED = {"trusted_peers": ("127.0.0.1",), "trusted_authserv_id": "mx.example"}
OURS = b"Authentication-Results: mx.example"
RESULTS = [
    ("dmarc", OURS + b"; dmarc=pass header.from=bank.example\r\n", "250"),
    ("dmarc of another domain", OURS + b"; dmarc=pass header.from=evil.test\r\n", "550 5.7.1"),
    ("dmarc fails", OURS + b"; dmarc=fail header.from=bank.example\r\n", "550 5.7.1"),
    ("dkim aligned", OURS + b"; dkim=pass header.d=mail.bank.example\r\n", "250"),
    ("dkim of another", OURS + b"; dkim=pass header.d=evil.test\r\n", "550 5.7.1"),
    ("spf aligned", OURS + b"; spf=pass smtp.mailfrom=x@bank.example\r\n", "250"),
    (
        "spf of another",
        OURS + b"; spf=pass smtp.mailfrom=x@bank.example-evil.test\r\n",
        "550 5.7.1",
    ),
    (
        "folded",
        OURS + b";\r\n\tspf=none;\r\n\tdmarc=pass (p=none) header.from=bank.example\r\n",
        "250",
    ),
    ("none", b"", "550 5.7.1"),
    (
        "another server's",
        b"Authentication-Results: mx.other; dmarc=pass header.from=bank.example\r\n",
        "550 5.7.1",
    ),
    (
        "topmost counts",
        OURS + b"; none\r\n" + OURS + b"; dmarc=pass header.from=bank.example\r\n",
        "550 5.7.1",
    ),
    (
        "below another server's",
        b"Authentication-Results: mx.other; none\r\n"
        + OURS
        + b"; dmarc=pass header.from=bank.example\r\n",
        "250",
    ),
    (
        "garbage",
        OURS + b"; ((((\r\n" + OURS + b"; dmarc=pass header.from=bank.example\r\n",
        "550 5.7.1",
    ),
    ("in a comment", OURS + b"; dmarc=fail (dmarc=pass header.from=bank.example)\r\n", "550 5.7.1"),
]


@pytest.mark.parametrize("auth", ["dmarc", "trusted"])
@pytest.mark.parametrize(
    ("results", "reply"), [row[1:] for row in RESULTS], ids=[row[0] for row in RESULTS]
)
def test_what_a_trusted_peer_found(intake, served, results, reply, auth):
    chosen = {**TRUSTED, "allowed_senders": ("*",), "dns_server": served, "sender_auth": auth}
    with serving(an_intake(intake, **chosen)) as door:
        # It has taken the message, and would send a refusal to `evil.test`, whoever that is: it is
        # dropped instead.
        assert send(door.port, results + from_("a@bank.example"), sender="a@evil.test").startswith(
            "250 "
        )
        assert len(messages(intake)) == (reply == "250")
        assert counted(door, "dropped") == ({} if reply == "250" else {"unauthenticated": 1})


def counted(door: Door, what: str) -> dict[str, int]:
    """What the door has counted, without what never happened."""
    return {reason: count for reason, count in door.tally.facts()[what].items() if count}


PROVED = OURS + b"; dmarc=pass header.from=bank.example\r\n"
RETURNED = [
    # what the peer found, the envelope's sender, whether it hears of a refusal
    ("proved", PROVED, "a@bank.example", True),
    ("proved, a subdomain", PROVED, "bounce@mail.bank.example", True),
    ("proved, but sent by another", PROVED, "a@evil.test", False),
    ("not proved", OURS + b"; dmarc=fail header.from=bank.example\r\n", "a@bank.example", False),
    ("nothing found", b"", "a@bank.example", False),
]


@pytest.mark.parametrize(
    ("results", "envelope_from", "hears"),
    [row[1:] for row in RETURNED],
    ids=[r[0] for r in RETURNED],
)
def test_a_refusal_returns_through_a_trusted_peer_to_proved_senders_alone(
    intake, results, envelope_from, hears
):
    chosen = {**TRUSTED, "allowed_senders": ("@example.org",)}  # nobody of this domain
    with serving(an_intake(intake, **chosen)) as door:
        reply = send(door.port, results + from_("a@bank.example"), sender=envelope_from)
        assert reply.startswith("550 5.7.1 You may not send" if hears else "250 2.0.0 accepted")
        assert messages(intake) == []
        assert (counted(door, "refused"), counted(door, "dropped")) == (
            ({"sender_not_allowed": 1}, {}) if hears else ({}, {"sender_not_allowed": 1})
        )


@pytest.mark.parametrize(
    "broken", [b"From: a@b.c\r\nFrom: d@e.f\r\n\r\nbody\r\n", b"what is this?\r\n\r\nbody\r\n"]
)
def test_what_names_no_author_does_not_return_either(intake, broken):
    with serving(an_intake(intake, **TRUSTED, allowed_senders=("*",))) as door:
        assert send(door.port, broken, sender="a@bank.example").startswith("250 ")
        assert messages(intake) == []


def test_others_hear_every_refusal(intake):
    chosen = {**TRUSTED, "trusted_peers": ("10.0.0.1",), "allowed_senders": ("@example.org",)}
    with serving(an_intake(intake, **chosen)) as door:
        assert send(door.port, from_("a@bank.example"), sender="a@evil.test").startswith(
            "550 5.7.1 You may not send"
        )


def test_address_of_a_relay_proves_nothing_but_a_signature_does(intake, served):
    chosen = {"trusted_peers": ("127.0.0.1",), "allowed_senders": ("*",), "dns_server": served}
    with serving(an_intake(intake, **chosen)) as door:
        assert send(door.port, from_("a@example.org"), sender="a@example.org").startswith("250 ")
        assert messages(intake) == []
        content = signed(from_("a@signed.example"), "signed.example")
        assert send(door.port, content, sender="a@evil.test").startswith("250 ")
        assert len(messages(intake)) == 1


def test_null_sender_to_postmaster_needs_no_proof(intake, served):
    with serving(an_intake(intake, dns_server=served)) as door:
        assert send(
            door.port, from_("a@bank.example"), "postmaster@localhost", sender=""
        ).startswith("250 ")
