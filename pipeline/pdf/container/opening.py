"""A PDF file opened, or the plain reason why it cannot be.

MuPDF's exceptions and its chatter on stderr end here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pymupdf

from dragoman.domain.file_kinds import HEADER_WITHIN, is_pdf, what_is
from dragoman.domain.os_errors import DiskFull, named
from dragoman.errors import DamagedPdf, EmptyFile, EncryptedPdf, NotAPdf, WrongPassword

# fitz/memory.c: fz_malloc, fz_calloc, fz_realloc
_NO_MEMORY = re.compile(r"\b(?:m|c|re)alloc\b.*failed")


def quiet() -> None:
    """Keep MuPDF from writing to stderr: what matters arrives as an exception or as a warning
    of ours.
    """
    pymupdf.TOOLS.mupdf_display_errors(False)
    pymupdf.TOOLS.mupdf_display_warnings(False)


@contextmanager
def damage_named() -> Iterator[None]:
    """Raises DamagedPdf for what MuPDF raises inside: RuntimeError or ValueError in its wrapper,
    for broken objects.

    Raises MemoryError where MuPDF was refused memory, DiskFull where it could not write.
    """
    try:
        yield
    except RecursionError:
        raise
    except (pymupdf.mupdf.FzErrorBase, RuntimeError, ValueError, TypeError, IndexError) as error:
        if _NO_MEMORY.search(str(error)):
            raise MemoryError from error
        if isinstance(known := named(error), DiskFull):
            raise known from error
        raise DamagedPdf(detail=f"{type(error).__name__}: {error}") from error


@contextmanager
def opened(source: Path, password: str | None = None) -> Iterator[pymupdf.Document]:
    """The open document, closed at the end.

    Raises EmptyFile, NotAPdf, DamagedPdf, EncryptedPdf (no password was given) or WrongPassword.
    """
    quiet()
    _check_header(source)
    with damage_named():
        pdf = pymupdf.open(source, filetype="pdf")
    try:
        _unlock(pdf, password)
        with damage_named():
            if not pdf.is_pdf or pdf.page_count == 0:
                raise DamagedPdf
            pdf.load_page(0)
        yield pdf
    finally:
        pdf.close()


def unlock(source: Path, out: Path, password: str) -> None:
    """Write `source` to `out` without its password. Raises as `opened`."""
    with opened(source, password) as pdf, damage_named():
        pdf.save(out, encryption=pymupdf.mupdf.PDF_ENCRYPT_NONE)


def _check_header(source: Path) -> None:
    with source.open("rb") as file:
        start = file.read(HEADER_WITHIN)
    if not start:
        raise EmptyFile
    if not is_pdf(start):
        raise NotAPdf(what_is(start))


def _unlock(pdf: pymupdf.Document, password: str | None) -> None:
    if not pdf.needs_pass:
        return
    if not password:
        raise EncryptedPdf
    if not pdf.authenticate(password):
        raise WrongPassword
