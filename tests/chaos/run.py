"""`make chaos`: a site under fire, and the ledger checked afterwards. Exit 1 if a promise was broken.

Each accepted document has exactly one final answer with the right PDF; no row is stuck, no bytes are without a row; no
text is paid for twice but those in flight when somebody was killed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pymupdf

from dragoman import retention
from dragoman.db.engine import Database
from dragoman.db.gauges import of_ledgers
from dragoman.storage import open_store
from tests.chaos.client import Client, Sent
from tests.chaos.faults import Faults
from tests.chaos.site import CONCURRENCY, Site

SETTLED_WITHIN_S = 180.0
TEXTS_IN_FLIGHT = 2 * CONCURRENCY * 20  # both workers, all children, the sentences of a document each
ENDED = ("COMPLETED", "FAILED", "CANCELLED")


@dataclass
class Report:
    """What happened, and what should not have."""

    facts: dict[str, Any] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)


def run(*, seed: int, seconds: float, jobs: int, postgresql: bool, s3: bool) -> Report:
    """One seeded run. The logs stay where the report says, if a promise was broken."""
    with Site(postgresql=postgresql, s3=s3) as site:
        faults, client = Faults(site, seed), Client(site, seed, jobs, seconds)
        began = time.monotonic()
        faults.start()
        client.start()
        client.join(seconds * 3 + 120)
        time.sleep(max(seconds - (time.monotonic() - began), 0))
        faults.stop()
        report = _checked(site, client, faults)
        report.facts["seconds"] = round(time.monotonic() - began, 1)
        report.facts["log"] = str(site.folder / "log") if report.broken else None
    if not report.broken:
        site.forget()
    return report


def _checked(site: Site, client: Client, faults: Faults) -> Report:
    database, store = Database(site.database_url), open_store(site.storage_url)
    report = Report()
    try:
        retried = _settle(database, client)
        mailed = [sent for sent in client.sent if sent.job_id is None]
        answers = {sent.word: site.sink.answers_to(sent.message_id) for sent in mailed}
        _check(report, "lost", [word for word, found in answers.items() if not _finals(found)])
        _check(report, "answered twice", [word for word, found in answers.items() if len(_finals(found)) > 1])
        _check(
            report, "wrong answer", [s.word for s in mailed if answers[s.word] and not _is_right(s, answers[s.word])]
        )
        uploaded = [sent for sent in client.sent if sent.job_id is not None]
        _check(report, "wrong result", [sent.word for sent in uploaded if not _has_result(client, sent)])
        with database.read() as connection:
            stuck = {name: gauge.open for name, gauge in of_ledgers(connection).items() if gauge.open}
            dead = {name: gauge.dead for name, gauge in of_ledgers(connection).items() if gauge.dead}
        _check(report, "stuck", [f"{name}: {count}" for name, count in stuck.items()])
        _check(report, "dead", [f"{name}: {count}" for name, count in dead.items()])
        orphans = _orphans(database, store)
        texts = Counter(text for request in site.deepl.requests for text in request["text"])
        twice = sum(texts.values()) - len(texts)
        cut = sum(faults.counted.values())
        _check(report, "paid twice", [f"{twice} texts"] if twice > cut * TEXTS_IN_FLIGHT else [])
        report.facts |= {
            "accepted": len(client.sent), "repeated": client.repeated, "faults": dict(faults.counted),
            "restarts": site.restarts, "retried_dead": retried, "orphans_swept": orphans, "texts": len(texts),
            "texts_paid_twice": twice, "mails_sent_again": len(site.sink.taken) - len({m["Message-ID"] for m in site.sink.taken}),
        }  # fmt: skip
    finally:
        database.close()
    return report


def _settle(database: Database, client: Client) -> int:
    """Wait for the end of all rows, trying dead letters again now that the faults are gone; how many those were."""
    deadline, retried = time.monotonic() + SETTLED_WITHIN_S, 0
    while time.monotonic() < deadline:
        with database.read() as connection:
            gauges = of_ledgers(connection).values()
        if not any(gauge.open for gauge in gauges):
            if not any(gauge.dead for gauge in gauges if gauge is not None):
                return retried
            again = _retry(client)
            retried += again
            if not again:
                return retried
        time.sleep(0.5)
    return retried


def _retry(client: Client) -> int:
    try:
        return client.retry_dead()
    except OSError:
        return 1  # the door is just being opened again


def _finals(answers: list[Any]) -> list[Any]:
    """Answers with a PDF; an ack or a progress mail has none, nor has the answer of a run that failed."""
    return [one for one in answers if _pdf(one) is not None]


def _pdf(answer: Any) -> bytes | None:
    found = [part for part in answer.iter_attachments() if part.get_content_type() == "application/pdf"]
    return found[0].get_payload(decode=True) if found else None


def _is_right(sent: Sent, answers: list[Any]) -> bool:
    return all(_translated(sent, _pdf(one) or b"") for one in _finals(answers))


def _has_result(client: Client, sent: Sent) -> bool:
    assert sent.job_id is not None
    return client.status(sent.job_id)["status"] == "COMPLETED" and _translated(sent, client.result(sent.job_id))


def _translated(sent: Sent, pdf: bytes) -> bool:
    """The fake service writes in capitals."""
    with pymupdf.open("pdf", pdf) as read:
        text = "".join(page.get_text() for page in read)
        return read.page_count == sent.pages and text.count(sent.word.upper()) == 4 * sent.pages


def _orphans(database: Database, store: Any) -> int:
    """Bytes that a kill left without a row: what the clean-up deletes; how many."""
    found = [
        key for prefix in ("jobs/", "inbox/", "outbox/") for key in retention.unreferenced(database, store, prefix)
    ]
    for key in found:
        store.delete(key)
    return len(found)


def _check(report: Report, promise: str, offenders: list[str]) -> None:
    if offenders:
        report.broken.append(f"{promise}: {len(offenders)} ({', '.join(offenders[:5])})")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--jobs", type=int, default=100)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--store", choices=("folder", "s3"), default="folder")
    chosen = parser.parse_args()
    report = run(
        seed=chosen.seed,
        seconds=chosen.seconds,
        jobs=chosen.jobs,
        postgresql=chosen.database == "postgresql",
        s3=chosen.store == "s3",
    )
    print(
        json.dumps({"seed": chosen.seed, "database": chosen.database, "store": chosen.store, **report.facts}, indent=2)
    )
    for promise in report.broken:
        print(f"BROKEN {promise}", file=sys.stderr)
    sys.exit(bool(report.broken))


if __name__ == "__main__":
    main()
