"""What the door says (pure): every reply has its enhanced status code (RFC 2034, RFC 3463), and
nothing of an error.
"""

from __future__ import annotations

import re

MANY_CONNECTIONS = "421 4.7.0 Too many connections; please try again later"
MANY_ERRORS = "421 4.7.0 Too many errors; closing"
MANY_COMMANDS = "421 4.7.0 Too many commands; closing"
NO_MAIL = "421 4.7.0 This is a mail server, and you are not speaking SMTP; closing"
UNKNOWN_COMMAND = "500 5.5.1 There is no such command here"
NO_CHUNKS = "502 5.5.1 BDAT was not offered; closing"
CANNOT_VERIFY = "252 2.5.0 Addresses are not looked up here; please send the message and see"
TOO_SLOW = "421 4.4.2 Nothing arrived for too long; closing"
SESSION_OVER = "421 4.4.2 This connection has lasted too long; please open a new one"
CLOSING = "421 4.3.2 The server is going down; please try again later"
TEMPORARY = "451 4.3.0 Temporary trouble here; please try again later"
DISK_LOW = "452 4.3.1 The disk is nearly full here; please try again later"
MANY_RECIPIENTS = "452 4.5.3 Too many recipients for one message"
TAKEN = "250 2.0.0 accepted"

# The library's own replies have none; these are what it uses them for.
_CODES = {
    "221": "2.0.0", "250": "2.0.0", "252": "2.5.0", "454": "4.7.0", "500": "5.5.1", "501": "5.5.4", "502": "5.5.1", "503": "5.5.1",  # noqa: E501
    "530": "5.7.0", "538": "5.7.11", "552": "5.3.4", "553": "5.1.3", "554": "5.7.0", "555": "5.5.4",
}  # fmt: skip
_REPLY = re.compile(r"([245]\d\d)([ -])(?!\d\.\d{1,3}\.\d{1,3} )(.*)", re.DOTALL)


def enhanced(reply: str) -> str:
    """`reply` with an enhanced status code, where it has none; a library's way of hanging up as
    a 421 (RFC 5321 3.8).
    """
    if reply.startswith("502 5.5.1 Too many"):
        return MANY_ERRORS
    if reply.startswith("421 ") and reply.endswith("sent too many times"):
        return MANY_COMMANDS
    if reply.startswith('500 Error: command "'):  # it quotes what the client said
        return UNKNOWN_COMMAND
    found = _REPLY.fullmatch(reply)
    if not found or found[1] not in _CODES:
        return reply
    return f"{found[1]}{found[2]}{_CODES[found[1]]} {found[3]}"


def code_of(reply: str) -> str:
    """What a reply is counted under: `550 5.7.1`, or `354` where there is no enhanced code."""
    found = re.match(r"\d\d\d(?: \d\.\d{1,3}\.\d{1,3}(?= ))?", reply)
    return found.group() if found else "none"
