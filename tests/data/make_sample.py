"""Makes `dragoman/sample.pdf`, the two pages that the demo mails: `python
tests/data/make_sample.py`.

Own text and drawings (CC0-1.0). It has what people's documents have: headings, a table, a link, a
picture, two columns, an outline. Its sentences are short and plain.
"""

from __future__ import annotations

from pathlib import Path

import pymupdf

OUT = Path(__file__).parents[2] / "dragoman" / "sample.pdf"
WIDTH, HEIGHT, MARGIN = 595, 842, 56  # A4, points
INK, BLUE, SAND, GREY = (0.13, 0.15, 0.2), (0.07, 0.3, 0.5), (0.96, 0.93, 0.86), (0.45, 0.48, 0.52)
FACES = {"sans": "helv", "bold": "hebo", "serif": "tiro", "italic": "tiit", "strong": "tibo"}
SITE = "https://example.org/lighthouse"

INTRO = (
    "The old lighthouse of Port Amber is one hundred and fifty years old. For many years it showed"
    " the way to the ships. Today it is a museum, and twenty thousand people come every year. From"
    " the top you can see the harbour, the islands and the open sea."
)
STAIRS = (
    "The tower has two hundred and twelve steps. Children under six years cannot climb alone."
    " Visitors need strong shoes, because the steps are wet after rain. There is a lift to the"
    " second floor, where the library and the small cafe are."
)
TABLE = [
    ("Season", "Days", "Hours", "Ticket"),
    ("In spring", "Tuesday to Sunday", "10:00 – 17:00", "6.00 €"),
    ("In summer", "Every day", "9:00 – 20:00", "8.00 €"),
    ("In autumn", "Tuesday to Sunday", "10:00 – 17:00", "6.00 €"),
    ("In winter", "Saturday and Sunday", "11:00 – 15:00", "4.50 €"),
]
COLUMNS = [
    (
        "The light",
        (
            "The first lamp used oil. A man cleaned the glass every morning and filled the lamp"
            " every night. In 1911 the lamp became electric. The new light was strong: ships could"
            " see it from a distance of thirty kilometres."
        ),
    ),
    (
        "The guardians",
        (
            "Five families lived in the house beside the tower. They had a garden, two cows and a"
            " small boat. In winter the sea was often too high for the boat, and the families were"
            " alone for many weeks. Their letters and photographs are in the library."
        ),
    ),
    (
        "The great storm",
        (
            "In November 1923 a storm destroyed the harbour. The guardian and his daughter saved"
            " eleven sailors with a rope. The town gave them a silver clock, which you can see on"
            " the first floor. Today it is in our library."
        ),
    ),
    (
        "The museum",
        (
            "The last guardian left the house in 1984. The town bought the tower, repaired the roof"
            " and opened the museum four years later. The rooms show tools, maps and clothes. On"
            " the third floor you can hear the voices of the guardians."
        ),
    ),
    (
        "How to find us",
        (
            "The bus number 7 stops at the harbour every twenty minutes. From there it is a walk of"
            " ten minutes along the water. There is also a place for bicycles. The path is not easy"
            " for wheelchairs: we can help you."
        ),
    ),
    (
        "Before you come",
        (
            "Groups of more than ten people need a reservation. Dogs can stay in the garden. You"
            " can take photographs, but not with a flash. The museum is closed when the wind is"
            " very strong."
        ),
    ),
]


def main() -> None:
    """Write the sample."""
    document = pymupdf.open()
    for draw in (brochure, story):
        page = document.new_page(width=WIDTH, height=HEIGHT)
        for name, face in FACES.items():
            page.insert_font(fontname=name, fontbuffer=pymupdf.Font(face).buffer)
        draw(page)
    document.set_toc(
        [
            [1, "The Lighthouse of Port Amber", 1],
            [2, "Opening times", 1],
            [1, "The history of the tower", 2],
        ]
    )
    document.set_metadata(
        {"title": "The Lighthouse of Port Amber", "author": "Port Amber Museum (invented)"}
    )
    document.set_language("en")
    document.subset_fonts()
    document.save(OUT, garbage=3, deflate=True, no_new_id=True)


def brochure(page: pymupdf.Page) -> None:
    """The first page: title, picture, table, link."""
    page.draw_rect(pymupdf.Rect(0, 0, WIDTH, 112), color=None, fill=BLUE)
    page.insert_text(
        (MARGIN, 62), "The Lighthouse of Port Amber", fontname="bold", fontsize=27, color=(1, 1, 1)
    )
    page.insert_text(
        (MARGIN, 88),
        "A small guide for visitors",
        fontname="sans",
        fontsize=14,
        color=(0.85, 0.92, 1),
    )
    page.insert_image(pymupdf.Rect(360, 140, WIDTH - MARGIN, 372), stream=picture())
    text(page, (MARGIN, 140, 340, 300), INTRO, size=12.5)
    heading(page, 312, "Climb the tower")
    text(page, (MARGIN, 322, 340, 450), STAIRS, size=12.5)
    page.insert_text(
        (360, 386), "The tower in the evening", fontname="italic", fontsize=9.5, color=GREY
    )
    heading(page, 462, "Opening times")
    table(page, 478)
    page.draw_rect(pymupdf.Rect(MARGIN, 640, WIDTH - MARGIN, 712), color=None, fill=SAND)
    page.insert_text((MARGIN + 16, 666), "Tickets", fontname="bold", fontsize=13, color=BLUE)
    page.insert_text(
        (MARGIN + 16, 690),
        "You can buy tickets at the door or on our page:",
        fontname="serif",
        fontsize=11.5,
    )
    page.insert_text((MARGIN + 262, 690), SITE, fontname="serif", fontsize=11.5, color=BLUE)
    page.insert_link(
        {"kind": pymupdf.LINK_URI, "from": pymupdf.Rect(MARGIN + 262, 678, 470, 694), "uri": SITE}
    )
    for number, line in enumerate(
        ("Families with children pay half the price.", "Students and teachers pay five euros.")
    ):
        page.insert_text(
            (MARGIN + 4, 744 + 18 * number), "•", fontname="serif", fontsize=11.5, color=INK
        )
        page.insert_text(
            (MARGIN + 18, 744 + 18 * number), line, fontname="serif", fontsize=11.5, color=INK
        )
    footer(page, 1)


