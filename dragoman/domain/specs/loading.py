"""What a spec names as `module:name`, loaded when it is needed: so the core imports no channel
and no engine.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any


def load(where: str) -> Any:
    """What `module:name` names.

    Raises ImportError or AttributeError where there is no such thing: a test loads all of them.
    """
    module, _, name = where.partition(":")
    return getattr(import_module(module), name)
