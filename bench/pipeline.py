"""What the pipeline costs beside its work, how a burst drains, and what a second worker brings.

All in one run, as ratios.

.venv/bin/python -m bench.pipeline [--only overhead|upload|burst|parts|children|fairness] [--single
150] [--uploads 26] [--page PDF]
                                   [--burst 1000] [--pages 600] [--long-pages 570] [--fair-pages
                                   2000]
"""

from __future__ import annotations

import argparse
import json
import logging
import math
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import pymupdf
from sqlalchemy import func, select

from bench import bare_chain
from dragoman import telemetry
from dragoman.adapters import queues
from dragoman.adapters.storage import open_store
from dragoman.app.intake import Intake, Message, Request
from dragoman.db import schema
from dragoman.db.engine import Database
from dragoman.db.ledgers.jobs import JOBS
from dragoman.db.ledgers.outbox import OUTBOX
from dragoman.db.queries.history import STAGE_TIMES
from dragoman.domain.job import OPEN, Options, RowState, Stage, stages_from
from dragoman.settings import Settings
from tests.fake_deepl import KEY, FakeDeepL
from tests.fakes import RecordingDoorbell
from tests.servers.process import wait_until
from tests.servers.redis import Redis

TICKS = os.sysconf("SC_CLK_TCK")
WARM = 10
ITS_STAGES = stages_from(Stage.EXTRACT, toned=False)  # of a job without wishes
IDLE_S = 3
SHORT = 10  # documents of two pages beside a long one


class Bed:
    """A database, a store and a broker, and the processes that work on them."""

    def __init__(self, redis: Redis, **more: Any) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="dragoman-bench-"))
        chosen = {
            "data_dir": self.folder,
            "broker_url": redis.url,
            "engine": "pseudo",
            "approval_pages": 0,
            "approval_characters": 0,
            **more,
        }
        self._environment = {
            f"DRAGOMAN_{name.upper()}": str(value) for name, value in chosen.items()
        }
        os.environ.update(self._environment)
        self.settings = Settings.from_env()
        self.database = Database(self.settings.database)
        schema.upgrade(self.database)
        self.app = queues.make_app(self.settings)
        self.doorbell = queues.BrokerDoorbell(self.app)
        self.intake = Intake(
            self.database, open_store(self.settings.storage), self.doorbell, self.settings
        )
        # No worker is to open the message: this process does.
        self.quiet = Intake(self.database, self.intake.store, RecordingDoorbell(), self.settings)
        self.children: list[subprocess.Popen[bytes]] = []

    def start(self, *services: str) -> None:
        with (self.folder / "log").open("ab") as log:
            for service in services:
                command = [sys.executable, "-m", "dragoman", service]
                self.children.append(
                    subprocess.Popen(
                        command,
                        env=os.environ.copy(),
                        stdout=log,
                        stderr=log,
                        start_new_session=True,
                    )
                )

    def submit(self, pdf: bytes) -> str:
        """A document as a mail brings it, so that a delivery follows; the job's id."""
        key = uuid.uuid4().hex
        kept = self.quiet.keep(
            Message("email", key, "bench@example.org", {"recipient": "x", "subject": ""})
        )
        assert kept.message_id is not None
        with self.intake.opened(kept.message_id) as held:
            assert held is not None
            stored = self.intake.store_pdf("a.pdf", BytesIO(pdf))
            request = Request(
                stored, Options("de", source_lang="en"), "bench@example.org", "email", key
            )
            return self.intake.submit([request], message=held).job_ids[0]

    def upload(self, pdf: bytes) -> str:
        """A document as the web page takes it, which shows its result itself; the job's id."""
        stored = self.intake.store_pdf("a.pdf", BytesIO(pdf))
        request = Request(
            stored, Options("de", source_lang="en"), "bench", "web", f"web:{uuid.uuid4().hex}"
        )
        return self.intake.submit([request]).job_ids[0]

    def await_all(self, within_s: float) -> None:
        """Until no job is open."""
        wait_until(lambda: not self.count(*OPEN), within_s, "all jobs end", every_s=0.05)

    def job(self, job_id: str) -> dict[str, Any]:
        """The job's row."""
        with self.database.read() as connection:
            return dict(
                connection.execute(select(JOBS).where(JOBS.c.id == job_id)).mappings().one()
            )

    def seconds(self, job_id: str) -> float:
        """From its acceptance to its end."""
        row = self.job(job_id)
        return float(row["ended_at"] - row["created_at"])

    def count(self, *states: RowState) -> int:
        with self.database.read() as connection:
            statement = select(func.count()).select_from(JOBS).where(JOBS.c.state.in_(states))
            return int(connection.scalar(statement) or 0)

    def logged(self, event: str, name: str, ids: Collection[str]) -> list[dict[str, Any]]:
        """The lines of an event in the services' logs that tell of these ids under this name."""
        lines = (
            json.loads(line)
            for line in (self.folder / "log").read_text().splitlines()
            if line.startswith("{")
        )
        return [line for line in lines if line.get("event") == event and line.get(name) in ids]

    def close(self) -> None:
        for child in self.children:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        self.doorbell.close()
        self.database.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def bed(redis: Redis, **more: Any) -> Iterator[Bed]:
    """A bed that is cleared away."""
    with redis.client() as client:
        client.flushall()
    made = Bed(redis, **more)
    try:
        yield made
    finally:
        made.close()


