"""Whose job it is: `ana@example.org`, `slack:TEAM:USER` or `web:NAME`."""

from __future__ import annotations

from dragoman.domain.specs import channel_specs

# Mail providers where everybody can have an address: two people there have nothing in common.
PUBLIC_MAIL = frozenset(
    [
        "126.com",
        "163.com",
        "aol.com",
        "arcor.de",
        "att.net",
        "bigpond.com",
        "bk.ru",
        "bluewin.ch",
        "bol.com.br",
        "btinternet.com",
        "comcast.net",
        "cox.net",
        "daum.net",
        "docomo.ne.jp",
        "email.cz",
        "email.de",
        "fastmail.com",
        "foxmail.com",
        "free.fr",
        "freenet.de",
        "freemail.hu",
        "gmail.com",
        "gmx.at",
        "gmx.ch",
        "gmx.com",
        "gmx.de",
        "gmx.net",
        "googlemail.com",
        "hanmail.net",
        "hey.com",
        "home.nl",
        "hotmail.co.uk",
        "hotmail.com",
        "hotmail.de",
        "hotmail.es",
        "hotmail.fr",
        "hotmail.it",
        "icloud.com",
        "inbox.lv",
        "inbox.ru",
        "interia.pl",
        "kpnmail.nl",
        "laposte.net",
        "libero.it",
        "list.ru",
        "live.com",
        "live.de",
        "live.fr",
        "live.nl",
        "mac.com",
        "mail.com",
        "mail.ru",
        "mailbox.org",
        "me.com",
        "msn.com",
        "naver.com",
        "nate.com",
        "o2.pl",
        "onet.pl",
        "optonline.net",
        "orange.fr",
        "outlook.com",
        "outlook.de",
        "outlook.es",
        "outlook.fr",
        "outlook.it",
        "pm.me",
        "posteo.de",
        "posteo.net",
        "post.cz",
        "proton.me",
        "protonmail.ch",
        "protonmail.com",
        "qq.com",
        "rambler.ru",
        "rediffmail.com",
        "riseup.net",
        "rocketmail.com",
        "runbox.com",
        "sapo.pt",
        "sbcglobal.net",
        "seznam.cz",
        "sfr.fr",
        "sina.com",
        "sky.com",
        "t-online.de",
        "telenet.be",
        "terra.com.br",
        "tiscali.it",
        "tuta.com",
        "tuta.io",
        "tutanota.com",
        "tutanota.de",
        "ukr.net",
        "uol.com.br",
        "verizon.net",
        "virgilio.it",
        "wanadoo.fr",
        "web.de",
        "wp.pl",
        "ya.ru",
        "yahoo.ca",
        "yahoo.co.in",
        "yahoo.co.jp",
        "yahoo.co.uk",
        "yahoo.com",
        "yahoo.com.br",
        "yahoo.de",
        "yahoo.es",
        "yahoo.fr",
        "yahoo.it",
        "yandex.com",
        "yandex.ru",
        "ymail.com",
        "ziggo.nl",
        "zoho.com",
    ]
)


def team_of(owner: str) -> str | None:
    """Who shares limits with an owner: a chat's workspace (`slack:TEAM`) or a mail domain
    (`@example.org`); None: nobody.
    """
    _, at, domain = owner.rpartition("@")
    # first of all: an address may begin as the owners of a chat do, and none of its ids has an @
    if at:
        return f"@{domain.casefold()}"
    parts = channel_specs.of_owner(owner).team_parts
    return ":".join(owner.split(":")[:parts]) if parts else None


def sharing(owner: str) -> str:
    """Who shares translations with an owner: the team, else the owner alone.

    Alone are the holder of a token, and who has an address at one of the mail providers that are
    open to everybody.
    """
    # the @ in the name of a token is no address's
    has_team = not channel_specs.of_owner(owner).at_in_owner
    team = team_of(owner) if has_team else None
    if team is None:
        return owner
    return owner.casefold() if team.removeprefix("@") in PUBLIC_MAIL else team


def home_of(owner: str) -> str:
    """The channel that an owner belongs to, such as `email`."""
    return channel_specs.of_owner(owner).name
