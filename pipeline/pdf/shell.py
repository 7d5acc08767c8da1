"""What a file says outside its pages: outline, title, language and the metadata that repeat them, hints of fields, descriptions of figures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape

import pymupdf
from pymupdf import mupdf

from dragoman.domain.document import Document, Label

# PDF's dates (ISO 32000-1 7.9.4): D:YYYYMMDDHHmmSS and a time zone, cut short anywhere after the year.
_DATE = re.compile(r"(?:D:)?(\d{4})(\d\d)?(\d\d)?(\d\d)?(\d\d)?(\d\d)?(?:(Z)|([+-]\d\d)'?(\d\d)?)?")
# Kind of label -> the tree in the catalog, the key of its kids, and what they say: ISO 32000-1 tables 220 and 323.
_TREES = {"field": ("AcroForm/Fields", "Kids", "TU"), "figure": ("StructTreeRoot", "K", "Alt")}
MOST_OBJECTS = 50_000
_DATED, _TIMED = 3, 5  # numbers that make a date, and a time of it


def labels_of(pdf: pymupdf.Document) -> tuple[Label, ...]:
    """The texts outside the pages, in the source's words; those without any left out."""
    title = (pdf.metadata or {}).get("title") or ""
    entries = [("title", title)]
    entries += [(f"outline.{place}", entry[1]) for place, entry in enumerate(pdf.get_toc(simple=True))]
    for kind, (tree, kids, key) in _TREES.items():
        entries += [(f"{kind}.{number}", text) for number, text in _said(pdf, tree, kids, key)]
    return tuple(Label(name, text.strip()) for name, text in entries if text.strip())


def _said(pdf: pymupdf.Document, tree: str, kids: str, key: str) -> Iterator[tuple[int, str]]:
    """The objects of a tree that say something under `key`, and what. Circles and what is absurdly large end."""
    if pdf.xref_get_key(pdf.pdf_catalog(), tree)[0] not in {"xref", "dict", "array"}:
        return
    document = pymupdf._as_pdf_document(pdf)  # noqa: SLF001  # PyMuPDF has no other way to its mupdf.PdfDocument
    open_ends, seen = [mupdf.pdf_dict_getp(mupdf.pdf_load_object(document, pdf.pdf_catalog()), tree)], set[int]()
    while open_ends and len(seen) < MOST_OBJECTS:
        thing = open_ends.pop()
        number = mupdf.pdf_to_num(thing)
        if number in seen:
            continue
        seen |= {number} - {0}
        text = mupdf.pdf_dict_gets(thing, key) if mupdf.pdf_is_dict(thing) else thing
        if number and mupdf.pdf_is_string(text):
            yield number, mupdf.pdf_to_text_string(text)
        open_ends += reversed([*_members(thing, kids)])


def _members(thing: mupdf.PdfObj, kids: str) -> Iterator[mupdf.PdfObj]:
    held = thing if mupdf.pdf_is_array(thing) else mupdf.pdf_dict_gets(thing, kids)
    if mupdf.pdf_is_array(held):
        found: Iterable[mupdf.PdfObj] = (mupdf.pdf_array_get(held, place) for place in range(mupdf.pdf_array_len(held)))
        yield from (one for one in found if mupdf.pdf_is_dict(one) or mupdf.pdf_is_array(one))
    elif mupdf.pdf_is_dict(held):
        yield held


def label(pdf: pymupdf.Document, document: Document, target_lang: str) -> None:
    """Set the translated labels and the document's language, and renew its XMP metadata; nothing else of these changes."""
    outline = pdf.get_outline_xrefs()
    for one in document.labels:
        if one.target is None:
            continue
        name, _, place = one.key.partition(".")
        if name == "title":
            _set_title(pdf, one.target)
        elif name in _TREES:
            pdf.xref_set_key(int(place), _TREES[name][2], pymupdf.get_pdf_str(one.target))
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
