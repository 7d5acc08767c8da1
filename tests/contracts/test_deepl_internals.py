"""What we rely on in DeepL's library beyond what it documents; a release that breaks it fails here.

A `DeepLClient` holds its HTTP client as `_client`, and that a `requests.Session` as `_session`,
whose `send` all its requests go by.
"""

from __future__ import annotations

import deepl
import pytest
import requests

from pipeline.engines.deepl_internals import languages, on_answer
from tests.fake_deepl import KEY, FakeDeepL


def test_the_client_s_session_is_one_of_requests() -> None:
    client = deepl.DeepLClient(KEY)
    assert isinstance(client._client._session, requests.Session)


def test_each_answer_is_heard_before_the_library_looks_at_it() -> None:
    heard: list[int] = []
    with FakeDeepL() as server:
        client = deepl.DeepLClient(KEY, server_url=server.url)
        on_answer(client, lambda response: heard.append(response.status_code))
        client.get_usage()
        server.faults.append(456)
        with pytest.raises(deepl.QuotaExceededException):
            client.translate_text("House", target_lang="DE")
    assert heard == [200, 456]


def test_the_library_asks_for_the_list_of_languages_that_it_has_no_method_for() -> None:
    with FakeDeepL() as server:
        client = deepl.DeepLClient(KEY, server_url=server.url)
        found = languages(client)
        assert isinstance(found, list)
        assert {"lang": "de", "usable_as_target": True}.items() <= next(
            one for one in found if one["lang"] == "de"
        ).items()
        server.has_v3 = False
        assert languages(client) is None
        with pytest.raises(deepl.AuthorizationException):
            languages(deepl.DeepLClient("wrong", server_url=server.url))
