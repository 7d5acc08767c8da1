"""What a file says outside its pages: outline, title, language and the metadata that repeat them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

import pymupdf

from dragoman.domain.document import Document

# PDF's dates (ISO 32000-1 7.9.4): D:YYYYMMDDHHmmSS and a time zone, cut short anywhere after the year.
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?")
_DATED, _TIMED = 3, 5  # numbers that make a date, and a time of it


def label(pdf: pymupdf.Document, document: Document, target_lang: str) -> None:
    """Set the translated labels and the document's language, and renew its XMP metadata; nothing else of these changes."""
    outline = pdf.get_outline_xrefs()
    for one in document.labels:
        if one.target is None:
            continue
        name, _, place = one.key.partition(".")
        if name == "title":
            _set_title(pdf, one.target)
        elif int(place) < len(outline):
            pdf.xref_set_key(outline[int(place)], "Title", pymupdf.get_pdf_str(one.target))
    catalog = pdf.pdf_catalog()
    pdf.xref_set_key(catalog, "Lang", pymupdf.get_pdf_str(target_lang))
    if pdf.xref_get_key(catalog, "Metadata")[0] != "null":
        facts = {**(pdf.metadata or {})}
        facts["title"] = next((one.target for one in document.labels if one.key == "title"), None) or facts.get("title")
        pdf.set_xml_metadata(_xmp(facts, target_lang))


def _set_title(pdf: pymupdf.Document, title: str) -> None:
    kind, value = pdf.xref_get_key(-1, "Info")
    if kind == "xref":
        pdf.xref_set_key(int(value.split()[0]), "Title", pymupdf.get_pdf_str(title))
    else:
        pdf.set_metadata({"title": title})


def _xmp(facts: dict[str, str | None], lang: str) -> str:
    """A packet that says what the file says now (ISO 16684-1). The old one claimed standards (PDF/A, PDF/UA) of the old file."""
    body = "".join(_properties({key: _clean(value) for key, value in facts.items() if value}, lang))
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about=""'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"'
        f' xmlns:xmp="http://ns.adobe.com/xap/1.0/">{body}</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    )


def _properties(facts: dict[str, str], lang: str) -> Iterator[str]:
    yield f"<dc:language><rdf:Bag><rdf:li>{escape(lang)}</rdf:li></rdf:Bag></dc:language>"
    for name, key in (("dc:title", "title"), ("dc:description", "subject")):
        if facts.get(key):
            yield f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{facts[key]}</rdf:li></rdf:Alt></{name}>'
    if facts.get("author"):
        yield f"<dc:creator><rdf:Seq><rdf:li>{facts['author']}</rdf:li></rdf:Seq></dc:creator>"
    for name, key in (("pdf:Keywords", "keywords"), ("pdf:Producer", "producer"), ("xmp:CreatorTool", "creator")):
        if facts.get(key):
            yield f"<{name}>{facts[key]}</{name}>"
    for name, key in (("xmp:CreateDate", "creationDate"), ("xmp:ModifyDate", "modDate")):
        date = _iso_date(facts.get(key, ""))
        if date:
            yield f"<{name}>{date}</{name}>"


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
