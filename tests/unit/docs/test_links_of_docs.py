"""Links between pages lead somewhere, and the README stays short."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).parents[3]
PAGES = sorted([*(ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")),
                *(ROOT / "docs").rglob("*.md")])  # fmt: skip
LINK = re.compile(r"\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)


def links_of(page: Path) -> list[str]:
    found: list[str] = LINK.findall(CODE.sub("", page.read_text()))
    return [link for link in found if "://" not in link and not link.startswith("mailto:")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    lost = [
        link
        for link in links_of(page)
        if not (page.parent / unquote(link.partition("#")[0])).exists()
    ]
    assert not lost


def test_links_are_found_at_all() -> None:
    assert "docs/tutorial.md" in links_of(ROOT / "README.md")


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "howto" in page.parts], ids=lambda page: page.stem
)
def test_every_howto_can_be_reached_from_another_page(page: Path) -> None:
    others = [other for other in PAGES if other != page]
    assert any(
        (other.parent / link).resolve() == page for other in others for link in links_of(other)
    )


def test_readme_has_at_most_120_lines() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 120
