"""Own sample pages, one of each class that people send: what golden tests translate and the
benchmark shows pictures of.
"""

from __future__ import annotations

import io

import pymupdf

from tests.pdfs import LOREM

ARABIC = (
    "تغادر العبارة الميناء كل صباح في الساعة السابعة وتعود في المساء. يجلس الركاب على سطح السفينة"
    " ويشربون الشاي."
)
CHINESE = (
    "渡轮每天早上七点离开港口,晚上回来。乘客坐在甲板上喝茶,看着岛屿。"
    "风大的时候,渡轮留在港口,乘客等待。"
)
JAPANESE = (
    "フェリーは毎朝七時に港を出て、夕方に戻ります。乗客はデッキに座り、"
    "お茶を飲みながら島々を眺めます。"
)


def columns(pdf):
    page = pdf[0]
    for x in (72, 310):
        page.insert_textbox(
            (x, 200, x + 213, 700), f"{LOREM} {LOREM}", fontsize=10, fontname="tiro", align=3
        )
    page.draw_line((297, 200), (297, 600))


def table(pdf):
    page = pdf[0]
    page.draw_rect((72, 200, 432, 224), fill=(0.85, 0.9, 0.95))
    for row in range(4):
        for column in range(3):
            page.insert_text(
                (80 + 120 * column, 216 + 24 * row),
                f"Cell {'abc'[column]} {'wxyz'[row]}",
                fontsize=9,
            )
    for edge in range(5):
        page.draw_line((72, 200 + 24 * edge), (432, 200 + 24 * edge))
    for edge in range(4):
        page.draw_line((72 + 120 * edge, 200), (72 + 120 * edge, 296))


def form(pdf):
    page = pdf[0]
    for number, label in enumerate(("First name", "Last name")):
        page.insert_text((72, 200 + 30 * number), label)
        widget = pymupdf.Widget()
        widget.field_name, widget.field_type = label, pymupdf.PDF_WIDGET_TYPE_TEXT
        widget.rect, widget.field_value = (
            pymupdf.Rect(160, 188 + 30 * number, 320, 206 + 30 * number),
            "Alice",
        )
        page.add_widget(widget)


def picture(pdf):
    page = pdf[0]
    pixels = pymupdf.Pixmap(pymupdf.csRGB, pymupdf.IRect(0, 0, 40, 40))
    pixels.clear_with(0x80)
    page.insert_image((100, 200, 300, 400), pixmap=pixels)
    page.insert_text((120, 300), "Words over a picture", color=(1, 1, 1))


def slide(pdf):
    page = pdf[0]
    page.draw_rect((0, 200, 595, 320), fill=(0.1, 0.2, 0.4), color=None)
    page.insert_text((72, 260), "White words on a dark band", fontsize=24, color=(1, 1, 1))


def turned(pdf):
    pdf[0].insert_textbox((400, 200, 500, 600), LOREM, rotate=90)
    pdf[0].insert_textbox((200, 200, 300, 600), LOREM, rotate=270)


def links(pdf):
    page = pdf[0]
    page.insert_link(
        {
            "kind": pymupdf.LINK_URI,
            "from": pymupdf.Rect(72, 72, 200, 90),
            "uri": "https://example.org/a",
        }
    )
    page.insert_link(
        {"kind": pymupdf.LINK_GOTO, "from": pymupdf.Rect(72, 100, 200, 120), "page": 0}
    )
    page.add_text_annot((300, 300), "A comment")


def dense_table(pdf):
    page = pdf[0]
    for row in range(18):
        for column in range(6):
            words = (
                f"Ferry {column}"
                if row == 0
                else f"{row * 17 + column * 3}.{column}"
                if column
                else f"Island {row}"
            )
            page.insert_text((76 + 78 * column, 208 + 12 * row), words, fontsize=7)
        page.draw_line((72, 212 + 12 * row), (540, 212 + 12 * row), width=0.3)


def uneven_table(pdf):
    """A column of names, four of figures, none as wide as another."""
    page, edges = pdf[0], (72, 180, 250, 300, 380, 440)
    for row in range(5):
        for column, x in enumerate(edges[:-1]):
            words = (
                f"Ferry {'abcde'[column]}"
                if row == 0
                else f"{row}{column}.{row}"
                if column
                else f"Island {'wxyz'[row - 1]}"
            )
            page.insert_text((x + 4, 216 + 24 * row), words, fontsize=9)
    for edge in range(6):
        page.draw_line((edges[0], 200 + 24 * edge), (edges[-1], 200 + 24 * edge))
        page.draw_line((edges[edge], 200), (edges[edge], 320))


def bullets(pdf):
    page = pdf[0]
    for number, words in enumerate(
        ("Ferries in the morning", "Ferries in the evening", "Tickets and prices")
    ):
        page.insert_text((72, 200 + 40 * number), "•", fontsize=16)
        page.insert_text((96, 200 + 40 * number), words, fontsize=16, fontname="hebo")


def formulas(pdf):
    page = pdf[0]
    page.insert_text((72, 200), "The speed of the ferry grows with", fontsize=11, fontname="tiro")
    page.insert_text((250, 240), "α + β = ∑ γ", fontsize=12, fontname="symb", set_simple=True)
    page.insert_text(
        (72, 280), "where the wind is strong and the sea is high.", fontsize=11, fontname="tiro"
    )


def inline_formulas(pdf):
    page = pdf[0]
    for row, (before, formula, after) in enumerate(
        (
            ("The speed of the ferry grows with", "a + b", "as long as the wind is strong, and"),
            ("it falls with", "g", "where the sea is high. Then the passengers wait."),
        )
    ):
        x = 72.0
        for words, face in ((before, "tiro"), (formula, "symb"), (after, "tiro")):
            page.insert_text(
                (x, 200 + 14 * row), words, fontsize=11, fontname=face, set_simple=face == "symb"
            )
            x += pymupdf.get_text_length(words, face, 11) + 2.75  # a blank of the text


def arabic(pdf):
    pdf[0].insert_htmlbox((72, 200, 523, 320), f'<p dir="rtl" style="font-size:14pt">{ARABIC}</p>')
    pdf.subset_fonts()


def chinese(pdf):
    pdf[0].insert_textbox((72, 200, 523, 320), CHINESE, fontname="china-s", fontsize=12)


def japanese(pdf):
    pdf[0].insert_textbox((72, 200, 523, 320), JAPANESE, fontname="japan", fontsize=12)


def scan(pdf):
    """The page before becomes a picture of itself."""
    pixels = pdf[0].get_pixmap(dpi=150, colorspace=pymupdf.csGRAY)
    page = pdf.new_page()
    page.insert_image(page.rect, stream=io.BytesIO(pixels.tobytes("png")))
    pdf.delete_page(0)


PAGES = {
    draw.__name__: draw
    for draw in (
        columns, table, uneven_table, dense_table, form, picture, slide, bullets, turned, links, formulas, inline_formulas, arabic,
        chinese, japanese,
    )
}  # fmt: skip
"""Name of the class -> what draws it on a page that has a paragraph at its top."""
