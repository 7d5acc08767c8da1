"""The tags of a translated file lead to the translated words; poppler, which did not write
them, reads them back.
"""

import subprocess

import pymupdf

from dragoman.domain.job import Layout, Options
from pipeline.stages.extract import extract, extract_part
from pipeline.stages.reconstruct import join, reconstruct, set_part
from tests.pdfs import make, retyped
from tests.servers.process import needs

pytestmark = needs("pdfinfo", "poppler-utils")
# A heading, a paragraph with a link inside, and a page number that belongs to no element.
CONTENT = b"""/H1 <</MCID 0>> BDC BT /helv 18 Tf 72 700 Td (The ferry) Tj ET EMC
/P <</MCID 1>> BDC BT /helv 11 Tf 72 660 Td (It leaves the harbour every ) Tj ET EMC
/Link <</MCID 2>> BDC BT /helv 11 Tf 212 660 Td (early morning) Tj ET EMC
/Artifact BMC BT /helv 11 Tf 300 40 Td (Page one) Tj ET EMC"""


def tagged(pdf):
    def add(text):
        number = pdf.get_new_xref()
        pdf.update_object(number, text)
        return number

    page, root, document, heading, paragraph, link, parents = (
        pdf.page_xref(0), *(add("<<>>") for _ in range(6)))  # fmt: skip
    kids = {
        document: f"/S/Document/P {root} 0 R/K[{heading} 0 R {paragraph} 0 R]",
        heading: f"/S/H1/P {document} 0 R/Pg {page} 0 R/K 0/ActualText(The ferry)/Lang(en)",
        paragraph: f"/S/P/P {document} 0 R/Pg {page} 0 R/K[1 {link} 0 R]",
        link: f"/S/Link/P {paragraph} 0 R/Pg {page} 0 R/K[2]",
    }
    for number, entries in kids.items():
        pdf.update_object(number, f"<</Type/StructElem{entries}>>")
    pdf.update_object(
        root,
        f"<</Type/StructTreeRoot/K {document} 0 R/ParentTree {parents} 0 R/ParentTreeNextKey 1>>",
    )
    pdf.update_object(parents, f"<</Nums[0[{heading} 0 R {paragraph} 0 R {link} 0 R]]>>")
    pdf.xref_set_key(page, "StructParents", "0")
    pdf.xref_set_key(pdf.pdf_catalog(), "StructTreeRoot", f"{root} 0 R")
    pdf.xref_set_key(pdf.pdf_catalog(), "MarkInfo", "<</Marked true>>")
    pdf.update_stream(pdf[0].get_contents()[-1], CONTENT)


def source_of(tmp_path):
    def draw(pdf):
        pdf[0].insert_text((72, 72), "x")  # brings the font and a stream, which is written anew
        tagged(pdf)

    return make(tmp_path / "tagged.pdf", "", draw=draw)


def elements(path):
    """What poppler reads: the elements of the tree and their words."""
    command = ["pdfinfo", "-struct-text", str(path)]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.strip() for line in lines if line.strip() not in {"", '""'}]


def test_the_words_of_elements_are_translated(tmp_path):
    source, out = source_of(tmp_path), tmp_path / "out.pdf"
    assert elements(source)[:3] == ["Document", "H1 (block)", '"The ferry"']
    reconstruct(source, retyped(extract(source), str.upper), out, options=Options("de"))
    assert elements(out) == [
        "Document",
        "H1 (block)",
        '"THE FERRY"',
        "P (block)",
        "Link (inline)",
        '"IT LEAVES THE HARBOUR EVERY EARLY MORNING"',
    ]


def test_words_that_belonged_to_no_element_are_artifacts(tmp_path):
    source, out = source_of(tmp_path), tmp_path / "out.pdf"
    reconstruct(source, retyped(extract(source), str.upper), out, options=Options("de"))
    with pymupdf.open(out) as pdf:
        # the old place, empty now, and the new one
        assert pdf[0].read_contents().count(b"/Artifact BMC") == 2
        assert "PAGE ONE" in pdf[0].get_text()


def test_elements_say_their_language_and_no_old_words(tmp_path):
    source, out = source_of(tmp_path), tmp_path / "out.pdf"
    reconstruct(source, retyped(extract(source), str.upper), out, options=Options("de"))
    with pymupdf.open(out) as pdf:
        objects = [
            pdf.xref_object(number, compressed=True) for number in range(1, pdf.xref_length())
        ]
    heading = next(text for text in objects if "/S/H1" in text)
    assert "/Lang(de)" in heading
    assert "ActualText" not in heading


def test_parts_hand_their_tags_on(tmp_path):
    source, part, out = source_of(tmp_path), tmp_path / "part", tmp_path / "out.pdf"
    document = retyped(extract_part(source, [0]), str.upper)
    set_part(source, document, part, target_lang="de")
    join(source, document, [part], out, options=Options("de"))
    assert '"THE FERRY"' in elements(out)


def test_pages_that_are_not_translated_keep_their_tags(tmp_path):
    source, out = source_of(tmp_path), tmp_path / "out.pdf"
    reconstruct(source, extract(source), out, options=Options("de", layout=Layout.TRANSLATED))
    assert elements(out) == elements(source)
