"""One request to an OpenAI-compatible server, and its answer as a stream.

Retries nothing, but leaves out what the server does not take.

Servers differ in what they take (`response_format`, `temperature`, streams): what one refuses with
400 is remembered and not sent to it again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

from dragoman.errors import (
    EngineBusy,
    EngineKeyRejected,
    EngineMisbehaved,
    EngineMissing,
    EngineUnavailable,
    QuotaUsedUp,
)
from dragoman.ports import NO_TOKENS, Tokens
from pipeline.engines.deepl import retry_after_s
from pipeline.engines.openai.prompts import Form, Message, response_format

if TYPE_CHECKING:
    import requests

CONNECT_TIMEOUT_S = 10.0
SILENCE_S = 120.0  # of a stream; a server in the house may have to load its model first
OVERLOADED = 529
LONGEST_ERROR = 300  # characters of a server's words that go into the log
MOST_LINE = 4_000_000  # characters of one event
_ADDRESS = "Please check DRAGOMAN_OPENAI_BASE_URL: it usually ends in /v1, such as http://127.0.0.1:11434/v1."
_KEY = "Please check DRAGOMAN_OPENAI_API_KEY; `dragoman doctor` tries it."
_MODEL = "Please check DRAGOMAN_OPENAI_MODEL: the server has to know a model of that name."


class TooLong(EngineMisbehaved):
    """A request or its answer is over what the model can take: the batch is cut and asked again."""

    message = "The request is longer than the model can take."


class FormRefused(Exception):
    """The server does not take an answer in this form."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back.

    `whole`: the model came to its end. `refused`: it, or a filter before it, would not answer.
    """

    text: str
    whole: bool = True
    refused: bool = False
    spent: Tokens = NO_TOKENS


@dataclass(frozen=True, slots=True)
class _Takes:
    """What the server is known to take so far."""

    stream: bool = True
    usage: bool = True
    temperature: bool = True


class Wire:
    """A server and one of its models. May be used from several threads."""

    def __init__(
        self, base_url: str, api_key: str | None, model: str, *, silence_s: float = SILENCE_S
    ) -> None:
        """`base_url` as its users write it, with or without `/chat/completions`.

        `api_key` None: the server wants none.
        """
        self._url = f"{base_url.rstrip('/').removesuffix('/chat/completions')}/chat/completions"
        self._headers = {"Accept": "text/event-stream, application/json"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._model = model
        self._timeouts = (CONNECT_TIMEOUT_S, silence_s)
        self._takes = _Takes()
        self._session: requests.Session | None = None

    def ask(self, messages: list[Message], form: Form | None, most: int) -> Reply:
        """The model's reply, read up to `most` characters.

        `form` None: nothing is said about its form.

        Raises FormRefused, TooLong and what `Translator.translate` raises.
        """
        while True:
            takes = self._takes
            body = self._body(messages, form, takes)
            with _our_errors(), closing(self._post(body)) as response:
                if response.status_code == HTTPStatus.OK:
                    return _read(response, most)
                said = _words(response)
                less = _less(takes, said) if response.status_code in _ABOUT_THE_REQUEST else None
                if less is None:
                    _raise_ours(response, said, form)
            self._takes = less

    def models(self) -> frozenset[str] | None:
        """The models that the server lists; None: it lists none, which not all servers do.

        Raises as `ask`.
        """
        url = f"{self._url.removesuffix('/chat/completions')}/models"
        with (
            _our_errors(),
            closing(self._open().get(url, headers=self._headers, **self._options())) as response,
        ):
            if response.status_code == HTTPStatus.NOT_FOUND:
                return None
            if response.status_code != HTTPStatus.OK:
                _raise_ours(response, _words(response), None)
            try:
                listed = json.loads(response.content)
                return frozenset(str(one["id"]) for one in listed["data"])
            except (ValueError, KeyError, TypeError) as error:
                raise _not_there(response.text[:LONGEST_ERROR]) from error

    def _body(self, messages: list[Message], form: Form | None, takes: _Takes) -> dict[str, Any]:
        body: dict[str, Any] = {"model": self._model, "messages": messages}
        if form is not None and (format_ := response_format(form)):
            body["response_format"] = format_
        if takes.temperature:
            body["temperature"] = 0
        if takes.stream:
            body["stream"] = True
        if takes.stream and takes.usage:
            body["stream_options"] = {"include_usage": True}
        return body

    def _open(self) -> requests.Session:
        if self._session is None:
            import requests

            session = requests.Session()
            session.trust_env = False  # no proxy and no .netrc that nobody named
            self._session = session
        return self._session

    def _options(self) -> dict[str, Any]:
        return {"timeout": self._timeouts, "stream": True, "allow_redirects": False}

    def _post(self, body: dict[str, Any]) -> requests.Response:
        data = json.dumps(body, ensure_ascii=False).encode()
        headers = {**self._headers, "Content-Type": "application/json"}
        return self._open().post(self._url, data=data, headers=headers, **self._options())


_ABOUT_THE_REQUEST = (HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY)


def _less(takes: _Takes, said: str) -> _Takes | None:
    """What to leave out next time, by the words of a refusal; None: nothing that we know of."""
    words = said.casefold()
    if takes.temperature and "temperature" in words:
        return replace(takes, temperature=False)
    if takes.usage and ("stream_options" in words or "include_usage" in words):
        return replace(takes, usage=False)
    if takes.stream and "stream" in words:
        return replace(takes, stream=False)
    return None


def _read(response: requests.Response, most: int) -> Reply:
    kind = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if kind == "text/event-stream":
        return _joined(_events(response), most)
    if kind == "text/html":
        raise _not_there("it answers with a web page")
    try:
        whole = json.loads(response.content)
    except ValueError as error:
        raise EngineMisbehaved(
            "The translation server’s answer is not in the form of OpenAI’s.",
            detail=response.text[:LONGEST_ERROR],
        ) from error
    return _joined(iter([whole]), most)


def _events(response: requests.Response) -> Iterator[Any]:
    """The JSON of each event of a stream (html.spec.whatwg.org, server-sent events), up to
    `[DONE]`.
    """
    for line in response.iter_lines():
        text = line.decode("utf-8", "replace")
        if not text.startswith("data:"):
            continue
        data = text.removeprefix("data:").strip()
        if data == "[DONE]":
            return
        try:
            yield json.loads(data[:MOST_LINE])
        except ValueError as error:
            raise EngineMisbehaved(
                "The translation server’s answer is not in the form of OpenAI’s.",
                detail=data[:LONGEST_ERROR],
            ) from error


def _joined(events: Iterator[Any], most: int) -> Reply:
    """The reply that events, or one whole answer, make together."""
    parts: list[str] = []
    refused, finish, tokens, size = False, None, NO_TOKENS, 0
    for event in events:
        if not isinstance(event, dict):
            raise EngineMisbehaved(
                "The translation server’s answer is not in the form of OpenAI’s."
            )
        if event.get("error"):
            _raise_told(event["error"])
        tokens = _tokens(event) or tokens
        for choice in event.get("choices") or ():
            said = choice.get("delta") or choice.get("message") or {}
            text = said.get("content") or ""
            parts.append(text if isinstance(text, str) else "")
            size += len(parts[-1])
            refused = refused or bool(said.get("refusal"))
            finish = choice.get("finish_reason") or finish
        if size > most:  # it goes round in circles
            return Reply("".join(parts), whole=False, spent=tokens)
    if finish is None:
        raise EngineUnavailable("The translation server broke off in the middle of its answer.")
    refused = refused or finish == "content_filter"
    return Reply("".join(parts), whole=finish != "length", refused=refused, spent=tokens)


def _tokens(event: dict[str, Any]) -> Tokens | None:
    usage = event.get("usage")
    if not isinstance(usage, dict):
        return None
    taken, given = usage.get("prompt_tokens"), usage.get("completion_tokens")
    return Tokens(taken if isinstance(taken, int) else 0, given if isinstance(given, int) else 0)


@contextmanager
def _our_errors() -> Iterator[None]:
    from requests import RequestException
    from requests.exceptions import ConnectionError as NoConnection
    from requests.exceptions import InvalidURL, ReadTimeout
    from urllib3.exceptions import HTTPError, ReadTimeoutError

    try:
        yield
    except InvalidURL as error:
        raise _not_there(str(error)) from error
    except (ReadTimeout, ReadTimeoutError, HTTPError, RequestException) as error:
        silent = isinstance(error, (ReadTimeout, ReadTimeoutError)) or "timed out" in str(error)
        if silent:
            raise EngineUnavailable(
                "The translation server has stopped answering.", detail=str(error)[:500]
            ) from error
        cut = not isinstance(error, NoConnection)
        said = "The translation server broke off in the middle of its answer." if cut else None
        raise EngineUnavailable(said, detail=str(error)[:500]) from error


def _words(response: requests.Response) -> str:
    """What a server says about an error, as far as it is text."""
    return response.content[: 10 * LONGEST_ERROR].decode("utf-8", "replace")


def _raise_ours(response: requests.Response, said: str, form: Form | None) -> NoReturn:
    status, detail = response.status_code, f"{response.status_code}: {said[:LONGEST_ERROR]}"
    wait = retry_after_s(response.headers.get("Retry-After"))
    words = said.casefold()
    is_json = "json" in response.headers.get("Content-Type", "").lower()
    if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        rejected = EngineKeyRejected(detail=detail)
        rejected.for_admin = _KEY
        raise rejected
    if status == HTTPStatus.PAYMENT_REQUIRED or "insufficient_quota" in words:
        raise QuotaUsedUp(detail=detail)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, OVERLOADED):
        raise EngineBusy(detail=detail, retry_after_s=wait)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise EngineUnavailable(detail=detail, retry_after_s=wait)
    if _is_about_the_model(words) and is_json:
        missing = EngineMissing(
            "The translation server does not know the model that is set.", detail=detail
        )
        missing.for_admin = _MODEL
        raise missing
    if (
        status in (HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED)
        or status < HTTPStatus.BAD_REQUEST
    ):
        raise _not_there(detail)
    if status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or _is_about_the_length(words):
        raise TooLong(detail=detail)
    if status in _ABOUT_THE_REQUEST and form in (Form.SCHEMA, Form.OBJECT):
        raise FormRefused(detail)
    raise EngineMisbehaved(detail=detail)


def _raise_told(error: Any) -> NoReturn:
    """An error that came in the middle of a stream."""
    said = json.dumps(error)[:LONGEST_ERROR]
    if "insufficient_quota" in said:
        raise QuotaUsedUp(detail=said)
    if "rate_limit" in said or "overloaded" in said:
        raise EngineBusy(detail=said)
    if _is_about_the_length(said.casefold()):
        raise TooLong(detail=said)
    raise EngineUnavailable(detail=said)


def _is_about_the_model(words: str) -> bool:
    return "model" in words and any(
        sign in words for sign in ("not found", "not_found", "does not exist", "not exist")
    )


def _is_about_the_length(words: str) -> bool:
    return any(
        sign in words
        for sign in (
            "context_length",
            "context length",
            "context size",
            "maximum context",
            "too many tokens",
        )
    )


def _not_there(detail: str) -> EngineMissing:
    missing = EngineMissing(
        "There is no OpenAI-compatible server at the address that is set.", detail=detail
    )
    missing.for_admin = _ADDRESS
    return missing
