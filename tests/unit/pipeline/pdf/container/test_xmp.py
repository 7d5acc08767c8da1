"""Each result says in its XMP metadata that a machine made its words; what the source's said
besides is kept.
"""

import json
import subprocess
from dataclasses import replace
from xml.etree import ElementTree as ET

import pymupdf
import pytest

from dragoman.domain.job import Layout, Options
from pipeline.pdf.container.mark import RULES, TRAINED, Mark
from pipeline.pdf.container.xmp import DC, IPTC, OWN, RDF, Told, renewed
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import join, reconstruct, set_part
from tests.pdfs import LOREM, make, retyped
from tests.servers.process import needs

RIGHTS = "http://ns.adobe.com/xap/1.0/rights/"
PDFA = "http://www.aiim.org/pdfa/ns/id/"
FERRY = "https://ferries.test/ns#"
# As a publisher's program writes it: two descriptions, properties as elements and as attributes, a
# claim, an earlier mark.
PUBLISHED = f"""<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/" x:xmptk="Publisher 3">
 <rdf:RDF xmlns:rdf="{RDF}" xmlns:ferry="{FERRY}">
  <rdf:Description rdf:about="uuid:7" xmlns:xmpRights="{RIGHTS}" xmpRights:Marked="True" ferry:Line="A &amp; B">
   <xmpRights:UsageTerms><rdf:Alt><rdf:li xml:lang="x-default">Ask &lt;us&gt;</rdf:li></rdf:Alt></xmpRights:UsageTerms>
  </rdf:Description>
  <rdf:Description rdf:about="uuid:7" xmlns:pdfaid="{PDFA}" pdfaid:part="2" xmlns:dc="{DC}" xmlns:Iptc4xmpExt="{IPTC}">
   <pdfaid:conformance>B</pdfaid:conformance>
   <dc:title><rdf:Alt><rdf:li xml:lang="x-default">About ferries</rdf:li></rdf:Alt></dc:title>
   <dc:rights><rdf:Alt><rdf:li xml:lang="x-default">Ferry Line Ltd</rdf:li></rdf:Alt></dc:rights>
   <dc:language><rdf:Bag><rdf:li>en</rdf:li></rdf:Bag></dc:language>
   <Iptc4xmpExt:DigitalSourceType>http://cv.iptc.org/newscodes/digitalsourcetype/print</Iptc4xmpExt:DigitalSourceType>
  </rdf:Description>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="w"?>"""
TOLD = Told("ÜBER FÄHREN", "en", "de", Mark("deepl"))


def described(packet):
    """The properties of a packet, each once: RDF in the form that ISO 16684-1 asks for, or this
    fails.
    """
    root = ET.fromstring(packet.removeprefix("\ufeff"))
    rdf = root if root.tag == f"{{{RDF}}}RDF" else root.find(f"{{{RDF}}}RDF")
    abouts, found = set(), {}
    for description in rdf:
        assert description.tag == f"{{{RDF}}}Description"
        abouts.add(description.get(f"{{{RDF}}}about"))
        properties = {
            name: value
            for name, value in description.attrib.items()
            if not name.startswith(f"{{{RDF}}}")
        }
        properties |= {one.tag: "".join(one.itertext()).strip() for one in description}
        assert all(name.startswith("{") for name in properties)
        assert not properties.keys() & found.keys()
        found |= properties
    assert len(abouts) == 1
    return found


def xmp_of(path):
    with pymupdf.open(path) as pdf:
        return pdf.get_xml_metadata()


def titled(packet=None):
    def draw(pdf):
        pdf.set_metadata({"title": "About ferries", "author": "A & B"})
        if packet is not None:
            pdf.set_xml_metadata(packet)

    return draw


def translated(tmp_path, source, **options):
    out = tmp_path / "out.pdf"
    document = replace(retyped(extract(source), str.upper), source_lang="en")
    reconstruct(source, document, out, options=Options("de", **options), mark=Mark("deepl"))
    return out


