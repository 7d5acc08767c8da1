"""What the core has to know of engines by name: where they run, whether they cost anything, and who
may use them (pure).

One that is not known counts as one that sends texts to somebody else and is paid for: that is the
safe mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from dragoman.domain.job import NO_ENGINE
from dragoman.domain.owner import home_of
from dragoman.domain.specs import channel_specs, engine_specs

AUTO = "auto"
EVERYBODY = ""
TOKEN = "token:"  # noqa: S105 - what stands before the name of one

# RFC 6762, RFC 8375, ICANN's .internal, and what companies have long used.
_OWN_NAMES = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".intranet", ".corp")

Rules = Mapping[str, frozenset[str]]
"""The engines that may be used, by whom: a channel, `token:NAME`, or `EVERYBODY` for whoever is
not named.
"""

# Wishes as people write them, in the languages that answers are written in. "Confidential" alone is
# in every other signature.
_WISH = re.compile(
    r"\b(?:keep|stay|stays|remain|remains|leave)\b(?: \w+){0,2} in[- ]house\b|\bin[- ]house"
    r" (?:only|please)\b|\bonly in[- ]house\b"
    r"|\b(?:don['’]?t|do not|never|not to) (?:send|leave)(?: \w+){0,2} (?:out|outside|the house|the"
    r" company)\b"
    r"|\b(?:im|nicht aus dem) (?:haus|hause)(?: \w+)? (?:behalten|bleiben|lassen|geben)\b|\bbleibt"
    r" im haus\b|\bnur (?:im haus|hausintern)\b"
    r"|\bhausintern\b|\b(?:uniquement|seulement) en interne\b|\b(?:garder|rester|reste) en"
    r" interne\b|\ben interne (?:uniquement|seulement)\b"
    r"|\b(?:solo|sólo|únicamente) (?:internamente|de forma interna|en la empresa)\b|\bno (?:debe"
    r" salir|enviar fuera)\b"
    r"|\bsolo (?:in sede|all['’]interno|internamente)\b|\bnon (?:inviare|mandare)"
    r" (?:fuori|all['’]esterno)\b"
    r"|\b(?:só|apenas|somente) (?:internamente|dentro da empresa)\b|\bnão enviar para fora\b"
    r"|\b(?:alleen intern|in huis (?:houden|blijven)|blijft in huis|niet naar buiten)\b"
    r"|\b(?:tylko wewnętrznie|zostaje w firmie|nie wysyłać na zewnątrz)\b"
    r"|社外に(?:出さ|送ら)ない|社内(?:のみ|限り|だけ)|仅限内部|不要外发|不得外传",
    re.IGNORECASE,
)


def is_own_host(url: str | None) -> bool:
    """Whether an address is plainly within one's own network: a private or loopback IP address, or
    a name that no public server has.

    Names are not looked up: one that only means a private address counts as outside.
    """
    host = (urlsplit(url).hostname or "").casefold() if url else ""
    try:
        return ip_address(host).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(_OWN_NAMES))


def in_house(given: Callable[[str], object]) -> frozenset[str]:
    """The engines that send nothing out of the house: those on this machine, and servers within
    one's own network.

    `given` tells the value of a setting by its name.
    """
    servers = {one.name: given(one.address) for one in engine_specs.engines() if one.address}
    own = {name for name, url in servers.items() if isinstance(url, str) and is_own_host(url)}
    return engine_specs.in_house() | {NO_ENGINE} | own


def wants_in_house(words: str) -> bool:
    """Whether somebody asks that the document be kept in house: sent to no service outside."""
    return _WISH.search(" ".join(words.split())) is not None


def parse_rules(text: str, names: frozenset[str]) -> Rules:
    """The rules in `local+apertium,slack=deepl+local,token:ci=apertium`; empty: no rules.

    `names`: the engines that there are. Raises ValueError, which says what to write.
    """
    rules: dict[str, frozenset[str]] = {}
    for entry in filter(None, (part.strip().casefold() for part in text.split(","))):
        who, given, engines = entry.rpartition("=")
        who = who.strip() if given else EVERYBODY
        chosen = frozenset(name.strip() for name in engines.split("+"))
        if unknown := sorted(chosen - names):
            raise ValueError(
                f"{unknown[0]!r} is no engine; write one of {', '.join(sorted(names))}, several"
                " with +"
            )
        if (
            who != EVERYBODY
            and who not in channel_specs.senders()
            and not re.fullmatch(TOKEN + r"[^\s:=]+", who)
        ):
            raise ValueError(
                f"{who!r} is nobody; write {', '.join(channel_specs.senders())} or token:NAME"
                " before the ="
            )
        if who in rules:
            raise ValueError(
                f"{who or 'everybody'!r} is named twice; put the engines together with +"
            )
        rules[who] = chosen
    return rules


def allowed(
    rules: Rules, *, channel: str, owner: str, only: frozenset[str] | None = None
) -> frozenset[str] | None:
    """The engines that a job of `owner` which came by `channel` may be given to; None: all.

    A token's own rule stands before that of its channel, a channel's before that for everybody. A
    document of an email or a Slack post that is asked for once more on its page has to fit both.
    `only`: no others, whatever the rules say.
    """
    found = only
    home = home_of(owner)
    own = (
        rules.get(f"{TOKEN}{owner.removeprefix('web:').casefold()}")
        if owner.startswith("web:")
        else None
    )
    for one in (own,) if own is not None else (_rule(rules, channel), _rule(rules, home)):
        if one is not None:
            found = one if found is None else found & one
    return found


def _rule(rules: Rules, who: str) -> frozenset[str] | None:
    return rules.get(who, rules.get(EVERYBODY))
