"""What the core has to know of engines by name: where they run, and whether they cost anything.

An engine that is missing here counts as one that sends texts to somebody else and is paid for: that is the safe mistake.
"""

from __future__ import annotations

from dragoman.domain.job import NO_ENGINE, PSEUDO

IN_HOUSE = frozenset({"local", "apertium", PSEUDO, NO_ENGINE})  # they run on this machine and send nothing anywhere
FREE = IN_HOUSE