def cpu_s(processes: list[subprocess.Popen[bytes]]) -> float:
    """CPU seconds of processes, their children and those that ended."""
    groups = {process.pid for process in processes}
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[2]) in groups:  # its process group
                total += sum(map(int, fields[11:15]))
    return total / TICKS


def overhead(redis: Redis, jobs: int) -> dict[str, Any]:
    """One-page jobs one after the other, in turn with bare chains of five empty tasks."""
    page, chains = document(1), list[float]()
    with bare_worker() as bare, bed(redis) as ours:
        ours.start("worker", "notifier", "sweeper")
        for _ in range(WARM):
            ours.submit(page)
            bare.run()
        ours.await_all(120)
        before, bare_before = cpu_s(ours.children), cpu_s([bare.child])
        ids = []
        for _ in range(jobs):
            ids.append(ours.submit(page))
            ours.await_all(60)
            chains.append(bare.run())
        time.sleep(1)
        cpu, bare_cpu = cpu_s(ours.children) - before, cpu_s([bare.child]) - bare_before
        totals, own, stages_cpu = told(ours, ids)
    rest = sorted(total - mine for total, mine in zip(totals, own, strict=True))
    bare_p50 = statistics.median(chains)
    return {
        "jobs": jobs,
        "load": round(os.getloadavg()[0], 1),
        "stages_p50_ms": ms(statistics.median(own)),
        "stages_cpu_ms": ms(stages_cpu / jobs),
        "accept_to_delivery_p50_ms": ms(statistics.median(totals)),
        "without_stages_p50_ms": ms(statistics.median(rest)),
        "without_stages_p99_ms": ms(rest[math.ceil(len(rest) * 0.99) - 1]),
        "cpu_a_job_ms": ms(cpu / jobs),
        "cpu_without_stages_ms": ms((cpu - stages_cpu) / jobs),
        "bare_chain_p50_ms": ms(bare_p50),
        "bare_chain_cpu_ms": ms(bare_cpu / jobs),
        "latency_ratio": round(statistics.median(rest) / bare_p50, 2),
        "cpu_ratio": round((cpu - stages_cpu) / bare_cpu, 2),
    }


def upload(redis: Redis, jobs: int, page: bytes) -> dict[str, Any]:
    """One page by upload, one job after the other: the worker's CPU, as a multiple of opening,
    reading and saving that page.

    A worker has been idle for a while before the first one that counts, as a server is that people
    send documents to now and then.
    """
    with bed(redis) as ours:
        ours.start("worker", "sweeper")
        for _ in range(WARM):
            ours.upload(page)
        ours.await_all(120)
        time.sleep(IDLE_S)
        before = CpuOf.tree(ours.children[0].pid)
        for _ in range(jobs):
            ours.upload(page)
            ours.await_all(60)
        time.sleep(1)
        took = CpuOf.tree(ours.children[0].pid).less(before)
    floor = floor_s(page)
    return {
        "jobs": jobs,
        "load": round(os.getloadavg()[0], 1),
        "floor_ms": ms(floor),
        "worker_cpu_ms": ms(took.all / jobs),
        "of_it": {name: ms(seconds / jobs) for name, seconds in vars(took).items()},
        "ratio": round(took.all / jobs / floor, 1),
    }


