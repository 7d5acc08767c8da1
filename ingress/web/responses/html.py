"""A template of `templates/web` as an answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from typing import Any

from starlette.responses import HTMLResponse

from dragoman.adapters.templating import render, template_root

STATIC = template_root() / "web" / "static"


@cache
def static_version() -> str:
    """A short hash of our own static files, for their addresses: browsers fetch them anew when
    they change.
    """
    files = sorted(path for path in STATIC.iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:8]


def page(
    name: str, code: int = 200, headers: Mapping[str, str] | None = None, /, **facts: Any
) -> HTMLResponse:
    """The page of `templates/web/NAME.html` with `facts`, sent with the HTTP status `code`.

    `signed_in` among the facts is the address of whoever the proxy has named; left out: nobody.
    """
    known = {"v": static_version(), "signed_in": None, **facts}
    return HTMLResponse(render(f"web/{name}.html", **known), code, headers)
