"""A file on its way into Slack: announced, and its bytes streamed from the store, in the first two
of Slack's three calls.

The third, which shows it to people, is `notifier.slack.reply`'s.
docs.slack.dev/messaging/working-with-files#upload.
"""

from __future__ import annotations

from typing import BinaryIO
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

from slack_sdk import WebClient

from dragoman.channels.slack.error_meanings import UPLOAD_REFUSED_FOR_GOOD, UPLOAD_STATUS
from dragoman.channels.slack.slack_api import SlackRefused, our_errors
from dragoman.errors import OutboundUnavailable
from dragoman.ports import BlobStore

# for one step on the wire; the whole may take as long as it needs, while its row's lease is renewed
TIMEOUT_S = 30


def upload(client: WebClient, store: BlobStore, key: str, name: str, title: str) -> str:
    """Bring the bytes under `key` to Slack, where nobody sees them yet; the file's id.

    Raises Gone, StoreUnavailable, OutboundUnavailable or SlackRefused.
    """
    with store.open(key) as body:
        size = store.size(key) or 0
        with our_errors():
            said = client.files_getUploadURLExternal(filename=name, length=size)
        _send(str(said["upload_url"]), body, size)
    return str(said["file_id"])


def _send(url: str, body: BinaryIO, size: int) -> None:
    """The raw POST.

    Whatever it answers but 200, the next attempt asks for an address of its own.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        raise SlackRefused("upload_url", "files.getUploadURLExternal")
    headers = {"Content-Type": "application/pdf", "Content-Length": str(size)}
    request = Request(url, data=body, headers=headers, method="POST")  # noqa: S310 - checked above
    try:
        with our_errors(), urlopen(request, timeout=TIMEOUT_S) as answer:  # noqa: S310
            answer.read()
    except OutboundUnavailable as error:
        status = error.__cause__.code if isinstance(error.__cause__, HTTPError) else 0
        if status in UPLOAD_REFUSED_FOR_GOOD:
            raise SlackRefused(f"{UPLOAD_STATUS}{status}", "upload") from error
        raise
