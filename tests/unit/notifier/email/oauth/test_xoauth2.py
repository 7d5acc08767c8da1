"""The words of XOAUTH2, and what becomes of them when a server refuses."""

import base64
import subprocess
import sys

import pytest

from dragoman.errors import OutboundLoginRefused
from notifier.email.oauth.xoauth2 import initial_response, told_by, with_token, without
from tests.fakes import RememberingTokens


def refusing(*texts):
    """A server that refuses these tokens."""
    shown = []

    def use(token):
        shown.append(token)
        if token in texts:
            raise OutboundLoginRefused(detail="535")
        return token

    return shown, use


def test_the_initial_response_is_that_of_the_documents():
    # The example of developers.google.com/gmail/imap/xoauth2-protocol.
    said = initial_response("someuser@example.com", "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg")
    assert (
        base64.b64encode(said)
        == b"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0"
        b"Q2cBAQ=="
    )


def test_a_refusal_s_challenge_is_read():
    # The same page's example of an error.
    challenge = b"eyJzdGF0dXMiOiI0MDEiLCJzY2hlbWVzIjoiYmVhcmVyIG1hYyIsInNjb3BlIjoiaHR0cHM6Ly9tYWlsLmdvb2dsZS5jb20vIn0K"
    assert (
        told_by(challenge)
        == '{"status": "401", "schemes": "bearer mac", "scope": "https://mail.google.com/"}'
    )


@pytest.mark.parametrize("odd", [b"", b"!!!", b"bm8gSlNPTg==", b"/////w==", b"\xff\xfe"])
def test_a_challenge_that_is_none_tells_nothing(odd):
    assert told_by(odd) == ""


def test_a_token_that_is_taken_is_shown_once():
    shown, use = refusing()
    assert with_token(RememberingTokens(), use) == "token-1"
    assert shown == ["token-1"]


def test_a_refused_token_is_renewed_once():
    shown, use = refusing("token-1")
    assert with_token(RememberingTokens(), use) == "token-2"
    assert shown == ["token-1", "token-2"]


def test_a_second_refusal_is_told():
    shown, use = refusing("token-1", "token-2")
    with pytest.raises(OutboundLoginRefused):
        with_token(RememberingTokens(renewals=9), use)
    assert shown == ["token-1", "token-2"]


def test_a_refusal_is_told_where_there_is_no_other_token():
    shown, use = refusing("token-1")
    with pytest.raises(OutboundLoginRefused):
        with_token(RememberingTokens(renewals=0), use)
    assert shown == ["token-1"]


@pytest.mark.parametrize("user", ["a@b.de", "ab@b.de", "abc@b.de"])
def test_a_token_that_a_server_repeats_is_blotted_out(user):
    token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
    sent = base64.b64encode(initial_response(user, token)).decode()
    said = without(f"535 no: {sent} and {token} end", token)
    assert token not in said
    assert said.startswith("535 no: ")
    assert said.endswith(" end")
    left = said.split()[2].replace("***", "")
    around = len(base64.b64encode(initial_response(user, "")))
    # what stands before and behind the token, and the two letters that it shares
    assert len(left) <= around + 4


def test_the_providers_libraries_are_loaded_where_they_are_used_alone():
    code = (
        "import sys, notifier.tasks; print({'msal', 'google.auth', 'google.oauth2'} &"
        " set(sys.modules))"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        ).stdout
        == "set()\n"
    )