class TestPacket:
    def test_without_one_of_the_source_it_has_the_facts_of_the_file(self):
        found = described(
            renewed("", {"title": "About", "author": "Ann", "producer": "LaTeX"}, TOLD)
        )
        assert found[f"{{{DC}}}title"] == "ÜBER FÄHREN"
        assert found[f"{{{DC}}}creator"] == "Ann"
        assert found[f"{{{DC}}}language"] == "de"
        assert found[f"{{{IPTC}}}DigitalSourceType"] == TRAINED

    def test_what_the_source_said_is_kept_and_what_is_no_longer_true_is_not(self):
        found = described(renewed(PUBLISHED, {"author": "Ann"}, TOLD))
        assert found[f"{{{RIGHTS}}}UsageTerms"] == "Ask <us>"
        assert found[f"{{{RIGHTS}}}Marked"] == "True"
        assert found[f"{{{FERRY}}}Line"] == "A & B"
        assert found[f"{{{DC}}}rights"] == "Ferry Line Ltd"
        assert found[f"{{{DC}}}creator"] == "Ann"
        assert found[f"{{{DC}}}title"] == "ÜBER FÄHREN"
        assert found[f"{{{IPTC}}}DigitalSourceType"] == TRAINED
        assert not [name for name in found if PDFA in name]

    def test_a_title_that_nobody_translated_stays(self):
        found = described(renewed(PUBLISHED, {"title": "Working title"}, replace(TOLD, title=None)))
        assert found[f"{{{DC}}}title"] == "About ferries"

    def test_a_result_that_is_translated_again_tells_of_the_last_time(self):
        once = renewed(PUBLISHED, {}, TOLD)
        found = described(
            renewed(once, {}, Told(None, "de", "fr", Mark("apertium", trained=False)))
        )
        assert found[f"{{{IPTC}}}DigitalSourceType"] == RULES
        assert found[f"{{{OWN}}}SourceLanguage"] == "de"
        assert found[f"{{{OWN}}}Engine"] == "apertium"
        assert found[f"{{{RIGHTS}}}Marked"] == "True"

    @pytest.mark.parametrize(
        "broken",
        [
            "no packet at all",
            "<x>About ferries</x>",
            f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description',
            f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Rdf xmlns:rdf="{RDF}"/></x:xmpmeta>',
            '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><rdf:RDF>&b;</rdf:RDF>',
            f'<rdf:RDF xmlns:rdf="{RDF}">'
            + "<rdf:Description>" * 5000
            + "</rdf:Description>" * 5000
            + "</rdf:RDF>",
        ],
    )
    def test_what_is_no_packet_is_replaced_by_one(self, broken):
        found = described(renewed(broken, {}, TOLD))
        assert found[f"{{{OWN}}}MachineTranslated"] == "True"
        assert found[f"{{{DC}}}title"] == "ÜBER FÄHREN"

    def test_hostile_facts_are_text_and_no_markup(self):
        told = Told("</rdf:RDF><x>\x00\x0b]]>", 'en"/>', "de", Mark("a<b>&"))
        found = described(renewed("", {"author": "&lt;"}, told))
        assert found[f"{{{DC}}}title"] == "</rdf:RDF><x>]]>"
        assert found[f"{{{OWN}}}Engine"] == "a<b>&"
        assert found[f"{{{OWN}}}SourceLanguage"] == 'en"/>'


@pytest.mark.parametrize("packet", [None, PUBLISHED], ids=["without", "with"])
@pytest.mark.parametrize("layout", list(Layout))
def test_each_layout_is_marked(tmp_path, packet, layout):
    source = make(tmp_path / "a.pdf", LOREM, draw=titled(packet))
    found = described(xmp_of(translated(tmp_path, source, layout=layout)))
    assert found[f"{{{IPTC}}}DigitalSourceType"] == TRAINED
    assert found[f"{{{IPTC}}}AISystemUsed"] == found[f"{{{OWN}}}Engine"] == "deepl"
    assert found[f"{{{OWN}}}SourceLanguage"] == "en"
    assert found[f"{{{DC}}}title"] == "ABOUT FERRIES"
    assert (found.get(f"{{{RIGHTS}}}Marked") == "True") is (packet is not None)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin-1"])
