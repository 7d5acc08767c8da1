"""Who may send, to whom, and what is never answered."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingress.email.auth import policy
from ingress.email.auth.policy import Accepted, Dropped, Refused
from ingress.email.mime import headers

OURS = "translate@example.com"


def the_rules(allowed=("*",), auth="none", peers=()):
    return policy.rules(OURS, allowed, auth, peers)


def block(text: str) -> headers.Headers:
    return headers.read(text.encode())


RECIPIENTS = [
    ("translate@example.com", None),
    ("Translate@EXAMPLE.com", None),
    ("translate+de@example.com", None),
    ("translate+de+formal@example.com", None),
    ("postmaster@example.com", None),
    ("Postmaster", None),
    ("nobody@example.com", "unknown_recipient"),
    ("translated@example.com", "unknown_recipient"),
    ("+translate@example.com", "unknown_recipient"),
    ("translate@example.org", "relay"),
    ("postmaster@example.org", "relay"),
    ("translate@example.com@example.org", "relay"),
    ("translate%example.org@example.com", "unknown_recipient"),
    ("", "unknown_recipient"),
]


@pytest.mark.parametrize(("recipient", "reason"), RECIPIENTS)
def test_only_our_own_addresses_are_recipients(recipient, reason):
    refused = policy.recipient_refused(recipient, the_rules())
    assert (refused.reason if refused else None) == reason


ALLOWED = [
    ((), "a@b.c", False),
    (("a@b.c",), "a@b.c", True),
    (("a@b.c",), "A@B.C", True),
    (("a@b.c",), "x@b.c", False),
    (("@b.c",), "x@b.c", True),
    (("b.c",), "x@b.c", True),
    (("b.c",), "x@a.b.c", False),
    (("b.c",), "x@ab.c", False),
    (("b.c",), "b.c@evil.example", False),
    (("x.y", "*"), "x@b.c", True),
]


@pytest.mark.parametrize(("allowed", "address", "expected"), ALLOWED)
def test_senders_are_allowed_by_address_domain_or_star(allowed, address, expected):
    assert policy.is_allowed(address, the_rules(allowed)) is expected


PEERS = [
    ((), "127.0.0.1", False),
    (("127.0.0.1",), "127.0.0.1", True),
    (("127.0.0.1",), "127.0.0.2", False),
    (("10.0.0.0/8",), "10.1.2.3", True),
    (("10.1.2.3/8",), "10.9.9.9", True),
    (("10.0.0.0/8",), "::ffff:10.1.2.3", True),
    (("fd00::/8",), "fd00::1", True),
    (("fe80::/10",), "fe80::1%eth0", True),
    (("10.0.0.0/8",), "", False),
    (("10.0.0.0/8",), "a.host", False),
]


@pytest.mark.parametrize(("peers", "peer", "expected"), PEERS)
def test_peers_are_trusted_by_address_or_network(peers, peer, expected):
    assert policy.is_trusted(peer, the_rules(peers=peers)) is expected


def test_loopback_is_not_trusted_for_being_loopback():
    verdict = policy.screen(
        block("From: a@b.c\n\n"), "a@b.c", "127.0.0.1", the_rules(auth="trusted")
    )
    assert isinstance(verdict, Refused)
    assert verdict.reason == "peer_not_trusted"
    assert "127.0.0.1 to DRAGOMAN_TRUSTED_PEERS (it is empty: nobody is trusted)" in verdict.hint


def test_wrong_peer_is_an_error():
    with pytest.raises(ValueError, match=r"mail\.example\.org"):
        the_rules(peers=("mail.example.org",))


def test_closed_until_somebody_is_allowed():
    verdict = policy.screen(block("From: a@b.c\n\n"), "a@b.c", "127.0.0.1", the_rules(()))
    assert isinstance(verdict, Refused)
    assert verdict.reply.startswith("550 5.7.1 ")


FROMS = [
    ("From: a@b.c\n", "a@b.c"),
    ("From: Alice <a@b.c>\n", "a@b.c"),
    ("from :\n Alice\n <a@b.c>\n", "a@b.c"),
    ('From: "b@b.c <c@d.e>, x" <a@b.c>\n', "a@b.c"),
    ("From: (x@y.z <q@r.s>) a@b.c\n", "a@b.c"),
    ("From: =?utf-8?q?=3Cboss=40corp=3E?= <a@b.c>\n", "a@b.c"),
    ("From: boss@corp <a@b.c>\n", "a@b.c"),
    ("From: Jürgen <jürgen@müller.example>\n", "jürgen@müller.example"),
    ("", None),
    ("From: \n", None),
    ("From: a@b.c\nFrom: a@b.c\n", None),
    ("From: a@b.c, d@e.f\n", None),
    ("From: Alice <a@b.c>, Bob <d@e.f>\n", None),
    ("From: a@b.c <d@e.f> <g@h.i>\n", None),
    ("From: friends: a@b.c;\n", None),
    ("From: <>\n", None),
    ("From: Alice\n", None),
    ("From: a@b@c.d\n", None),
    ("From: <a@b.c\n", None),
    ("From: a@b.c\x00evil\n", None),
    ('From: "a b"@c.d\n', None),
    (f"From: {'a' * 250}@b.cd\n", None),
    (f"From: {'(' * 50_000} a@b.c\n", None),
]


@pytest.mark.parametrize(("text", "address"), FROMS)
def test_exactly_one_author_counts(text, address):
    verdict = policy.screen(block(text + "Subject: x\n\n"), "e@f.g", "127.0.0.1", the_rules())
    assert (verdict.author.address if isinstance(verdict, Accepted) else None) == address


DROPPED = [
    ("Auto-Submitted: auto-replied\n", "x@y.z", "auto_submitted"),
    ("Auto-Submitted: auto-generated; x=y\n", "x@y.z", "auto_submitted"),
    ("Auto-Submitted: no\n", "x@y.z", None),
    ("Auto-Submitted: No; x=y\n", "x@y.z", None),
    ("", "<>", "null_sender"),
    ("", "", "null_sender"),
    ("Precedence: Bulk\n", "x@y.z", "precedence"),
    ("Precedence: auto_reply\n", "x@y.z", "precedence"),
    ("Precedence: first-class\n", "x@y.z", None),
    ("List-Id: <a.b.c>\n", "x@y.z", "list"),
    ("X-Autoreply: yes\n", "x@y.z", "auto_reply"),
    ("X-Auto-Response-Suppress: DR, All\n", "x@y.z", "auto_reply"),
    ("X-Auto-Response-Suppress: DR, OOF\n", "x@y.z", None),
    ("Content-Type: multipart/report; report-type=delivery-status\n", "x@y.z", "report"),
    ("References: <job.1.done@example.com>\n", "x@y.z", None),
]


@pytest.mark.parametrize(("text", "envelope_from", "reason"), DROPPED)
def test_what_is_automatic_is_dropped(text, envelope_from, reason):
    verdict = policy.screen(
        block(f"From: a@b.c\n{text}\n"), envelope_from, "127.0.0.1", the_rules()
    )
    assert (verdict.reason if isinstance(verdict, Dropped) else None) == reason


@pytest.mark.parametrize("address", [OURS, "Translate+de@Example.com"])
def test_own_mail_is_dropped(address):
    verdict = policy.screen(block(f"From: <{address}>\n\n"), "a@b.c", "127.0.0.1", the_rules())
    assert verdict == Dropped("own_mail")


def test_automatic_mail_is_dropped_even_where_its_sender_may_not_send():
    """A refusal would make the other side's server send a bounce to whoever was named."""
    assert isinstance(
        policy.screen(block("From: a@b.c\nX-Autoreply: 1\n\n"), "a@b.c", "x", the_rules(())),
        Dropped,
    )


