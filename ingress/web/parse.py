"""The fields of an upload as the options of a job. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from dragoman.domain import language
from dragoman.domain.job import Layout, Options, Tone, choice, parse_pages
from dragoman.errors import NoLanguage, UnsupportedOption

FIELDS = ("target_lang", "source_lang", "tone", "layout", "pages", "engine", "in_house")
LONGEST_PAGES = 200  # characters of a list such as `1-5,9`
DETECT = "auto"


def options(
    fields: Mapping[str, str],
    *,
    default_target: str | None,
    engines: Collection[str],
    max_pages: int,
) -> Options:
    """What a form asks for.

    Empty fields count as absent; languages come in any form that people write.

    `engines` are the names that may be asked for; `auto` leaves the choice to the server. Raises
    NoLanguage, UnknownLanguage or UnsupportedOption.
    """
    unknown = sorted(set(fields) - set(FIELDS))
    if unknown:
        raise UnsupportedOption(
            f"There is no option “{unknown[0][:40]}”. Please use one of: {', '.join(FIELDS)}."
        )
    given = {name: value.strip() for name, value in fields.items() if value.strip()}
    target = language.parse(given["target_lang"]) if "target_lang" in given else default_target
    if target is None:
        raise NoLanguage(advice="Please set `target_lang`, for example to de or French.")
    source = given.get("source_lang", DETECT)
    return Options(
        target_lang=target,
        source_lang=None if source.casefold() == DETECT else language.parse(source),
        tone=choice(Tone, given["tone"]) if "tone" in given else None,
        layout=choice(Layout, given.get("layout", Layout.TRANSLATED)),
        pages=_pages(given.get("pages"), max_pages),
        engine=_engine(given.get("engine"), engines),
        in_house=_yes_or_no(given.get("in_house")),
    )


def _pages(pages: str | None, max_pages: int) -> str | None:
    """The list as it was written, once it is known to be one; how many pages there are is known
    later.
    """
    if pages is None:
        return None
    try:
        if len(pages) <= LONGEST_PAGES and parse_pages(pages, max_pages):
            return pages.replace(" ", "")
    except (UnsupportedOption, ValueError):
        pass
    raise UnsupportedOption(
        f"“{pages[:40]}” is not a list of pages. Please write it like 1-5,9, counting from 1."
    )


def _engine(engine: str | None, engines: Collection[str]) -> str | None:
    if engine is None or engine.casefold() == DETECT:
        return None
    if engine.casefold() not in engines:
        raise UnsupportedOption(
            f"This server has no engine “{engine[:40]}”. Please choose one of:"
            f" {', '.join(sorted(engines))}."
        )
    return engine.casefold()


def _yes_or_no(word: str | None) -> bool:
    if word is None or word.casefold() in ("false", "no", "0", "off"):
        return False
    if word.casefold() in ("true", "yes", "1", "on"):
        return True
    raise UnsupportedOption(
        f"“{word[:40]}” is neither yes nor no. Please write in_house=true or leave it out."
    )