def test_a_packet_in_another_encoding_is_kept_or_replaced(tmp_path, encoding):
    packet = PUBLISHED.replace("Ferry Line Ltd", "Fähre").replace(
        'begin=""', 'begin="\ufeff"' * (encoding != "latin-1")
    )
    packet = packet.replace("<?xpacket begin=", "<?xpacket  begin=")

    def draw(pdf):
        pdf.set_xml_metadata("later")
        pdf.update_stream(
            int(pdf.xref_get_key(pdf.pdf_catalog(), "Metadata")[1].split()[0]),
            packet.encode(encoding),
        )

    found = described(xmp_of(translated(tmp_path, make(tmp_path / "a.pdf", LOREM, draw=draw))))
    assert found[f"{{{OWN}}}Engine"] == "deepl"
    # without its mark nobody can tell that one
    if encoding.startswith("utf") and encoding != "utf-16-be":
        assert found[f"{{{DC}}}rights"] == "Fähre"


@pytest.mark.parametrize("value", ["(words)", "[1 2]", "<</Type/Metadata>>", "999 0 R", "1 0 R"])
def test_metadata_that_are_no_stream_are_replaced(tmp_path, value):
    source = make(
        tmp_path / "a.pdf",
        LOREM,
        draw=lambda pdf: pdf.xref_set_key(pdf.pdf_catalog(), "Metadata", value),
    )
    assert described(xmp_of(translated(tmp_path, source)))[f"{{{OWN}}}Engine"] == "deepl"


def test_a_document_in_parts_is_marked(tmp_path):
    source, part, out = (
        make(tmp_path / "a.pdf", LOREM, LOREM, draw=titled()),
        tmp_path / "part",
        tmp_path / "out.pdf",
    )
    document = replace(retyped(extract(source)), source_lang="en")
    set_part(source, document, part, target_lang="de")
    join(source, document, [part], out, options=Options("de"), mark=Mark("local"))
    assert described(xmp_of(out))[f"{{{OWN}}}Engine"] == "local"


@needs("exiftool", "libimage-exiftool-perl")
@needs("qpdf", "qpdf")
@pytest.mark.parametrize(
    "kind", ["plain", "encrypted", "linearized", "with object streams", "published"]
)
def test_another_program_reads_who_made_the_words(tmp_path, kind):
    plain, source = (
        make(tmp_path / "a.pdf", LOREM, draw=titled(PUBLISHED * (kind == "published"))),
        tmp_path / "b.pdf",
    )
    change = {
        "encrypted": ["--encrypt", "", "owner", "256", "--"],
        "linearized": ["--linearize"],
        "with object streams": ["--object-streams=generate"],
    }
    subprocess.run(["qpdf", plain, *change.get(kind, []), source], check=True, capture_output=True)
    out = translated(tmp_path, source)
    subprocess.run(["qpdf", "--check", out], check=True, capture_output=True)
    asked = ["exiftool", "-json", "-G1", "-validate", "-warning", "-XMP:all", out]
    found = json.loads(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)[0]
    said = {name.removeprefix("XMP-"): value for name, value in found.items()}
    assert found.get("ExifTool:Warning") is None, found
    assert said["iptcExt:DigitalSourceType"] == TRAINED
    assert said["dragoman:Engine"] == "deepl"
    assert said["dragoman:SourceLanguage"] == "en"
    assert said["dc:Title"] == "ABOUT FERRIES"
    assert said["dc:Language"] == "de"
    assert (said.get("dc:Rights") == "Ferry Line Ltd") is (kind == "published")