def story(page: pymupdf.Page) -> None:
    """The second page: two columns."""
    page.insert_text(
        (MARGIN, 84), "The history of the tower", fontname="bold", fontsize=22, color=BLUE
    )
    page.draw_line((MARGIN, 98), (WIDTH - MARGIN, 98), color=BLUE, width=1.2)
    gap, top = 26, 132
    column = (WIDTH - 2 * MARGIN - gap) / 2
    for index, (title, words) in enumerate(COLUMNS):
        x = MARGIN + (index // 3) * (column + gap)
        y = top + (index % 3) * 214
        page.insert_text((x, y), title, fontname="bold", fontsize=13, color=BLUE)
        text(
            page, (x, y + 8, x + column, y + 204), words, size=13, align=pymupdf.TEXT_ALIGN_JUSTIFY
        )
    footer(page, 2)


def heading(page: pymupdf.Page, y: float, words: str) -> None:
    """A heading with its baseline at `y`."""
    page.insert_text((MARGIN, y), words, fontname="bold", fontsize=14, color=BLUE)


def text(
    page: pymupdf.Page, box: tuple[float, ...], words: str, size: float, align: int = 0
) -> None:
    """A paragraph in a box; a box that is too small is a mistake in this file."""
    options = {
        "fontname": "serif",
        "fontsize": size,
        "color": INK,
        "align": align,
        "lineheight": 1.4,
    }
    if page.insert_textbox(pymupdf.Rect(box), words, **options) < 0:
        raise ValueError(f"no room for {words[:30]!r}")


def table(page: pymupdf.Page, top: float) -> None:
    """The ruled table of hours and prices."""
    edges, height = [MARGIN, 160, 316, 430, WIDTH - MARGIN], 26
    for number, row in enumerate(TABLE):
        y = top + number * height
        for left, right, cell in zip(edges, edges[1:], row, strict=False):
            box = pymupdf.Rect(left, y, right, y + height)
            page.draw_rect(box, color=GREY, fill=SAND if number == 0 else None, width=0.6)
            face = "strong" if number == 0 else "serif"
            page.insert_text((left + 8, y + 17), cell, fontname=face, fontsize=11, color=INK)


def footer(page: pymupdf.Page, number: int) -> None:
    """The line at the bottom of a page."""
    page.insert_text(
        (MARGIN, 806),
        "Port Amber Museum, Harbour Street 12",
        fontname="sans",
        fontsize=8.5,
        color=GREY,
    )
    page.insert_text(
        (WIDTH - MARGIN - 5, 806), str(number), fontname="sans", fontsize=8.5, color=GREY
    )


def picture() -> bytes:
    """A lighthouse at dusk, drawn and then turned into pixels."""
    document = pymupdf.open()
    page = document.new_page(width=180, height=232)
    for row in range(58):
        share = row / 57
        sky = (0.16 + 0.75 * share, 0.24 + 0.45 * share, 0.45 + 0.15 * share)
        page.draw_rect(pymupdf.Rect(0, 3 * row, 180, 3 * row + 4), color=None, fill=sky)
    page.draw_rect(pymupdf.Rect(0, 172, 180, 232), color=None, fill=(0.1, 0.28, 0.42))
    page.draw_polyline(
        [(92, 62), (0, 30), (0, 84)], color=None, fill=(1, 0.95, 0.7), fill_opacity=0.45
    )
    page.draw_polyline(
        [(92, 62), (180, 44), (180, 78)], color=None, fill=(1, 0.95, 0.7), fill_opacity=0.45
    )
    page.draw_polyline(
        [(40, 190), (70, 170), (128, 168), (150, 190)], color=None, fill=(0.25, 0.22, 0.2)
    )
    for band in range(6):
        top, left, right = 74 + 17 * band, 82 - 1.8 * band, 102 + 1.8 * band
        fill = (0.85, 0.2, 0.18) if band % 2 == 0 else (0.97, 0.96, 0.93)
        page.draw_polyline(
            [(left, top), (right, top), (right + 1.8, top + 17), (left - 1.8, top + 17)],
            color=None,
            fill=fill,
        )
    page.draw_rect(
        pymupdf.Rect(84, 54, 100, 74), color=(0.2, 0.2, 0.2), fill=(1, 0.9, 0.5), width=1
    )
    page.draw_polyline([(82, 54), (92, 42), (102, 54)], color=None, fill=(0.3, 0.1, 0.1))
    return bytes(page.get_pixmap(dpi=144).tobytes("png"))


if __name__ == "__main__":
    main()
