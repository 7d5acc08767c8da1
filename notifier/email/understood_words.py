"""What was understood of a wish, in the sender's language: which languages, from where, with which
options (pure).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from babel.lists import format_list

from dragoman.domain.job import Layout
from dragoman.domain.wishes.understood import Understood
from notifier.email.catalogue import Catalogue

_LAYOUTS = {Layout.SIDE_BY_SIDE: "side_by_side", Layout.ALTERNATING: "alternating"}


def line(told: Understood | None, t: Catalogue) -> str:
    """The one sentence that says it; empty where nothing is known of a wish."""
    if told is None:
        return ""
    semicolon = "；" if t.locale in ("ja", "zh") else "; "
    return t("understood.line", what=semicolon.join(_parts(told, t)))


def _parts(told: Understood, t: Catalogue) -> Iterator[str]:
    languages = _listed(told.targets, t)
    if told.files:
        of_files = (
            t("understood.file", name=name, languages=_listed(tags, t))
            for name, tags in told.files.items()
        )
        languages = t.comma.join(of_files)
    yield t(f"understood.{told.origin}", languages=languages)
    if told.source:
        yield t("understood.source", language=t.language(told.source))
    if told.pages:
        yield t("understood.pages", pages=told.pages.replace(",", ", "))
    if told.layout in _LAYOUTS:
        yield t(f"understood.{_LAYOUTS[told.layout]}")
    if told.tone:
        yield t("understood.tone", tone=t(f"understood.{told.tone}"))
    if told.password:
        yield t("understood.password")
    if told.always:
        yield t("understood.always", language=t.language(told.targets[0]))
    if told.glossary:
        yield t("understood.no_glossary")


def _listed(tags: Sequence[str], t: Catalogue) -> str:
    """`French and German`, as the language writes a list."""
    return str(format_list([t.language(tag) for tag in tags], locale=t.locale))
