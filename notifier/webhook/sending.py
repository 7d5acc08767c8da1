"""One POST to an address that a stranger named: to the internet alone, over TLS, within a time,
reading no body, following nothing.

The name is looked up once, all addresses that it has are judged, and the connection goes to one of
those very addresses: a name that means something else a moment later changes nothing (DNS
rebinding). The certificate is checked against the name.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from ipaddress import ip_address

from notifier.webhook.address import Address, Networks, Target, is_allowed, literal
from notifier.webhook.errors import WebhookRefused, WebhookUnavailable, WebhookUncertain

CONNECT_S = 5.0  # of one address
TOTAL_S = 15.0  # from the first connection on; Standard Webhooks advises 15 to 30 s
MOST_ADDRESSES = 4  # of a name that are tried
LONGEST_RETRY_AFTER_S = 86_400

Resolve = Callable[[str, int], Sequence[Address]]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver said: `retry_after_s` None: it did not say when to come again."""

    status: int
    retry_after_s: float | None = None


def resolve(host: str, port: int) -> Sequence[Address]:
    """The addresses of a name. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(ip_address(str(one[4][0]).partition("%")[0]) for one in found))


def post(
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    *,
    networks: Networks = (),
    look_up: Resolve = resolve,
    total_s: float = TOTAL_S,
) -> Reply:
    """Send `body`; the reply, whatever its status is.

    `networks`: what an admin allows beside the internet.

    Raises WebhookRefused for an address that nothing may be sent to; WebhookUnavailable where
    nothing was sent; WebhookUncertain where nothing was said.
    """
    addresses = permitted(target, networks, look_up)
    ends_at = time.monotonic() + total_s
    connection = _connected(target, addresses, ends_at)
    # A time-out of the socket's is for each read: a byte a second would go on for ever. This ends
    # it all.
    is_over = threading.Event()
    timer = threading.Timer(max(ends_at - time.monotonic(), 0.0), _cut, [connection, is_over])
    timer.daemon = True
    timer.start()
    try:
        reply = _exchange(connection, target, headers, body)
    except (OSError, http.client.HTTPException) as error:
        raise WebhookUncertain(detail=f"no answer: {type(error).__name__}") from error
    finally:
        timer.cancel()
        connection.close()
    if is_over.is_set():  # what was cut off looks like an answer that ended
        raise WebhookUncertain(detail="no answer in time")
    return reply


def permitted(target: Target, networks: Networks, look_up: Resolve = resolve) -> Sequence[Address]:
    """The addresses of the host, all of which may be sent to.

    Raises WebhookRefused if one of them may not, WebhookUnavailable.
    """
    known = literal(target.host)
    try:
        found = [known] if known is not None else list(look_up(target.host, target.port))
    except (OSError, UnicodeError) as error:  # the codec of names (IDNA) refuses some
        raise WebhookUnavailable(detail="its host has no address") from error
    if not found:
        raise WebhookUnavailable(detail="its host has no address")
    if not all(is_allowed(one, networks) for one in found):
        raise WebhookRefused(
            detail=(
                "its host has an address that is not on the public internet"
                " (DRAGOMAN_WEBHOOK_NETWORKS)"
            )
        )
    return found[:MOST_ADDRESSES]


class _Pinned(http.client.HTTPSConnection):
    """HTTPS over a socket that is connected already; the name is in `Host`, in SNI and in the
    check of the certificate.
    """

    def __init__(self, target: Target, connected: socket.socket) -> None:
        super().__init__(target.host, target.port)
        self.sock = connected


def _connected(target: Target, addresses: Sequence[Address], ends_at: float) -> _Pinned:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    why = ""
    for address in addresses:
        left_s = ends_at - time.monotonic()
        if left_s <= 0:
            break
        plain: socket.socket | None = None
        try:
            plain = socket.create_connection((str(address), target.port), min(CONNECT_S, left_s))
            return _Pinned(target, context.wrap_socket(plain, server_hostname=target.host))
        except ssl.SSLCertVerificationError as error:
            why = f"its certificate is not accepted: {error.verify_message}"
        except (OSError, ValueError) as error:  # ValueError: a name that no certificate can have
            why = f"no connection: {type(error).__name__}"
        if plain is not None:
            plain.close()
    raise WebhookUnavailable(detail=why or "no connection in time")


def _exchange(
    connection: _Pinned, target: Target, headers: Mapping[str, str], body: bytes
) -> Reply:
    connection.request("POST", target.path, body, dict(headers))
    # its body is not read; the library reads 100 headers of 64 KiB at most
    answer = connection.getresponse()
    return Reply(answer.status, retry_after_s(answer.headers.get("Retry-After")))


def _cut(connection: _Pinned, is_over: threading.Event) -> None:
    """End a connection that another thread waits for."""
    is_over.set()
    try:
        if connection.sock is not None:
            connection.sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # it has ended


def retry_after_s(value: str | None) -> float | None:
    """The seconds of a `Retry-After` (RFC 9110 10.2.3); a date is not read: the outbox has its
    own pauses.
    """
    is_number = value is not None and re.fullmatch(r"[0-9]{1,9}", value)
    return float(min(int(value), LONGEST_RETRY_AFTER_S)) if value and is_number else None


def judged(reply: Reply) -> str:
    """What the delivery is called once it has arrived.

    Raises WebhookRefused after 410, WebhookUnavailable after all but 2xx.
    """
    if HTTPStatus.OK <= reply.status < HTTPStatus.MULTIPLE_CHOICES:
        return f"webhook:{reply.status}"
    if reply.status == HTTPStatus.GONE:
        raise WebhookRefused(detail="410: the receiver wants no more")
    moved = " (redirects are not followed)" if reply.status < HTTPStatus.BAD_REQUEST else ""
    raise WebhookUnavailable(
        detail=f"the receiver said {reply.status}{moved}", retry_after_s=reply.retry_after_s
    )
