"""What DeepL's library keeps to itself: the HTTP session of its client, for it tells nobody
what stands in `Retry-After`; and its way of asking, for the list of languages that it does not know
of yet.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
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


def languages(client: DeepLClient) -> object:
    """What `GET /v3/languages` says of translating texts (developers.deepl.com/docs/languages):
    the list in the place of `/v2/languages`, which is deprecated; None: there is no such list.

    Raises what the library raises.
    """
    url = "v3/languages?resource=translate_text"
    status, content, found = client._api_call(url, method="GET")
    if status == HTTPStatus.NOT_FOUND:
        return None
    client._raise_for_status(status, content, found)
    answer: object = found
    return answer
