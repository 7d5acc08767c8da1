"""What DeepL's library keeps to itself: the HTTP session of its client, for it tells nobody
what stands in `Retry-After`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import requests
    from deepl import DeepLClient


def on_answer(client: DeepLClient, hear: Callable[[requests.Response], None]) -> None:
    """Call `hear` with each HTTP answer that `client` gets, before the library looks at it."""
    session = client._client._session
    send = session.send

    def heard(*args: Any, **options: Any) -> requests.Response:
        response = send(*args, **options)
        hear(response)
        return response

    session.send = heard  # type: ignore[method-assign]