@dataclass(frozen=True)
class CpuOf:
    """CPU seconds of a worker by who spent them: Celery's own process, its pool, the servers of
    the sandbox, and what these have forked.
    """

    worker: float
    pool: float
    servers: float
    confined: float

    @property
    def all(self) -> float:
        return self.worker + self.pool + self.servers + self.confined

    @classmethod
    def tree(cls, pid: int) -> CpuOf:
        """What a worker and all that it has started took until now; nothing of it may have
        ended unseen.
        """
        stats = dict(_stats())
        pool = [child for child, one in stats.items() if one.parent == pid]
        servers = [child for child, one in stats.items() if one.parent in pool]
        return cls(
            stats[pid].own,
            sum(stats[one].own for one in pool),
            sum(stats[one].own for one in servers),
            sum(stats[one].ended for one in servers),
        )

    def less(self, before: CpuOf) -> CpuOf:
        return CpuOf(
            *(
                mine - its
                for mine, its in zip(vars(self).values(), vars(before).values(), strict=True)
            )
        )


class Stat(NamedTuple):
    """A process: who started it, its own CPU seconds, and those of its children that have ended."""

    parent: int
    own: float
    ended: float


def _stats() -> Iterator[tuple[int, Stat]]:
    """All processes, by their ids: proc_pid_stat(5)."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            own, ended = sum(map(int, fields[11:13])), sum(map(int, fields[13:15]))
            yield int(stat.parent.name), Stat(int(fields[1]), own / TICKS, ended / TICKS)


def floor_s(page: bytes) -> float:
    """CPU seconds of what no translator can go below: the page opened, read, saved; the least
    of ten.
    """
    took = []
    for _ in range(10):
        began = time.process_time()
        with pymupdf.open(stream=page) as pdf:
            for sheet in pdf:
                sheet.get_text("dict")
            pdf.tobytes(garbage=3, deflate=True)
        took.append(time.process_time() - began)
    return min(took)


def told(ours: Bed, ids: list[str]) -> tuple[list[float], list[float], float]:
    """Of each job: seconds from its acceptance to its delivery row, and those of its stages; of
    all: CPU seconds of the stages.
    """
    with ours.database.read() as connection:
        owed = OUTBOX.c.created_at - JOBS.c.created_at
        pairs = select(owed).where(OUTBOX.c.owner == JOBS.c.message_id, JOBS.c.id.in_(ids))
        totals = list(map(float, connection.scalars(pairs.order_by(JOBS.c.created_at))))
        newest = (
            select(STAGE_TIMES.c.seconds)
            .order_by(STAGE_TIMES.c.id.desc())
            .limit(len(ITS_STAGES) * len(ids))
        )
        took = list(map(float, connection.scalars(newest)))[::-1]
        owners = set(connection.scalars(select(JOBS.c.message_id).where(JOBS.c.id.in_(ids))))
    step = len(ITS_STAGES)
    own = [sum(took[at : at + step]) for at in range(0, len(took), step)]  # one job after the other
    finished = ours.logged("stage_finished", "job_id", ids) + ours.logged(
        "delivered", "owner", owners
    )
    return totals, own, sum(float(one["cpu_s"]) for one in finished)


class Bare:
    """A worker of bare chains, on a broker of its own."""

    def __init__(self, redis: Redis) -> None:
        self._client = redis.client()
        os.environ["BENCH_BROKER"] = bare_chain.app.conf.broker_url = redis.url
        command = [
            sys.executable,
            "-m",
            "celery",
            "-A",
            "bench.bare_chain",
            "worker",
            "--concurrency=2",
        ]
        self.child = subprocess.Popen(
            [*command, "--loglevel=ERROR", "--without-gossip", "--without-mingle"],
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self) -> float:
        """Seconds of one chain."""
        bare_chain.send()
        wait_until(
            lambda: self._client.llen(bare_chain.ENDS) > 0, 60, "the chain ends", every_s=0.05
        )
        return float(self._client.lpop(bare_chain.ENDS))

    def close(self) -> None:
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()
        self._client.close()


@contextmanager
def bare_worker() -> Iterator[Bare]:
    """A worker that is stopped."""
    redis = Redis()
    bare = Bare(redis)
    try:
        yield bare
    finally:
        bare.close()
        redis.remove()


def burst(redis: Redis, jobs: int) -> dict[str, Any]:
    """Many one-page jobs at once."""
    page = document(1)
    with bed(redis) as ours:
        ours.start("worker", "notifier", "sweeper")
        began = time.monotonic()
        for _ in range(jobs):
            ours.submit(page)
        accepted = time.monotonic() - began
        ours.await_all(jobs * 2)
        seconds = time.monotonic() - began
        return {
            "jobs": jobs,
            "accepted_a_second": round(jobs / accepted, 1),
            "done_a_second": round(jobs / seconds, 1),
            "lost": jobs - ours.count(RowState.DONE),
        }


def parts(redis: Redis, pages: int) -> dict[str, Any]:
    """A long document on one worker and on two, each with one child, and DeepL at 100 ms a
    request.
    """
    one, two = (long_document(redis, pages, workers=workers, children=1) for workers in (1, 2))
    return {
        "pages": pages,
        "one_worker_s": round(one.seconds, 1),
        "two_workers_s": round(two.seconds, 1),
        "ratio": round(two.seconds / one.seconds, 2),
        "peak_rss_mb": [one.peak_mb, two.peak_mb],
    }


def children(redis: Redis, pages: int, turns: int) -> dict[str, Any]:
    """The same on one worker with one child and with two, by turns: the median of each, and
    when its stages ended.
    """
    taken: dict[int, list[Long]] = {1: [], 2: []}
    for _ in range(turns):
        for count, found in taken.items():
            found.append(long_document(redis, pages, workers=1, children=count))
    one, two = (
        sorted(found, key=lambda taken: taken.seconds)[len(found) // 2] for found in taken.values()
    )
    return {
        "pages": pages,
        "load": round(os.getloadavg()[0], 1),
        "one_child": one.told(),
        "two_children": two.told(),
        "ratio": round(two.seconds / one.seconds, 2),
    }


@dataclass(frozen=True)
class Long:
    """What a long document took.

    `ends`: after how many seconds what was done for it ended, in order; runs of one kind by their
    last.
    """

    seconds: float
    cpu_s: float
    peak_mb: int
    ends: dict[str, float]

    def told(self) -> dict[str, Any]:
        ends = {name: round(end, 1) for name, end in self.ends.items()}
        return {
            "s": round(self.seconds, 1),
            "cpu_s": round(self.cpu_s, 1),
            "peak_mb": self.peak_mb,
            "ends_s": ends,
        }


def long_document(redis: Redis, pages: int, *, workers: int, children: int) -> Long:
    """A long document through DeepL's stand-in, which answers after 100 ms."""
    pdf = document(pages)
    with FakeDeepL(latency_s=0.1) as deepl:
        engine = {
            "engine": "deepl",
            "deepl_auth_key": KEY,
            "deepl_server_url": deepl.url,
            "deepl_requests_per_s": 0,
        }
        with bed(redis, worker_concurrency=children, max_pages=3000, **engine) as ours:
            deepl.character_limit = 10**9
            ours.start(*["worker"] * workers, "notifier", "sweeper")
            ours.submit(document(1))
            ours.await_all(120)
            trees = [one.pid for one in ours.children[:workers]]
            before = sum(CpuOf.tree(pid).all for pid in trees)
            began, began_at = time.monotonic(), time.time()
            job_id = ours.submit(pdf)
            ours.await_all(1200)
            seconds = time.monotonic() - began
            assert ours.count(RowState.DONE) == 2
            cpu = sum(CpuOf.tree(pid).all for pid in trees) - before
            return Long(
                seconds, cpu, peak_mb(ours.children[:workers]), ends_of(ours, job_id, began_at)
            )


