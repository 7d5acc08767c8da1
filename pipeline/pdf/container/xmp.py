"""The XMP packet of a result (ISO 16684-1): what the source's said, as far as it is still true,
and how the words were made.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from html import escape
from typing import Any, TypeGuard

# the packet is a stranger's, and this is the sandbox: `_parsed` refuses what could grow
from xml.dom import minidom
from xml.dom.minidom import Attr, Element
from xml.parsers.expat import ExpatError

import pymupdf

from pipeline.pdf.container.mark import IPTC, OWN, Mark

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
DC, PDF, XMP = (
    "http://purl.org/dc/elements/1.1/",
    "http://ns.adobe.com/pdf/1.3/",
    "http://ns.adobe.com/xap/1.0/",
)
_NAMESPACES = {"dc": DC, "pdf": PDF, "xmp": XMP, "Iptc4xmpExt": IPTC, "dragoman": OWN}
_ROOTS = frozenset(["xmpmeta", "xapmeta", "RDF"])  # the second is the first's old name
MOST_BYTES = 1_000_000  # of the source's packet; a larger one holds pictures

# What claims a standard (PDF/A and the description of its extensions, PDF/UA, PDF/X, PDF/VT, PDF/E,
# declarations) of the bytes of the source, or signs them: none of it is true of another file.
_CLAIMS = re.compile(
    r"http://www\.aiim\.org/pdf(?:a|ua|e)/|http://www\.npes\.org/pdf(?:x|vt)/|http://pdfa\.org/declarations/"
    r"|http://www\.iso\.org/pdf"
)
# Pictures of the source's pages, and what the source itself said of the making of its words.
_REPLACED = frozenset([(XMP, "Thumbnails"), (IPTC, "DigitalSourceType")])

# PDF's dates (ISO 32000-1 7.9.4): D:YYYYMMDDHHmmSS and a time zone, cut short anywhere after the
# year.
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?")
_DATED, _TIMED = 3, 5  # numbers that make a date, and a time of it
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """What the packet has to say now. `title` None: the source has none that was translated."""

    title: str | None
    source_lang: str | None
    target_lang: str
    mark: Mark


@dataclass(frozen=True, slots=True)
class _Kept:
    """The source's packet: all of it, and its RDF."""

    root: Element
    rdf: Element


def renew(pdf: pymupdf.Document, told: Told) -> None:
    """Give the file a packet: that of its source with what is said now, or a new one from the
    file's own facts.
    """
    facts = {key: _clean(value) for key, value in (pdf.metadata or {}).items() if value}
    packet = renewed(_old(pdf), facts, told)
    if not _is_stream(pdf):  # a circle, a word, nothing: a new object takes its place
        pdf.xref_set_key(pdf.pdf_catalog(), "Metadata", "null")
    pdf.set_xml_metadata(packet)


def renewed(old: str, facts: dict[str, str], told: Told) -> str:
    """The packet.

    `old`: the source's, empty for none; `facts`: the file's information dictionary, as XML.
    """
    kept = _parsed(old)
    said = dict(_facts(facts))
    said |= dict(told.mark.properties(told.source_lang, told.target_lang))
    said["dc:language"] = f"<rdf:Bag><rdf:li>{escape(told.target_lang)}</rdf:li></rdf:Bag>"
    if told.title:
        said["dc:title"] = _alternatives(_clean(told.title))
    if kept is None:
        body = f'<rdf:RDF xmlns:rdf="{RDF}">{_description(said, "")}</rdf:RDF>'
        return _packet(f'<x:xmpmeta xmlns:x="adobe:ns:meta/">{body}</x:xmpmeta>')
    return _packet(
        _merged(kept, said, set(dict(_facts(facts))) - {"dc:title" if told.title else ""})
    )


def _merged(kept: _Kept, said: dict[str, str], of_the_file: set[str]) -> str:
    """What was kept, with what is said.

    Of what only repeats the file's own facts, the kept words are the better ones.
    """
    descriptions = [one for one in kept.rdf.childNodes if _is_description(one)]
    present = {
        (one.namespaceURI, one.localName)
        for description in descriptions
        for one in _properties(description)
    }
    said = {
        name: value
        for name, value in said.items()
        if name not in of_the_file or _full(name) not in present
    }
    gone = _REPLACED | {_full(name) for name in said}
    for description in descriptions:
        _strip(description, gone)
    about = descriptions[0].getAttributeNS(RDF, "about") if descriptions else ""
    new = _root(f'<r xmlns:rdf="{RDF}">{_description(said, about)}</r>').firstChild
    if isinstance(new, Element):
        new.setAttribute("xmlns:rdf", RDF)  # wherever it stands now
        kept.rdf.appendChild(new)
    return kept.root.toxml()


