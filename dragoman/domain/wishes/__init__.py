"""Wishes: what a channel or a person has chosen, and one reader of what people write.

`understand` reads a message; `kept` has the small values that lie in rows. All of it is pure.
"""

from dragoman.domain.wishes.preferences import ChannelWishes, PersonWishes
from dragoman.domain.wishes.reading import Intent, Reading, Written

__all__ = ["ChannelWishes", "Intent", "PersonWishes", "Reading", "Written"]
