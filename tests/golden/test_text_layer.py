"""What readers get who copy and search in a translation: words as poppler extracts them, not
the library that wrote them.
"""

import subprocess

import pymupdf
import pytest

from dragoman.domain.document import Run, with_targets
from dragoman.domain.job import Options
from pipeline.stages.extract import extract
from pipeline.stages.reconstruct import reconstruct
from tests.pdfs import LOREM, make
from tests.servers.process import needs

pytestmark = needs("pdftotext", "poppler-utils")

TEXTS = {
    "ar": "هذا المستند مترجم إلى العربية مع الحفاظ على تخطيط الصفحة والسلام عليكم PDF 2024 كتاب",
    "he": "מסמך זה תורגם לעברית תוך שמירה על פריסת העמוד PDF 2024 שלום",
    "hi": "यह दस्तावेज़ हिन्दी में अनुवादित है और पृष्ठ की रूपरेखा बनाए रखता है।",
    "th": "เอกสารนี้แปลเป็นภาษาไทยโดยคงรูปแบบหน้ากระดาษไว้น้ำใจผู้ที่รัก",
    "ja": "この文書は日本語に翻訳され、ページのレイアウトは維持されます。「直接」",
    "ko": "이 문서는 한국어로 번역되었습니다.",
    "zh-Hans": "本文件已翻译成中文，页面布局保持不变。",
    "fa": "این سند به فارسی ترجمه شده است و می\u200cتواند جست\u200cوجو شود",
    "ur": "یہ دستاویز اردو میں ترجمہ کی گئی ہے",
    "bn": "এই নথিটি বাংলায় অনুবাদ করা হয়েছে",
    "ta": "இந்த ஆவணம் தமிழில் மொழிபெயர்க்கப்பட்டது",
    "ml": "ഈ പ്രമാണം മലയാളത്തിലേക്ക് വിവർത്തനം ചെയ്തു",
    "my": "ဤစာရွက်စာတမ်းကိုမြန်မာဘာသာသို့ပြန်ဆိုထားသည်",
    "km": "ឯកសារនេះត្រូវបានបកប្រែជាភាសាខ្មែរ",
    "am": "ይህ ሰነድ ወደ አማርኛ ተተርጉሟል",
    "ka": "ეს დოკუმენტი ქართულად ითარგმნა",
    "ru": "Этот документ переведён на русский язык",
    "vi": "Tài liệu này được dịch sang tiếng Việt",
    "de": "Dieses Dokument wurde übersetzt: fünf Größen",
}
UNSPACED = {"th", "ja", "zh-Hans", "my", "km"}
# They stand where the direction changes, between words.
MARKS_OF_DIRECTION = dict.fromkeys(
    map(ord, "\u200e\u200f\u202a\u202b\u202c\u2066\u2067\u2069"), " "
)


def extracted(path):
    command = ["pdftotext", "-enc", "UTF-8", str(path), "-"]
    found = subprocess.run(command, capture_output=True, check=True, text=True).stdout.translate(
        MARKS_OF_DIRECTION
    )
    return found.replace("-\n", "").split()


def translated(tmp_path, lang, text, fontname="hebo"):
    def heading(pdf):
        pdf[0].insert_text((72, 500), "A heading in bold letters", fontname=fontname, fontsize=16)

    source, out = make(tmp_path / "source.pdf", LOREM, draw=heading), tmp_path / "out.pdf"
    document = extract(source)
    targets = {block.id: (Run(text, block.source[0].style),) for block in document.blocks()}
    warnings = reconstruct(source, with_targets(document, targets, {}), out, options=Options(lang))
    return out, warnings


@pytest.mark.parametrize("fontname", ["hebo", "tiit"])
@pytest.mark.parametrize("lang", TEXTS)
def test_every_word_can_be_copied_and_found(tmp_path, lang, fontname):
    out, warnings = translated(tmp_path, lang, TEXTS[lang], fontname)
    words = extracted(out)
    assert warnings == ()
    if lang in UNSPACED:
        assert "".join(words).count(TEXTS[lang]) == 2
    else:
        assert sorted(words) == sorted(2 * TEXTS[lang].split())


@pytest.mark.parametrize("lang", ["ar", "he", "hi", "th", "ja"])
def test_what_was_italic_is_aslant_where_the_script_has_no_italics(tmp_path, lang):
    pictures = []
    for fontname in ("tiro", "tiit"):
        out, _ = translated(tmp_path, lang, TEXTS[lang][:12], fontname)
        with pymupdf.open(out) as pdf:
            pictures.append(pdf[0].get_pixmap(clip=(0, 450, 595, 550)).samples)
    assert pictures[0] != pictures[1]


def test_a_word_that_was_hyphenated_is_found_whole(tmp_path):
    word = "Entschuldigungen"
    out, _ = translated(tmp_path, "de", " ".join(["und", *30 * [word]]))
    with pymupdf.open(out) as pdf:
        assert "-\n" in pdf[0].get_text()
        assert pdf[0].get_text(flags=pymupdf.TEXT_DEHYPHENATE).count(word) == 60
        (broken,) = {
            line.split()[-1] for line in pdf[0].get_text().splitlines() if line.endswith("-")
        }
        first = next(one for one in pdf[0].get_text("words") if one[4] == broken)
        assert any(
            rect.intersects(first[:4])
            for rect in pdf[0].search_for(word, flags=pymupdf.TEXT_DEHYPHENATE)
        )
    assert extracted(out).count(word) == 60


def test_the_file_holds_the_glyphs_that_it_uses_and_not_whole_typefaces(tmp_path):
    out, _ = translated(tmp_path, "zh-Hans", TEXTS["zh-Hans"])
    assert out.stat().st_size < 60_000


def test_chinese_and_japanese_forms_of_a_character_differ(tmp_path):
    pictures = []
    for lang in ("ja", "zh-Hans"):
        out, _ = translated(tmp_path, lang, "直骨")
        with pymupdf.open(out) as pdf:
            pictures.append(pdf[0].get_pixmap().samples)
    assert pictures[0] != pictures[1]
