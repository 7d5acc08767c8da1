"""Where the token may go."""

from __future__ import annotations

import pytest

from ingress.slack.download import allowed


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://files.slack.com/files-pri/T1-F1/a.pdf", True),
        ("http://files.slack.com/a.pdf", False),
        ("https://files.slack.com.evil.example/a.pdf", False),
        ("https://user:pass@files.slack.com/a.pdf", False),
        ("https://evil.example/files.slack.com", False),
        ("https://docs.google.com/a.pdf", False),
        ("ftp://files.slack.com/a.pdf", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_only_slacks_own_hosts(url, may):
    assert allowed(url, ("files.slack.com",)) is may


def test_a_listed_server_on_loopback_may_speak_plainly():
    assert allowed("http://127.0.0.1:8080/a", ("127.0.0.1:8080",))
    assert not allowed("http://127.0.0.1:8081/a", ("127.0.0.1:8080",))
    assert not allowed("http://files.example:80/a", ("files.example:80",))
