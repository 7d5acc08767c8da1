"""Fetching a file from Slack into the store, streamed.

The token goes to Slack's own hosts alone, and never along a redirect.
"""

from __future__ import annotations

import http.client
from typing import Any, BinaryIO, cast
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dragoman.app.intake import Intake, Pdf
from dragoman.app.pdf_check import too_large
from dragoman.channels.slack.slack_api import RATE_LIMITED, SERVER_ERROR, SlackScopeMissing
from dragoman.errors import DragomanError, Gone, NotAPdf, RequestError, StoreUnavailable
from dragoman.settings import Settings
from ingress.slack.lookup import SlackFile

TIMEOUT_S = 30  # for one read
LOOPBACK = frozenset({"127.0.0.1", "localhost"})
GONE = frozenset({404, 410})
PEEKED = 512


class HostNotAllowed(RequestError):
    """A file whose address is none of `SLACK_FILE_HOSTS`."""

    message = "The file is stored outside Slack, and is not fetched from there."
    code = "host_not_allowed"
    advice = "Please download it and post the PDF itself."


def fetch(intake: Intake, settings: Settings, file: SlackFile) -> Pdf:
    """The file in the store.

    Raises TooLarge, EmptyFile, NotAPdf, Gone, HostNotAllowed, SlackScopeMissing or
    StoreUnavailable.
    """
    if file.size is not None and file.size > settings.max_pdf_bytes:
        raise too_large(settings.max_pdf_bytes)
    if file.external or not allowed(file.url, settings.slack_file_hosts):
        raise HostNotAllowed
    token = settings.slack_bot_token.get_secret_value() if settings.slack_bot_token else ""
    # checked by `allowed`
    request = Request(file.url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310
    try:
        with build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as body:
            _refuse_sign_in(body)
            return _stored(intake, file, _Whole(body))
    except HTTPError as error:
        raise _ours(error) from error
    except (URLError, http.client.HTTPException, OSError) as error:
        raise StoreUnavailable(
            "Slack does not give us the file at the moment.", detail=str(error)[:200]
        ) from error


def _stored(intake: Intake, file: SlackFile, body: _Whole) -> Pdf:
    """Raises StoreUnavailable for what is no PDF and has another length than the file: some
    error that Slack tells with status 200.
    """
    try:
        return intake.store_pdf(file.name, cast("BinaryIO", body))
    except NotAPdf:
        if body.length is not None and file.size is not None and body.length != file.size:
            raise StoreUnavailable(
                "Slack does not give us the file at the moment.",
                detail=f"{body.length} bytes in place of {file.size}",
            ) from None
        raise


def allowed(url: str, hosts: tuple[str, ...]) -> bool:
    """Whether the token may go there: HTTPS to one of `hosts` (`HOST` or `HOST:PORT`); plain
    HTTP to a listed loopback only.
    """
    parts = urlsplit(url)
    if parts.username or parts.password or not parts.hostname:
        return False
    named = parts.hostname in hosts or parts.netloc in hosts
    return named and (
        parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
    )


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        """Follow nothing: the header with the token would go along."""
        return


class _Whole:
    """A response's body that is not taken for whole when it was cut short."""

    def __init__(self, body: Any) -> None:
        self._body = body
        length = body.headers.get("Content-Length")
        self.length = int(length) if length and length.isdecimal() else None
        self._left = self.length

    def read(self, count: int = -1) -> bytes:
        chunk = bytes(self._body.read(count))
        if self._left is not None:
            self._left -= len(chunk)
            if not chunk and self._left > 0:
                raise StoreUnavailable(
                    "Slack does not give us the file at the moment.", detail="cut short"
                )
        return chunk


def _of_redirect(target: str) -> DragomanError:
    """Slack sends a token without `files:read` to its page to sign in, sometimes by a redirect;
    any other one leads away from Slack.
    """
    parts = urlsplit(target)
    if "redir=" in parts.query or (parts.hostname or "").endswith("slack.com"):
        return SlackScopeMissing(
            "Slack does not let this server read files.",
            detail="sent to sign in: reinstall the app with files:read",
        )
    return HostNotAllowed(detail="a redirect")


def _refuse_sign_in(body: Any) -> None:
    """A token without `files:read` gets a page to sign in, with status 200
    (docs.slack.dev/reference/objects/file-object).
    """
    kind = str(body.headers.get("Content-Type") or "").casefold()
    if kind.startswith("text/html"):
        page = body.read(PEEKED * 64).decode("utf-8", "replace").casefold()
        if "sign in" in page or "signin" in page or "slack" in page:
            raise SlackScopeMissing(
                "Slack does not let this server read files.",
                detail="sign-in page: reinstall the app with files:read",
            )
        raise NotAPdf("The file is not a PDF but a web page.")


def _ours(error: HTTPError) -> DragomanError:
    if error.code in GONE:
        return Gone()
    if error.code == RATE_LIMITED or error.code >= SERVER_ERROR:
        return StoreUnavailable(
            "Slack does not give us the file at the moment.", detail=f"status {error.code}"
        )
    if error.code in range(300, 400):
        return _of_redirect(str(error.headers.get("Location") or ""))
    return SlackScopeMissing(
        "Slack does not let this server read files.", detail=f"status {error.code}"
    )
