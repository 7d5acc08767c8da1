"""One token bucket for all workers that use the same key of a service, in Redis.

It keeps for each kind of token (requests, characters) the moment at which all that was promised so
far will have flowed in (the generic cell rate algorithm). Who takes is told how long to wait, and
is first in line then: nobody polls. A bucket that nobody has used, or that was flushed, starts
empty. A second's worth of tokens may gather.

The clock is that of Redis, and it may step. Each bucket knows when it was used last: where that
lies ahead of the clock, the clock was set back, and all moments of the bucket go back with it, so
that waits stay as long as they were.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import cast

import structlog
from redis import Redis, RedisError

log = structlog.get_logger(__name__)

PREFIX = "dragoman:bucket:"
BURST_S = 1.0
FORGOTTEN_AFTER_S = 3600
CONNECT_TIMEOUT_S, TIMEOUT_S = 1.0, 3.0
# Gives `now`, with the bucket's moments (one for each kind of token, and `pause`) on today's clock.
# KEYS: the bucket. One of an earlier version, which does not know when it was used, begins anew.
ON_THE_CLOCK = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1e6
local used = tonumber(redis.call('HGET', KEYS[1], 'used'))
if not used then
  redis.call('DEL', KEYS[1])
elseif used > now then
  local moments = redis.call('HGETALL', KEYS[1])
  for i = 1, #moments, 2 do
    redis.call('HSET', KEYS[1], moments[i], string.format('%.6f', moments[i + 1] - (used - now)))
  end
end
redis.call('HSET', KEYS[1], 'used', string.format('%.6f', now))
"""
# KEYS: the bucket. ARGV: burst and lifetime in seconds, then pairs of rate and amount. Gives the
# seconds to wait.
TAKE = (
    ON_THE_CLOCK
    + """
local wait = 0
for i = 3, #ARGV, 2 do
  local rate = tonumber(ARGV[i])
  if rate > 0 then
    local full = tonumber(redis.call('HGET', KEYS[1], i) or now)
    full = math.max(full, now - ARGV[1]) + ARGV[i + 1] / rate
    redis.call('HSET', KEYS[1], i, string.format('%.6f', full))
    wait = math.max(wait, full - now)
  end
end
local pause = tonumber(redis.call('HGET', KEYS[1], 'pause') or 0)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return string.format('%.6f', math.max(wait, pause - now))
"""
)
# KEYS: the bucket. ARGV: seconds, lifetime in seconds.
PAUSE = (
    ON_THE_CLOCK
    + """
local until_ = now + ARGV[1]
if until_ > tonumber(redis.call('HGET', KEYS[1], 'pause') or 0) then
  redis.call('HSET', KEYS[1], 'pause', string.format('%.6f', until_))
end
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
)


@dataclass(frozen=True, slots=True)
class Rates:
    """What a key may be used for in a second; 0: as much as one likes."""

    requests: float
    characters: float


class Bucket:
    """Never raises: without its Redis everybody goes ahead, and the service itself says when it
    is too much.
    """

    def __init__(self, broker_url: str, key: str, rates: Rates) -> None:
        """`key` is hashed before it leaves this process; `broker_url` empty: nothing is limited."""
        url = broker_url.replace("redis+socket://", "unix://")
        self._name = PREFIX + hashlib.sha256(key.encode()).hexdigest()[:24]
        self._rates = rates
        limited = bool(rates.requests or rates.characters)
        self._redis: Redis | None = (
            Redis.from_url(url, socket_timeout=TIMEOUT_S, socket_connect_timeout=CONNECT_TIMEOUT_S)
            if url and limited
            else None
        )

    def take(self, characters: int) -> float:
        """Take one request and so many characters; the seconds to wait before they may be used."""
        rates = self._rates
        wait = self._run(
            TAKE, BURST_S, FORGOTTEN_AFTER_S, rates.requests, 1, rates.characters, characters
        )
        return max(float(wait), 0.0) if wait is not None else 0.0

    def pause(self, seconds: float) -> None:
        """The service asks everybody with this key to wait so long."""
        self._run(PAUSE, seconds, FORGOTTEN_AFTER_S)

    def _run(self, script: str, *arguments: float) -> bytes | None:
        if self._redis is None:
            return None
        try:
            return cast(
                "bytes | None", self._redis.eval(script, 1, self._name, *map(str, arguments))
            )
        except RedisError as error:
            log.warning("bucket_unreachable", detail=str(error)[:200])
            return None
