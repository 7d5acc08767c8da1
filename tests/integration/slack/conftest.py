"""A post in a Slack of the test's own, and a notifier that shows and answers it; the door and
the pipeline are a few lines each.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import update

from dragoman.app.intake import Intake, Message, Request
from dragoman.channels.slack import posts
from dragoman.channels.slack.slack_api import owner_of
from dragoman.db.engine import Database
from dragoman.db.ledgers import cards, jobs, lease
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records import process_registry
from dragoman.domain.job import Options, Stage, WaitingFor
from dragoman.errors import DragomanError, NoText
from dragoman.ports import BlobStore
from dragoman.settings import Settings
from notifier.tasks import Context, deliver, open_context
from pipeline.engines.pseudo import Pseudo
from tests import manifest
from tests.integration.slack.house import House, opened
from tests.pdfs import LOREM, make
from tests.rows import deliveries, row
from tests.servers.slack.model import Channel, User
from tests.servers.slack.model import Message as Posted
from tests.servers.slack.slack import FakeSlack

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """A Slack with the app that the manifest describes."""
    with FakeSlack(events=manifest.events(), scopes=manifest.scopes()) as server:
        yield server


@pytest.fixture
def settings(settings: Settings, slack: FakeSlack) -> Settings:
    facts = {
        "slack_mode": "http",
        "slack_bot_token": SecretStr(slack.bot_token),
        "slack_signing_secret": SecretStr(slack.signing_secret),
        "slack_api_url": slack.api_url,
    }
    return settings.model_copy(update=facts)


@dataclass
class Desk:
    """Everything around one post of Ann's in the channel `general`."""

    slack: FakeSlack
    intake: Intake
    database: Database
    store: BlobStore
    context: Context
    ann: User
    general: Channel
    post: Posted
    card_id: str = ""
    count: int = field(default=0)

    def open_card(self, **values: Any) -> str:
        facts = {
            "team": self.slack.here.team_id,
            "place": self.post.channel,
            "post_ts": self.post.ts,
            "thread_ts": self.post.thread_ts or self.post.ts,
            "requester": self.ann.id,
            "key": f"{self.post.channel}:{self.post.ts}",
        }
        self.card_id = posts.open_card(self.intake, **{**facts, **values})[0].id
        return self.card_id

    def keep(self, **payload: Any) -> str:
        self.count += 1
        team = self.slack.here.team_id
        where = {
            "team": team,
            "place": self.post.channel,
            "thread_ts": self.post.ts,
            "user": self.ann.id,
        }
        message = Message(
            "slack", f"slack:{self.count}", owner_of(team, self.ann.id), {**where, **payload}
        )
        message_id = str(self.intake.keep(message).message_id)
        if self.card_id:
            self.set(message_id=message_id)
        return message_id

    def submit(self, *names: str, lang: str = "fr") -> list[str]:
        """The files of the post are jobs from now on."""
        with self.intake.opened(self.keep()) as held:
            assert held
            owner = owner_of(self.slack.here.team_id, self.ann.id)
            requests = [
                Request(
                    self.intake.store_pdf(name, io.BytesIO(PDF)),
                    Options(lang),
                    owner,
                    "slack",
                    f"{self.count}:{number}",
                    card_id=self.card_id,
                    file_ref=f"F{number}",
                )
                for number, name in enumerate(names)
            ]
            return list(self.intake.submit(requests, message=held).job_ids)

    def claim(self, job_id: str, stage: Stage = Stage.RECONSTRUCT) -> lease.Lease:
        with self.database.write() as connection:
            connection.execute(
                update(jobs.JOBS)
                .where(jobs.JOBS.c.id == job_id)
                .values(stage=stage, lease_until=0.0)
            )
        held = lease.claim(self.database, jobs.LEDGER, job_id, 60)
        assert held
        return held

    def progress(self, job_id: str, fraction: float, stage: Stage = Stage.TRANSLATE) -> lease.Lease:
        held = self.claim(job_id, stage)
        with self.database.write() as connection:
            jobs.show_progress(connection, held, fraction)
        return held

    def wait(self, job_id: str, waiting_for: WaitingFor, **facts: Any) -> None:
        held = self.claim(job_id, Stage.EXTRACT)
        with self.database.write() as connection:
            jobs.wait(connection, held, waiting_for, 86400, **facts)

    def complete(self, job_id: str, **facts: Any) -> None:
        key = f"jobs/{job_id}/reconstruct/1.pdf"
        self.store.put(key, io.BytesIO(PDF))
        known = {"source_lang": "en", "engine": "deepl", "pages": 2, "characters": 1234, **facts}
        held = self.claim(job_id)
        with self.database.write() as connection:
            jobs.complete(connection, held, key, len(PDF), **known)

    def fail(self, job_id: str, error: DragomanError | None = None) -> None:
        lease.bury(self.claim(job_id), error or NoText())

    # ---------- the notifier

    def show(self) -> bool:
        """Ring for the card, whatever time it is."""
        assert self.context.shower
        self.set(run_after=0.0, shown_at=0.0)
        return self.context.shower.show(self.card_id)

    def deliver(self, owner: str) -> int:
        with self.database.write() as connection:
            connection.execute(update(OUTBOX).values(run_after=0.0, lease_until=0.0))
        return deliver(self.context, owner)

    def set(self, **values: Any) -> None:
        with self.database.write() as connection:
            connection.execute(update(CARDS).where(CARDS.c.id == self.card_id).values(**values))

    # ---------- looking

    @property
    def card(self) -> dict[str, Any]:
        return row(self.database, CARDS, self.card_id)

    def delivery(self, owner: str) -> dict[str, Any]:
        return deliveries(self.database, owner)[-1]

    @property
    def thread(self) -> list[Posted]:
        self.slack.wait_until(lambda: True)
        return self.slack.thread(self.post)

    def direct(self) -> list[Posted]:
        return self.slack.messages(self.slack.dm(self.ann))

    def wait_for_file(self, count: int = 1) -> None:
        self.slack.wait_until(
            lambda: len(self.slack.world.uploads.shared) >= count, what="files are shared"
        )

    def withdraw(self) -> None:
        with self.database.write() as connection:
            cards.withdraw(connection, self.card_id)