def _old(pdf: pymupdf.Document) -> str:
    """The source's packet, empty where it has none that is one."""
    if not _is_stream(pdf):
        return ""
    raw: bytes = (
        pdf.xref_stream(int(pdf.xref_get_key(pdf.pdf_catalog(), "Metadata")[1].split()[0])) or b""
    )
    if len(raw) > MOST_BYTES:
        return ""
    encoding = next((name for mark, name in _BOMS if raw.startswith(mark)), "utf-8")
    with suppress(UnicodeDecodeError):
        return raw.decode(encoding).strip("\ufeff\x00 \t\r\n")
    return ""


def _is_stream(pdf: pymupdf.Document) -> bool:
    kind, value = pdf.xref_get_key(pdf.pdf_catalog(), "Metadata")
    return kind == "xref" and bool(pdf.xref_is_stream(int(value.split()[0])))


def _parsed(packet: str) -> _Kept | None:
    """The packet, None for what is none.

    Without a document type there are no entities, so nothing can grow.
    """
    if not packet or "<!DOCTYPE" in packet:
        return None
    undeclared = re.sub(r"^<\?xml\b[^>]*\?>", "", packet)  # its encoding was that of the bytes
    with suppress(ExpatError, RecursionError, ValueError):
        root = _root(undeclared)
        rdf = (
            root
            if root.localName == "RDF"
            else next(iter(root.getElementsByTagNameNS(RDF, "RDF")), None)
        )
        if root.localName in _ROOTS and rdf is not None and rdf.namespaceURI == RDF:
            root.toxml()  # whatever is nested too deeply to be written fails here
            return _Kept(root, rdf)
    return None


def _root(text: str) -> Element:
    """The outermost element. Raises ExpatError for what is no XML."""
    root = minidom.parseString(text).documentElement  # noqa: S318  # refused before where it could grow
    if root is None:
        raise ValueError("no element")
    return root


def _is_description(node: Any) -> TypeGuard[Element]:
    return (
        isinstance(node, Element) and node.namespaceURI == RDF and node.localName == "Description"
    )


def _properties(description: Element) -> Iterator[Element | Attr]:
    """An XMP property is an element of a description, or an attribute of it (ISO 16684-1
    7.9.2.2).
    """
    yield from (one for one in description.childNodes if isinstance(one, Element))
    yield from description.attributes.values()


def _strip(description: Element, gone: frozenset[tuple[str, str]]) -> None:
    for one in list(_properties(description)):
        namespace, name = one.namespaceURI or "", one.localName or ""
        if (
            not _CLAIMS.match(namespace)
            and not name.startswith("GTS_PDFX")
            and (namespace, name) not in gone
        ):
            continue
        if isinstance(one, Attr):
            description.removeAttributeNode(one)
        else:
            description.removeChild(one)


def _full(name: str) -> tuple[str, str]:
    prefix, _, local = name.partition(":")
    return _NAMESPACES[prefix], local


def _description(said: dict[str, str], about: str) -> str:
    namespaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items())
    body = "".join(f"<{name}>{value}</{name}>" for name, value in said.items())
    return f'<rdf:Description rdf:about="{escape(about)}" {namespaces}>{body}</rdf:Description>'


def _packet(body: str) -> str:
    start = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
    return f'{start}{body}<?xpacket end="w"?>'


def _facts(facts: dict[str, str]) -> Iterator[tuple[str, str]]:
    """What the information dictionary says, as properties (ISO 16684-1; PDF 2.0 14.3)."""
    for name, key in (("dc:title", "title"), ("dc:description", "subject")):
        if facts.get(key):
            yield name, _alternatives(facts[key])
    if facts.get("author"):
        yield "dc:creator", f"<rdf:Seq><rdf:li>{facts['author']}</rdf:li></rdf:Seq>"
    for name, key in (
        ("pdf:Keywords", "keywords"),
        ("pdf:Producer", "producer"),
        ("xmp:CreatorTool", "creator"),
    ):
        if facts.get(key):
            yield name, facts[key]
    for name, key in (("xmp:CreateDate", "creationDate"), ("xmp:ModifyDate", "modDate")):
        if date := _iso_date(facts.get(key, "")):
            yield name, date


def _alternatives(text: str) -> str:
    return f'<rdf:Alt><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'


def _clean(text: str) -> str:
    """Text for XML, without the characters that XML 1.0 has no place for."""
    return escape("".join(one for one in text if one.isprintable() or one in "\t\n"))


def _iso_date(text: str) -> str:
    """A date of PDF as one of XMP (ISO 8601); empty for what is none."""
    found = _DATE.fullmatch(text.replace("&#x27;", "'").strip().rstrip("'"))
    if found is None:
        return ""
    numbers = [one for one in found.groups()[:6] if one]
    date = "-".join(numbers[:_DATED])
    if len(numbers) < _TIMED:
        return date
    zone = "Z" if found[7] else f"{found[8]}:{found[9] or '00'}" if found[8] else ""
    return f"{date}T{':'.join(numbers[_DATED:])}{zone}"
