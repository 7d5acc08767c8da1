"""The way back: what is said of a job's end, and the POST that says it.

A receiver may get the same message twice (the connection was lost before it answered): `webhook-id`
is the same then.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping

from dragoman import __version__
from dragoman.db.engine import Database
from dragoman.domain.job import Status
from dragoman.errors import SettingsInvalid
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.delivery.answers import File, Outcome
from notifier.delivery.channel import Delivery, WayBack
from notifier.webhook import address, sending, signing
from notifier.webhook.choosing import secret
from notifier.webhook.errors import WebhookRefused
from notifier.webhook.given import networks_of

NAME = "webhook"
# made anew for each attempt: it is small, and its link is only good for a time
RENDERED = "webhook"
STATUS_OF: Mapping[Outcome, Status] = {
    Outcome.DONE: Status.COMPLETED,
    Outcome.SAME: Status.COMPLETED,
    Outcome.DELETED: Status.COMPLETED,
    Outcome.FAILED: Status.FAILED,
    Outcome.CANCELLED: Status.CANCELLED,
}


def open_way(settings: Settings, store: BlobStore, database: Database) -> WayBack:
    """As `ChannelSpec.reply` asks."""
    return WayBack({NAME: WebhookChannel(settings)})


class WebhookChannel:
    """The `Channel` for webhooks."""

    def __init__(
        self,
        settings: Settings,
        look_up: sending.Resolve = sending.resolve,
        total_s: float = sending.TOTAL_S,
    ) -> None:
        """`look_up` gives the addresses of a host; `total_s` is the most that one attempt takes."""
        self._settings, self._networks = settings, networks_of(settings)
        self._look_up, self._total_s = look_up, total_s

    def prepare(self, delivery: Delivery) -> str:
        """As `Channel.prepare`."""
        return RENDERED

    def find(self, delivery: Delivery) -> str | None:
        """As `Channel.find`: nobody can say, and a message that comes twice has the same id."""
        return None

    def send(self, delivery: Delivery, rendered: str) -> str:
        """As `Channel.send`. Raises SettingsInvalid on a server without a key."""
        key = secret(self._settings, delivery.message.sender)
        if key is None:
            raise SettingsInvalid("Without DRAGOMAN_SECRET_KEY no webhook can be signed.")
        try:
            target = address.parsed(delivery.message.payload.get("reply_to") or "")
        except ValueError as error:
            raise WebhookRefused(detail=str(error)) from error
        body = json.dumps(said(delivery), ensure_ascii=False, separators=(",", ":")).encode()
        signed = signing.headers(key, delivery.row.id, int(time.time()), body)
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"Dragoman/{__version__}",
            **signed,
        }
        return sending.judged(
            sending.post(
                target,
                headers,
                body,
                networks=self._networks,
                look_up=self._look_up,
                total_s=self._total_s,
            )
        )


def said(delivery: Delivery) -> dict[str, str | None]:
    """The message: one for each end of a job; a job that is tried again has another end."""
    file: File = delivery.answer.files[0]
    status = STATUS_OF[file.outcome]
    has_result = file.outcome in (Outcome.DONE, Outcome.SAME)
    return {
        "type": f"job.{status.lower()}",
        "job_id": file.job_id,
        "status": status.value,
        "target_lang": file.target_lang,
        "filename": file.name,
        "error": file.problem.code if file.problem else None,
        "download_url": file.links.download if file.links and has_result else None,
    }
