"""A small PDF posted in a Slack channel, and the translation that appears in its thread.

A bot's own posts bring no events, so the file is taken from Slack and handed in here; whether
events come is what `dragoman doctor` looks at.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from slack_sdk import WebClient

from dragoman.app.intake import Intake, Message, Request
from dragoman.channels.slack import posts, slack_api
from dragoman.domain.job import Options
from dragoman.errors import DragomanError
from dragoman.settings import Settings
from ops.doctor.findings import Finding, Verdict
from ops.doctor.live import plan as live
from ops.doctor.live.plan import LiveTrialFailed, Plan, Site

NO_CHANNEL = (
    "Invite the app to a channel for trials and give its id: --slack-channel C0123456789 (its"
    " details show the id)."
)
WORDS = "A live trial of Dragoman. These messages will be deleted in a moment."


class Silent:
    """Rings for nothing: the sweeper finds the rows within seconds, and its work is tried too."""

    def ring(self, task: str, row_id: str) -> None:
        """As `Doorbell.ring`."""


def post(settings: Settings, plan: Plan) -> Iterator[Finding]:
    """Post it, hand it in, and see the answer in the thread.

    Raises LiveTrialFailed, or as `slack_api.our_errors`.
    """
    if not settings.slack_on:
        yield Finding("live Slack", Verdict.OK, "not used")
        return
    if plan.slack_channel is None:
        yield Finding("live Slack", Verdict.WARN, "not tried", NO_CHANNEL)
        return
    began, place = time.monotonic(), plan.slack_channel
    client = slack_api.client_of(settings, "")
    with slack_api.our_errors():
        me = client.auth_test()
    team, user = str(me["team_id"]), str(me["user_id"])
    with live.site(settings) as here:
        source, target = live.published(here)
        sentence, file = live.SENTENCES[source], live.name()
        file_id, ts = _posted(client, place, file, live.page(sentence), plan.within_s)
        job_id = ""
        try:
            yield Finding("live Slack", Verdict.OK, "a file was posted in the channel")
            job_id = _handed_in(here, (team, place, ts, user), file_id, target)
            live.await_job(here, file, plan.within_s, "The job was not found")
            found = _answered(here, client, (place, ts), job_id, plan.within_s)
            live.check(found, sentence)
        finally:
            _clean(here, client, (place, ts), file_id, job_id)
        took = f"{time.monotonic() - began:.0f} s"
        yield Finding(
            "live Slack",
            Verdict.OK,
            f"the translated page was in the thread after {took}, and everything is deleted again",
        )


def _posted(
    client: WebClient, place: str, file: str, pdf: bytes, within_s: float
) -> tuple[str, str]:
    """The ids of the file and of the message that shows it."""
    from ingress.slack import lookup

    with slack_api.our_errors():
        told = client.files_upload_v2(
            channel=place, filename=file, content=pdf, initial_comment=WORDS
        )
    file_id = str(told["file"]["id"])

    def shared() -> str | None:
        known = lookup.file(client, file_id)
        entries = known.shares.get(place, ()) if known else ()
        return str(entries[0]["ts"]) if entries else None

    ts: str = live.await_(
        shared,
        within_s,
        "Slack did not show the file in the channel; the app may not be a member of it",
    )
    return file_id, ts


def _handed_in(here: Site, where: tuple[str, str, str, str], file_id: str, target: str) -> str:
    """The id of the job that the file becomes, as a post of a person would; the file comes from
    Slack.
    """
    from ingress.slack import download, lookup

    team, place, ts, user = where
    intake = Intake(here.database, here.store, Silent(), here.settings)
    facts = {
        "team": team,
        "place": place,
        "post_ts": ts,
        "thread_ts": ts,
        "requester": user,
        "key": f"{place}:{ts}",
    }
    card, _ = posts.open_card(intake, **facts)
    known = lookup.file(slack_api.client_of(here.settings, team), file_id)
    if known is None:
        raise LiveTrialFailed("Slack does not know the file that was just posted.")
    pdf = download.fetch(intake, here.settings, known)
    owner = slack_api.owner_of(team, user)
    request = Request(
        pdf,
        Options(target),
        owner,
        slack_api.CHANNEL,
        f"live:{file_id}",
        card_id=card.id,
        file_ref=file_id,
    )
    payload = {"team": team, "place": place, "thread_ts": ts, "user": user}
    kept = intake.keep(Message(slack_api.CHANNEL, f"slack:live:{file_id}", owner, payload))
    # at once: the sweeper looks at new rows after some seconds
    with intake.opened(str(kept.message_id)) as held:
        if held is None:
            raise LiveTrialFailed("Another process took the file first.")
        return intake.submit([request], message=held).job_ids[0]


def _answered(
    here: Site, client: WebClient, where: tuple[str, str], job_id: str, within_s: float
) -> bytes:
    """The bytes of the file that stands in the thread as the answer."""
    from ingress.slack import download, lookup

    sent = live.await_sent(here, job_id, within_s)
    place, ts = where

    def shown() -> Any:
        with slack_api.our_errors():
            told = client.conversations_replies(channel=place, ts=ts)
        files = [file for message in told["messages"] for file in message.get("files", [])]
        return next((file for file in files if file["id"] == sent.ref), None)

    live.await_(shown, within_s, "The answer is not in the thread")
    known = lookup.file(client, str(sent.ref))
    if known is None:
        raise LiveTrialFailed("Slack does not know the file of the answer.")
    intake = Intake(here.database, here.store, Silent(), here.settings)
    kept = download.fetch(intake, here.settings, known)
    try:
        with here.store.open(kept.blob) as body:
            return body.read()
    finally:
        here.store.delete(kept.blob)


def _clean(
    here: Site, client: WebClient, where: tuple[str, str], file_id: str, job_id: str
) -> None:
    """Take away the job, the answer, the card and the post; what Slack refuses stays."""
    place, ts = where
    with suppress(DragomanError):
        if job_id:
            live.forget(here, job_id)
        slack_api.delete_file(client, file_id)
    with suppress(DragomanError), slack_api.our_errors():
        replies = client.conversations_replies(channel=place, ts=ts)["messages"]
        for message in reversed(replies):
            with suppress(DragomanError), slack_api.our_errors():
                client.chat_delete(channel=place, ts=str(message["ts"]))