def ends_of(ours: Bed, job_id: str, began_at: float) -> dict[str, float]:
    """When the stages of a job and of its parts ended, in seconds after its beginning."""
    told = [(one, "parts") for one in ours.logged("part_finished", "job_id", [job_id])]
    told += [(one, "joined") for one in ours.logged("stage_finished", "job_id", [job_id])]
    ended = [
        (datetime.fromisoformat(one["timestamp"]).timestamp() - began_at, f"{one['stage']} {kind}")
        for one, kind in told
    ]
    return {name: end for end, name in sorted(ended)}


def fairness(redis: Redis, pages: int) -> dict[str, Any]:
    """Ten documents of two pages alone, and then while a long one is at work; seconds until
    each has ended.
    """
    short = document(2)
    with bed(redis, max_pages=3000) as ours:
        ours.start("worker", "notifier", "sweeper")
        for _ in range(WARM):
            ours.submit(short)
        ours.await_all(120)
        alone = [ours.submit(short) for _ in range(SHORT)]
        ours.await_all(120)
        long = ours.submit(document(pages))
        wait_until(
            lambda: bool(ours.job(long)["parts_left"]), 120, "its parts are at work", every_s=0.05
        )
        beside = [ours.submit(short) for _ in range(SHORT)]
        wait_until(
            lambda: all(ours.job(one)["ended_at"] for one in beside),
            600,
            "short ones end",
            every_s=0.05,
        )
        unfinished = ours.job(long)["ended_at"] is None
        ours.await_all(1800)
        return {
            "pages": pages,
            "short_alone_s": spread([ours.seconds(one) for one in alone]),
            "short_beside_s": spread([ours.seconds(one) for one in beside]),
            "long_s": round(ours.seconds(long), 1),
            "long_was_still_at_work": unfinished,
        }