@pytest.fixture
def desk(
    slack: FakeSlack, intake: Intake, database: Database, store: BlobStore, settings: Settings
) -> Iterator[Desk]:
    slack.api.limits.on = False
    ann = slack.user("ann")
    general = slack.channel("general", ann)
    context = open_context(settings)
    post = slack.post(ann, general, "to French", files=[slack.file("contract.pdf", PDF)])
    made = Desk(slack, intake, database, store, context, ann, general, post)
    made.open_card()
    yield made
    context.database.close()


# ---------- whole ways


@pytest.fixture
def pdf(tmp_path: Path) -> bytes:
    return make(tmp_path / "in.pdf", LOREM, LOREM).read_bytes()


@pytest.fixture
def whole(settings: Settings, slack: FakeSlack, sqlite_database: Database) -> Settings:
    """Settings of a whole Dragoman, with the pseudo engine, so that what it writes is known;
    its worker has said so.
    """
    with sqlite_database.write() as connection:
        process_registry.publish(connection, "worker@here", [Pseudo().capabilities()])
    facts = {
        "engine": "pseudo",
        "slack_app_token": SecretStr(slack.app_token),
        "slack_file_hosts": (slack.file_host_url.removeprefix("http://"),),
    }
    return settings.model_copy(update=facts)


@pytest.fixture(params=["http", "socket"])
def house(request: pytest.FixtureRequest, slack: FakeSlack, whole: Settings) -> Iterator[House]:
    """A whole Dragoman, once in each mode."""
    with opened(
        slack, whole.model_copy(update={"slack_mode": request.param}), request.param
    ) as made:
        yield made
        assert made.errors == []


@pytest.fixture
def http(slack: FakeSlack, whole: Settings) -> Iterator[House]:
    """A whole Dragoman behind a request URL."""
    slack.api.limits.on = False
    with opened(slack, whole, "http") as made:
        yield made
        assert made.errors == []


@pytest.fixture
def ann(slack: FakeSlack) -> User:
    return slack.user("ann")


@pytest.fixture
def general(slack: FakeSlack, ann: User) -> Channel:
    return slack.channel("general", ann)
