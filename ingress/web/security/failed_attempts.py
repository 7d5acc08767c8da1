"""Wrong tokens and wrong links: each address has some tries, then it has to wait, longer each time.

Only what was shown and is wrong counts; a request without a token does not. Behind a proxy, or in
one office, many people share an address. Where somebody has shown a token that is right within the
last hour, those of others are still looked at: so nobody can lock their colleagues out by guessing.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address

import structlog

from ingress.web.security.refusals import TooManyTries

log = structlog.get_logger(__name__)

TOKEN, LINK = KINDS = ("token", "link")
FREE = 10  # wrong ones before anybody has to wait
LONGEST_S = 60.0
FORGOTTEN_AFTER_S = 600.0  # without another wrong one
SHARED_FOR_S = 3600.0
MOST_ADDRESSES = 10_000  # about 3 MB; the one that was heard of longest ago is forgotten first
_NETWORK_BITS = 64  # of an IPv6 address: one customer has all addresses of such a network


@dataclass(slots=True)
class _Heard:
    """What one address has shown. Times are on the clock of `Tries`; `-inf`: never."""

    wrong: int = 0
    last_wrong_at: float = float("-inf")
    next_at: float = float("-inf")
    last_right_at: float = float("-inf")


class Tries:
    """Counts what each address has shown. `by_kind`: how many wrong ones there were in all."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """`clock`: seconds, of any beginning."""
        self.by_kind: Counter[str] = Counter()
        self._clock = clock
        self._heard: OrderedDict[str, _Heard] = OrderedDict()
        self._lock = threading.Lock()  # endpoints run in threads

    @contextmanager
    def watching(self, address: str, kind: str, wrong: type[Exception]) -> Iterator[None]:
        """Around a look at a token: `wrong` is what the look raises for one that is wrong.

        `address`: the IP address of the other side. Raises TooManyTries before the look, or, where
        others share the address, in place of `wrong`.
        """
        known = _network_of(address)
        self._check(known)
        try:
            yield
        except wrong:
            self._count_wrong(known, kind)
            raise
        with self._lock:
            self._of(known).last_right_at = self._clock()

    def __len__(self) -> int:
        """How many addresses are remembered."""
        return len(self._heard)

    def _check(self, address: str) -> None:
        with self._lock:
            one, now = self._heard.get(address), self._clock()
            if one is None or now >= one.next_at or now - one.last_right_at < SHARED_FOR_S:
                return
            wait_s = one.next_at - now
        raise TooManyTries(retry_after_s=wait_s)

    def _count_wrong(self, address: str, kind: str) -> None:
        with self._lock:
            self.by_kind[kind] += 1
            one, now = self._of(address), self._clock()
            if now - one.last_wrong_at >= FORGOTTEN_AFTER_S:
                one.wrong = 0
            one.wrong += 1
            one.last_wrong_at = now
            wait_s = one.next_at - now
            if wait_s <= 0 and one.wrong > FREE:
                one.next_at = now + min(LONGEST_S, 2.0 ** (one.wrong - FREE - 1))
            tries = one.wrong
        if tries <= FREE or tries & (tries - 1) == 0:  # all of the first, then each power of two
            log.warning("wrong_token", kind=kind, peer=address, tries=tries)
        if wait_s > 0:
            raise TooManyTries(retry_after_s=wait_s)

    def _of(self, address: str) -> _Heard:
        one = self._heard.setdefault(address, _Heard())
        self._heard.move_to_end(address)
        if len(self._heard) > MOST_ADDRESSES:
            self._heard.popitem(last=False)
        return one


def _network_of(address: str) -> str:
    """What is counted together: an IPv4 address, or the /64 network of an IPv6 one.

    Others as they are.
    """
    try:
        found = ip_address(address)
    except ValueError:  # a Unix socket has none
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    host_bits = found.max_prefixlen - _NETWORK_BITS
    return f"{IPv6Address(int(found) >> host_bits << host_bits)}/{_NETWORK_BITS}"