def spread(seconds: list[float]) -> list[float]:
    """Median and maximum."""
    return [round(statistics.median(seconds), 1), round(max(seconds), 1)]


def peak_mb(processes: list[subprocess.Popen[bytes]]) -> int:
    """The most that one process of these groups held."""
    groups, most = {process.pid for process in processes}, 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError, IndexError, StopIteration):
            if int(stat.read_text().rpartition(")")[2].split()[2]) in groups:
                lines = (stat.parent / "status").read_text().splitlines()
                most = max(
                    most, int(next(line for line in lines if line.startswith("VmHWM")).split()[1])
                )
    return most // 1024


def dense_page() -> bytes:
    """A page in two columns of small print, some 900 words."""
    sentence = (
        "The visitor wanted a window seat in the morning train since the evening train had none"
        " that faced the sea"
    )
    words = sentence.split(" ")
    with pymupdf.open() as pdf:
        sheet = pdf.new_page()
        for column in (40, 310):
            for row in range(75):
                chosen = [
                    words[(row * 7 + place * (3 + row % 4)) % len(words)] for place in range(11)
                ]
                end = "." if row % 6 == 5 else ""
                sheet.insert_text((column, 40 + 10 * row), " ".join(chosen)[:60] + end, fontsize=8)
        return bytes(pdf.tobytes())


def document(pages: int) -> bytes:
    """Pages of fifteen sentences each, all different."""
    with pymupdf.open() as pdf:
        for page in range(pages):
            sheet = pdf.new_page()
            for line in range(15):
                word = (
                    uuid.UUID(int=page * 100 + line)
                    .hex[-6:]
                    .translate(str.maketrans("0123456789", "ghijklmnop"))
                )
                sheet.insert_text(
                    (60, 60 + 45 * line),
                    f"The visitor {word} wanted a window seat in the morning train.",
                )
        return bytes(pdf.tobytes())


def ms(seconds: float) -> float:
    """Milliseconds, rounded."""
    return round(seconds * 1000, 1)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uploads", type=int, default=26)
    parser.add_argument(
        "--page", type=Path, help="the page to upload: a PDF; the dense one made here if left out"
    )
    parser.add_argument("--burst", type=int, default=1000)
    parser.add_argument("--single", type=int, default=150)
    parser.add_argument("--pages", type=int, default=600)
    parser.add_argument("--long-pages", type=int, default=570)
    parser.add_argument("--turns", type=int, default=1)
    parser.add_argument("--fair-pages", type=int, default=2000)
    parser.add_argument(
        "--only", choices=("overhead", "upload", "burst", "parts", "children", "fairness")
    )
    chosen = parser.parse_args()
    telemetry.configure_logs("json", logging.WARNING)
    # and the processes it started end with it
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    redis, found = Redis(), dict[str, Any]()
    try:
        if chosen.only in (None, "overhead"):
            found["overhead"] = overhead(redis, chosen.single)
        if chosen.only in (None, "upload"):
            page = chosen.page.read_bytes() if chosen.page else dense_page()
            found["upload"] = upload(redis, chosen.uploads, page)
        if chosen.only in (None, "burst"):
            found["burst"] = burst(redis, chosen.burst)
        if chosen.only in (None, "parts"):
            found["parts"] = parts(redis, chosen.pages)
        if chosen.only in (None, "children"):
            found["children"] = children(redis, chosen.long_pages, chosen.turns)
        if chosen.only in (None, "fairness"):
            found["fairness"] = fairness(redis, chosen.fair_pages)
    finally:
        redis.remove()
    found["own_peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
