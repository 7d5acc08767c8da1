"""Which actions may stay in a file: going to a place in it, and opening a web, mail or telephone
address. Nothing else.

An action is what a reader does when somebody clicks, opens or prints (ISO 32000-2 12.6). New kinds
of them are invented, and readers differ in how forgiving they are, so what may stay is listed here,
and not what must go.
"""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import quote

from pymupdf import mupdf

# Entries that hold an action: of annotations, outline items and pages (12.6.1), of the catalog, of
# navigation nodes (12.4.4.2).
HOLDERS = frozenset(["A", "PA", "NA", "OpenAction"])
AUTOMATIC = frozenset(["OpenAction", "NA"])  # obeyed without a click: only to a place in the file
# All types of ISO 32000-2 table 201, and those that older readers know.
TYPES = frozenset(
    [
        "GoTo", "GoToR", "GoToE", "GoToDp", "GoTo3DView", "Launch", "Thread", "URI", "Sound", "Movie", "Hide", "Named",  # noqa: E501
        "SubmitForm", "ResetForm", "ImportData", "JavaScript", "SetOCGState", "Rendition", "Trans", "RichMediaExecute",  # noqa: E501
        "SetState", "NOP", "NoOp",
    ]
)  # fmt: skip
SCHEMES = frozenset(["http", "https", "mailto", "tel"])
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")  # RFC 3986 3.1
_WWW = re.compile(r"www\.[A-Za-z0-9-]+\.", re.IGNORECASE)
# Everything that may stand in an address as it is; the rest is written as %XX of its UTF-8 (RFC
# 3986 2.1, RFC 3987 3.1).
_AS_IT_IS = "%/:?#[]@!$&'()*+,;=~-._"
# The entries of an action that may stay, by its type. `Next` is not among them: nobody sees where
# the second action leads.
_ENTRIES = {
    "GoTo": frozenset(["Type", "S", "D", "SD"]),
    "URI": frozenset(["Type", "S", "URI", "IsMap"]),
}


def is_action(thing: mupdf.PdfObj) -> bool:
    """Whether a dictionary is an action, wherever it stands.

    An element of the structure (14.7.2) may be called as one.
    """
    if not mupdf.pdf_is_dict(thing):
        return False
    if name_of(thing, "Type") == "Action":
        return True
    has_parent = mupdf.pdf_is_dict(mupdf.pdf_dict_gets(thing, "P"))
    return name_of(thing, "S") in TYPES and not (has_parent and _is_element(thing))


def is_held_action(value: mupdf.PdfObj) -> bool:
    """Whether the value of a holder's entry would be obeyed: a dictionary with a type, or a list
    with one in it.

    Attributes of the structure (14.7.6) stand under `A` too, alone or in a list; they name their
    owner, and no type.
    """
    if mupdf.pdf_is_array(value):
        members = (mupdf.pdf_array_get(value, place) for place in range(mupdf.pdf_array_len(value)))
        return any(name_of(member, "S") for member in members)
    if not mupdf.pdf_is_dict(value):
        return False
    return bool(name_of(value, "S")) or not name_of(value, "O")


def is_harmless(action: mupdf.PdfObj) -> bool:
    """Whether the action may stay exactly as it is."""
    kind = name_of(action, "S")
    allowed = _ENTRIES.get(kind)
    if allowed is None or not _keys(action) <= allowed:
        return False
    if kind == "GoTo":
        return _is_destination(action)
    address = text_of(action, "URI")
    return bool(address) and address == harmless_address(address)


def harmless_part(document: mupdf.PdfDocument, action: mupdf.PdfObj) -> mupdf.PdfObj | None:
    """A new action with what may stay of `action`; None where nothing may."""
    kind = name_of(action, "S")
    if kind == "GoTo" and _is_destination(action):
        kept = mupdf.pdf_new_dict(document, 3)
        for key in ("D", "SD"):
            destination = mupdf.pdf_dict_gets(action, key)
            if destination.m_internal:
                mupdf.pdf_dict_puts(kept, key, destination)
    elif kind == "URI" and (address := harmless_address(text_of(action, "URI"))):
        kept = mupdf.pdf_new_dict(document, 2)
        mupdf.pdf_dict_puts(kept, "URI", mupdf.pdf_new_string(address, len(address)))
    else:
        return None
    mupdf.pdf_dict_puts(kept, "S", mupdf.pdf_new_name(kind))
    return kept


def harmless_address(address: str) -> str | None:
    """The address as any reader understands it, in ASCII; None unless it leads to the web, a
    mailbox or a telephone.

    Readers and browsers pass over control characters, so `java<line feed>script:` is a script: they
    go before anything is compared. `www.example.org` is what people write for
    `http://www.example.org`, and readers open it so.
    """
    visible = "".join(one for one in address if unicodedata.category(one)[0] != "C").strip()
    if _WWW.match(visible):
        visible = f"http://{visible}"
    scheme = _SCHEME.match(visible)
    if scheme is None or scheme[1].lower() not in SCHEMES:
        return None
    return quote(visible, safe=_AS_IT_IS)


def name_of(thing: mupdf.PdfObj, key: str) -> str:
    """The name under `key` of a dictionary; "" for none."""
    value = mupdf.pdf_dict_gets(thing, key) if mupdf.pdf_is_dict(thing) else None
    return str(mupdf.pdf_to_name(value)) if value is not None and value.m_internal else ""


def text_of(thing: mupdf.PdfObj, key: str) -> str:
    """The text string under `key` of a dictionary, decoded (7.9.2.2); "" for none."""
    value = mupdf.pdf_dict_gets(thing, key)
    return str(mupdf.pdf_to_text_string(value)) if value.m_internal else ""


def _is_element(thing: mupdf.PdfObj) -> bool:
    """Whether an element of the structure: it has its content or nothing beside what all
    elements may have.
    """
    own = frozenset(
        [
            "Type",
            "S",
            "P",
            "ID",
            "Ref",
            "Pg",
            "K",
            "A",
            "C",
            "R",
            "T",
            "Lang",
            "Alt",
            "E",
            "ActualText",
        ]
    )
    later = frozenset(["NS", "PhoneticAlphabet", "Phoneme", "AF"])  # PDF 2.0
    return _keys(thing) <= own | later


def _is_destination(action: mupdf.PdfObj) -> bool:
    """Whether `D` and `SD` name a place in this file (12.3.2): by name, or a list of plain
    values and references.
    """
    found = [mupdf.pdf_dict_gets(action, key) for key in ("D", "SD")]
    there = [one for one in found if one.m_internal]
    return bool(there) and all(_is_place(one) for one in there)


def _is_place(value: mupdf.PdfObj) -> bool:
    if mupdf.pdf_is_name(value) or mupdf.pdf_is_string(value):
        return True
    if not mupdf.pdf_is_array(value):
        return False
    members = [mupdf.pdf_array_get(value, place) for place in range(mupdf.pdf_array_len(value))]
    return all(mupdf.pdf_is_indirect(one) or not _is_container(one) for one in members)


def _is_container(thing: mupdf.PdfObj) -> bool:
    return bool(mupdf.pdf_is_dict(thing) or mupdf.pdf_is_array(thing))


def _keys(thing: mupdf.PdfObj) -> set[str]:
    count = mupdf.pdf_dict_len(thing)
    return {str(mupdf.pdf_to_name(mupdf.pdf_dict_get_key(thing, place))) for place in range(count)}
