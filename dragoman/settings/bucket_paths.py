"""Which path below a bucket a Dragoman may have for itself."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, parse_qs

# Below such a part another Dragoman, one that has the folder above, would look for files of its
# own.
TAKEN = ("jobs", "inbox", "outbox", "marker", "probes")
PREFIX = re.compile(rf"(?:/+(?!(?:{'|'.join(TAKEN)})(?:/|$))[A-Za-z0-9_-][A-Za-z0-9._-]*)*/*")


def check(url: SplitResult) -> None:
    """Look at the path (empty: the whole bucket) and the options of an `s3://` URL.

    Raises ValueError with what is possible.
    """
    if not set(parse_qs(url.query)) <= {"endpoint_url", "region_name"}:
        raise ValueError("after s3://BUCKET/PREFIX only ?endpoint_url= and region_name= are known")
    if not PREFIX.fullmatch(url.path):
        taken = ", ".join(TAKEN)
        raise ValueError(
            "a PREFIX is letters, digits, -, _ and dots between slashes, and no part is one of"
            f" {taken}"
        )