@settings(deadline=None)
@given(st.binary(max_size=400))
def test_no_header_block_breaks_the_door(data):
    for text in (
        data,
        b"From: " + data,
        b"Content-Type: " + data,
        b"From: a@b.c\r\nSubject: =?utf-8?" + data,
    ):
        found = headers.read(text)
        assert isinstance(
            policy.screen(found, "x@y.z", "127.0.0.1", the_rules()), Accepted | Refused | Dropped
        )
        assert not set(found.text("subject")) & set("\r\n\0")
        assert isinstance(found.references, list)
        assert found.filename is None or found.filename


@pytest.mark.parametrize(
    ("auth", "envelope_from", "author", "returns"),
    [
        ("trusted", "a@b.example", "a@b.example", True),
        ("trusted", "bounce@mail.b.example", "a@b.example", True),
        ("trusted", "a@evil.test", "a@b.example", False),
        ("trusted", "a@b.example.evil.test", "a@b.example", False),
        ("trusted", "", "a@b.example", False),
        ("trusted", "<>", "a@b.example", False),
        ("trusted", "nonsense", "a@b.example", False),
        ("trusted", "a@b.example", "nobody", False),
        ("trusted", "a@b.example", "a@b.example, c@d.example", False),
        ("none", "a@b.example", "a@b.example", True),
        ("dmarc", "a@b.example", "a@b.example", False),  # nobody has said that it is proved
    ],
)
def test_a_refusal_returns_to_the_author_alone(auth, envelope_from, author, returns):
    found = block(f"From: {author}\n\n")
    assert (
        policy.may_return(found, envelope_from, the_rules(auth=auth, peers=["127.0.0.1"]))
        is returns
    )
