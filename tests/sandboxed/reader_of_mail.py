"""What a stranger's code in the reader of emails would reach: behind its walls it tries each reach
and prints the answers as JSON.

The first argument is what `tests.sandboxed.reaches` is given, as JSON, with `reaches`, `without`
and `user` (None: as it is).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from dragoman.adapters.confinement import walls
from ingress.email import sandboxed_parser
from tests.sandboxed import reaches


def main() -> None:
    given = json.loads(sys.argv[1])
    # What would be loaded later: Python may lie where only root reads.
    sandboxed_parser.warm()
    walls.readable()
    walls.mapped_bytes()
    if given["user"] is not None:
        os.setgroups([])
        os.setgid(given["user"])
        os.setuid(given["user"])
    found = {"missing": sandboxed_parser.confine(given["without"])}
    for name in given["reaches"]:
        try:
            found[name] = getattr(reaches, name)(Path(given["scratch"]), print, given)
        except Exception as error:  # noqa: BLE001  # which one it is differs by layer
            found[name] = f"refused: {type(error).__name__}"
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main()
