"""`make chaos`: a site under fire, and the ledger of promises checked afterwards.

Exit 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import update

from dragoman.app.store import orphans
from dragoman.db.engine import Database
from dragoman.db.ledgers.cards import CARDS
from dragoman.db.ledgers.inbox import INBOX
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.records.process_registry import HEARTBEATS
from dragoman.domain.job import OPEN, RowState
from dragoman.telemetry import configure_logs
from pipeline.attempt.context import Context
from pipeline.worker import maintenance
from tests.chaos import ledger
from tests.chaos.client import Client
from tests.chaos.faults import Faults
from tests.chaos.ledger import Evidence
from tests.chaos.site import Site
from tests.chaos.words import Witness
from tests.patience import Patience, patience

SETTLED_WITHIN_S = 480.0  # cards in Slack take turns, a minute and more where there are many
WORTH_COUNTING = (
    "will_retry",
    "gave_up",
    "child_lost",
    "lease_lost",
    "delivery_found_as_sent",
    "heartbeat_missed",
    "disk_",
)


@dataclass
class Aftermath:
    """A site after the fire, its rows at rest and its clean-ups done."""

    site: Site
    client: Client
    faults: Faults
    context: Context
    seconds: float
    peace_s: float
    retried_dead: int
    swept: int
    heard: set[str]

    def evidence(self) -> Evidence:
        """What there is now."""
        context = self.context
        return ledger.collect(
            self.site, self.client, self.faults, context.database, context.store, self.heard
        )

    def facts(self) -> dict[str, Any]:
        """The figures of the run."""
        said, deepl, llm = self.site.said(), self.site.deepl, self.site.llm
        return {
            "accepted": len(self.client.sent), "repeated": self.client.repeated, "faults": self.faults.counted(),
            "kills": sum(one.kind.startswith("kill") for one in self.faults.strikes),
            "strikes": len(self.faults.strikes), "restarts": len(self.site.deaths),
            "retries": sum(count for event, count in said.items() if event.startswith("will_retry")),
            "logged": {event: count for event, count in sorted(said.items()) if event.startswith(WORTH_COUNTING)}, "retried_dead": self.retried_dead, "orphans_swept": self.swept,
            "requests_to_the_model": len(llm.paths),
            "texts": len({text for one in deepl.paid for text in one.texts}), "texts_paid_twice": ledger.paid_twice(deepl.paid),
            "mails_sent_again": self.site.sink.sent_again(), "seconds": round(self.seconds, 1), "seconds_of_peace": round(self.peace_s, 1), "clock_away_s": self.faults.away_s,
            **self._of_backup(),
            "left_out": [] if self.site.disk.is_own else ["full disk: a mount needs root"],
        }  # fmt: skip

    def _of_backup(self) -> dict[str, Any]:
        evidence, backup = self.evidence(), self.faults.backup
        lost = [word for word in evidence.unknown if not evidence.answers[word]]
        return {
            "restored": backup.restored is not None,
            "taken_after_the_backup": len(evidence.unknown),
            "of_those_lost": len(lost),
            "may_go_out_twice": len(backup.restored.owed) if backup.restored else 0,
            "answered_twice": sum(len(answers) > 1 for answers in evidence.answers.values()),
            "newer_files": len(backup.restored.newer) if backup.restored else 0,
            "backups_tried_again": backup.failures,
        }


def burn(site: Site, *, seed: int, seconds: float, jobs: int, restores: bool = True) -> Aftermath:
    """Faults for `seconds` while `jobs` documents come in; then peace, until no row has
    anything left to do.
    """
    faults, client, began = (
        Faults(site, seed, seconds, restores=restores),
        Client(site, seed, jobs, seconds),
        time.monotonic(),
    )
    witness = Witness(site, client)
    faults.start()
    client.start()
    witness.start()
    client.join(patience(seconds * 3 + 120))
    time.sleep(max(seconds - (time.monotonic() - began), 0))
    faults.await_restore()
    faults.stop()
    context, peace = Context.open(site.settings()), time.monotonic()
    retried = _settle(context, client)
    witness.stop()
    ended = time.monotonic()
    return Aftermath(
        site,
        client,
        faults,
        context,
        ended - began,
        ended - peace,
        retried,
        _clean(context, restored=faults.backup.restored is not None),
        witness.heard,
    )


def run(
    *, seed: int, seconds: float, jobs: int, postgresql: bool, s3: bool
) -> tuple[dict[str, Any], list[str]]:
    """One seeded run: its figures, and the promises that were broken.

    The logs stay where the figures say, if one was.
    """
    with Site(postgresql=postgresql, s3=s3) as site:
        aftermath = burn(site, seed=seed, seconds=seconds, jobs=jobs)
        facts, broken = aftermath.facts(), ledger.broken(aftermath.evidence())
        if broken:
            _write_rows(aftermath.context.database, site.folder / "rows.json")
        aftermath.context.database.close()
        if broken:
            facts["folder"] = str(site.folder)
            site.keep()
    if not broken:
        site.forget()
    return facts, broken


def _write_rows(database: Database, file: Path) -> None:
    """What stands in the ledgers, for whoever looks into what was broken."""
    with database.read() as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in (INBOX, JOBS, OUTBOX, CARDS)
        }
    file.write_text(json.dumps(rows, indent=1, default=str))


def _settle(context: Context, client: Client) -> int:
    """Wait for the end of all rows, trying dead letters again now that the faults are gone; how
    many those were.
    """
    left, retried = Patience(SETTLED_WITHIN_S), 0
    while not left.is_over():
        with context.database.read() as connection:
            at_work, dead = ledger.count(connection, *OPEN), ledger.count(connection, RowState.DEAD)
        if dead:
            retried += _retry(client)
        elif not at_work:
            break
        time.sleep(0.5)
    return retried


def _retry(client: Client) -> int:
    try:
        return client.retry_dead()
    except (OSError, http.client.HTTPException):
        return 0  # the door is just being opened again


def _clean(context: Context, *, restored: bool) -> int:
    """Two clean-ups, the second as if it were a day later; how many keys went.

    After a restore, files that no row names are kept until an admin has looked at them, who then
    orders what the log advises.
    """
    before = _keys(context)
    maintenance.clean_up(context)
    with context.database.write() as connection:
        ours = HEARTBEATS.c.service == orphans.CLEAN_UP
        seen = connection.scalar(
            HEARTBEATS.select().with_only_columns(HEARTBEATS.c.facts).where(ours)
        )
        older = {key: at - 2 * orphans.ORPHAN_S for key, at in seen["orphans"].items()}
        connection.execute(update(HEARTBEATS).where(ours).values(facts={"orphans": older}))
    maintenance.clean_up(context)
    if restored:
        orphans.delete_old(context.database, context.store, ordered=True)
    return before - _keys(context)


def _keys(context: Context) -> int:
    return sum(1 for prefix in ledger.PREFIXES for _ in context.store.keys(prefix))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--store", choices=("folder", "s3"), default="folder")
    chosen = parser.parse_args()
    configure_logs("json")
    signal.signal(
        signal.SIGTERM, signal.default_int_handler
    )  # as Ctrl-C: all that was started ends, and the disk is unmounted
    facts, broken = run(
        seed=chosen.seed,
        seconds=chosen.seconds,
        jobs=chosen.jobs,
        postgresql=chosen.database == "postgresql",
        s3=chosen.store == "s3",
    )
    print(
        json.dumps(
            {"seed": chosen.seed, "database": chosen.database, "store": chosen.store, **facts},
            indent=2,
        )
    )
    for promise in broken:
        print(f"BROKEN {promise}", file=sys.stderr)
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
