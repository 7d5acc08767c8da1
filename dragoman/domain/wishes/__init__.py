"""Wishes: what a channel or a person has chosen, and one reader of what people write.

`understanding` reads a message, `understood` says what comes of it, `preferences` has the small
values that lie in rows. All of it is pure.
"""

from dragoman.domain.wishes.preferences import ChannelWishes, PersonWishes
from dragoman.domain.wishes.reading import Intent, Origin, Reading, Stop, Written

__all__ = ["ChannelWishes", "Intent", "Origin", "PersonWishes", "Reading", "Stop", "Written"]
