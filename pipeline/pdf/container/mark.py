"""What a result says about how its words were made, for programs to read.

The EU's AI Act asks for such a mark on machine-made text (Regulation (EU) 2024/1689, article 50,
paragraph 2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

# IPTC's vocabulary of digital sources: words from a model that has learned from examples, and words
# from rules alone.
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TRAINED, RULES = f"{SOURCE_TYPES}trainedAlgorithmicMedia", f"{SOURCE_TYPES}algorithmicMedia"

# IPTC Photo Metadata Standard 2025.1, extension schema
IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
OWN = "urn:dragoman:xmp:1.0/"


@dataclass(frozen=True, slots=True)
class Mark:
    """Who made the words of a result.

    `engine`: its name in settings and answers, None: not told. `trained`: whether it has learned
    from examples, as all neural engines have, or follows rules that people wrote.
    """

    engine: str | None = None
    trained: bool = True

    def properties(self, source_lang: str | None, target_lang: str) -> Iterator[tuple[str, str]]:
        """The names of XMP properties (with the prefixes `Iptc4xmpExt` and `dragoman`), and their
        values as XML.

        `source_lang` None: the document's language is not known.
        """
        yield "Iptc4xmpExt:DigitalSourceType", TRAINED if self.trained else RULES
        if self.engine and self.trained:
            yield "Iptc4xmpExt:AISystemUsed", escape(self.engine)
        yield "dragoman:MachineTranslated", "True"
        if self.engine:
            yield "dragoman:Engine", escape(self.engine)
        if source_lang:
            yield "dragoman:SourceLanguage", escape(source_lang)
        yield "dragoman:TargetLanguage", escape(target_lang)
