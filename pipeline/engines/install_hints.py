"""What an admin would type to have a pair of languages that no engine here serves. Pure.

Debian's pairs are those of Debian 13 (`usr/share/apertium/modes` in its Contents files); a test
asks apt for their packages. Firefox's languages change: `dragoman models list` asks the registry,
this does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dragoman.domain import language

LOCAL = "local"
HUB = "en"  # the local engine goes through it
BOTH_WAYS = {
    "afr-nld": "af nl", "arg-cat": "an ca", "bel-rus": "be ru", "cat-ita": "ca it", "dan-nor": "da nb", "eng-cat": "ca en",  # noqa: E501
    "eng-spa": "en es", "es-gl": "es gl", "es-pt": "es pt", "fr-es": "es fr", "fra-cat": "ca fr", "isl-swe": "is sv",  # noqa: E501
    "mkd-bul": "bg mk", "nno-nob": "nb nn", "oc-ca": "ca oc", "oci-fra": "fr oc", "pol-szl": "pl szl", "por-cat": "ca pt",  # noqa: E501
    "pt-gl": "gl pt", "rus-ukr": "ru uk", "spa-arg": "an es", "spa-cat": "ca es", "spa-ita": "es it", "srd-ita": "it sc",  # noqa: E501
    "swe-dan": "da sv", "swe-nor": "nb sv", "urd-hin": "hi ur",
}  # fmt: skip
ONE_WAY = {
    "br-fr": "br fr", "cat-srd": "ca sc", "eo-ca": "ca eo", "eo-es": "es eo", "eo-fr": "fr eo", "eu-es": "eu es",  # noqa: E501
    "mkd-eng": "mk en", "spa-ast": "es ast",
}  # fmt: skip
# Languages of which Firefox Translations has models, each to or from English.
FIREFOX = frozenset(
    [
        "ar",
        "az",
        "be",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "fa",
        "fi",
        "fr",
        "gu",
        "he",
        "hi",
        "hr",
        "hu",
        "id",
        "is",
        "it",
        "ja",
        "kn",
        "ko",
        "lt",
        "lv",
        "ml",
        "ms",
        "mt",
        "nb",
        "nl",
        "nn",
        "pl",
        "pt",
        "ro",
        "ru",
        "sk",
        "sl",
        "sq",
        "sr",
        "sv",
        "ta",
        "te",
        "th",
        "tr",
        "uk",
        "vi",
        "zh",
    ]
)


def how(
    source_lang: str | None, target_lang: str, have: Iterable[tuple[str, str]], *, deepl: bool
) -> str:
    """One sentence with the commands that would add the pair; `source_lang` None: unknown, English
    is taken for it.

    `have`: the local engine's pairs that are there already. `deepl`: whether DeepL is set up, which
    is not named then.
    """
    source, target = language.base(source_lang or HUB), language.base(target_lang)
    ways = [*_local(source, target, frozenset(have)), *_debian(source, target)]
    if not deepl:
        ways.append("a DeepL key in DRAGOMAN_DEEPL_AUTH_KEY")
    if not ways:
        return "No engine that we know of adds it."
    given = "" if source_lang else f" (from {language.name(HUB)})"
    return f"To add it{given}: {'; or '.join(ways)}."


def package(source: str, target: str) -> str | None:
    """Debian's package with that pair (bases of languages), None: there is none."""
    wanted = f"{source} {target}"
    found = [name for name, pair in ONE_WAY.items() if pair == wanted]
    found += [
        name for name, pair in BOTH_WAYS.items() if pair == " ".join(sorted((source, target)))
    ]
    return f"apertium-{found[0]}" if found else None


def _local(source: str, target: str, have: frozenset[tuple[str, str]]) -> Iterator[str]:
    if source == target or not {source, target} <= FIREFOX:
        return
    legs = [(source, target)] if HUB in (source, target) else [(source, HUB), (HUB, target)]
    yield " && ".join(
        f"dragoman models add {one}-{other}" for one, other in legs if (one, other) not in have
    )


def _debian(source: str, target: str) -> Iterator[str]:
    if name := package(source, target):
        yield f"apt-get install {name}"
