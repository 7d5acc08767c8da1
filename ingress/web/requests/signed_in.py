"""Who is signed in: a person whom a proxy in front names by email address, in a header of the
admin's choice.

A header proves nothing by itself, since everybody can send one. It counts only where the connection
itself comes from an address that the admin has named; loopback is no exception. Other headers about
where a request came from are not read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Annotated

import structlog
from fastapi import Depends, Request

from dragoman.domain.proxies import networks
from dragoman.errors import NotAllowed, RequestError
from dragoman.settings import Settings
from ingress.web.requests.context import DoorOf

log = structlog.get_logger(__name__)

Network = IPv4Network | IPv6Network
LONGEST_ADDRESS = 320  # characters: 64, the @, 255 (RFC 5321 4.5.3.1)
# One address and nothing around it: a list, or "Ana <ana@example.org>", would be somebody's guess.
ADDRESS = re.compile(r"[^\s@,;:<>\"()\[\]\\]+@[^\s@,;:<>\"()\[\]\\]+")


NAMED_BY_STRANGER = (
    "The request names a signed-in person, but does not come from the sign-in proxy."
)
THROUGH_THE_SIGN_IN = (
    "Please open this page at the address that goes through your organisation's sign-in. "
    "The admin of this server names the proxy in DRAGOMAN_REMOTE_USER_PROXIES."
)
UNCLEAR_NAME = "The sign-in proxy does not say clearly who is signed in."
ONE_ADDRESS_ONCE = (
    "Please tell the admin of this server: the header that DRAGOMAN_REMOTE_USER_HEADER names has to"
    " hold one email address, once."
)
FOREIGN_FORM = "The form was not sent from this server's own page."
OPEN_IT_ANEW = "Please reload this server's page, fill in the form there and send it again."


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is signed in.

    `owner`: their email address in small letters, which is the owner of their jobs.
    """

    owner: str


def person_named(
    values: Iterable[bytes], peer: str | None, trusted: Iterable[Network]
) -> Person | None:
    """Who is signed in. Pure.

    `values`: all values of the header in the request. `peer`: the IP address that the connection
    comes from. None: a stranger, since no header (or an empty one) came. Raises NotAllowed for a
    name from anybody else, RequestError for more than one value or one that is no email address.
    """
    given = [value.strip() for value in values]
    if not any(given):
        return None
    if not is_among(peer, trusted):
        raise NotAllowed(NAMED_BY_STRANGER, advice=THROUGH_THE_SIGN_IN)
    address = given[0].decode("utf-8", "replace").casefold()
    is_address = (
        len(address) <= LONGEST_ADDRESS and ADDRESS.fullmatch(address) and "\ufffd" not in address
    )
    if len(given) > 1 or not is_address:
        raise RequestError(UNCLEAR_NAME, advice=ONE_ADDRESS_ONCE)
    return Person(address)


def is_among(peer: str | None, trusted: Iterable[Network]) -> bool:
    """Whether an IP address is in one of the networks; an IPv4 address that is written as IPv6
    is the IPv4 one.
    """
    try:
        found = ip_address(peer or "")
    except ValueError:  # a Unix socket has no address
        return False
    if isinstance(found, IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in network for network in trusted)


def person_of(request: Request, door: DoorOf) -> Person | None:
    """Who is signed in, if anybody is. Raises as `person_named`; the log says what the peer was."""
    settings: Settings = door.settings
    if settings.remote_user_header is None:
        return None
    wanted = settings.remote_user_header.casefold().encode()
    # All of them, not the last one: a second header of the same name may be a stranger's own.
    values = [value for name, value in request.headers.raw if name.lower() == wanted]
    peer = request.client.host if request.client else None
    try:
        return person_named(values, peer, networks(settings.remote_user_proxies))
    except RequestError as error:
        log.warning(
            "sign_in_refused", code=error.code, peer=peer, header=settings.remote_user_header
        )
        raise


PersonOf = Annotated[Person | None, Depends(person_of)]


def check_form(request: Request, door: DoorOf, person: Person, key: str) -> None:
    """Raise NotAllowed unless a form comes from a page that this server gave to the same person.

    The browser is signed in at the proxy, so that a page of another site could make it send forms
    here. `key`: what the page put into the form (`Links.form_key`). Browsers also say where a form
    comes from; old ones do not.
    """
    came_from = request.headers.get("sec-fetch-site", "same-origin")
    if came_from not in ("same-origin", "none") or not door.links.is_form_key(key, person.owner):
        raise NotAllowed(FOREIGN_FORM, advice=OPEN_IT_ANEW)
