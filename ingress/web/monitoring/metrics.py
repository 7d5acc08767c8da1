"""What there is to do, what was done, and how each process is, as Prometheus takes it
(docs/reference/metrics.md).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from dragoman.db.engine import Database
from dragoman.db.ledgers import jobs
from dragoman.db.queries import gauges, known_labels
from dragoman.db.records import counters, process_registry
from dragoman.db.records.counters import Tally
from dragoman.db.records.process_registry import Pulse
from ingress.web.security.failed_attempts import KINDS

OF_LEDGERS = (
    ("open", "Rows of a ledger that have not ended; in the outbox: deliveries that wait."),
    ("due", "Rows that may be claimed now."),
    ("oldest_due_s", "Seconds that the longest waiting due row has waited."),
    ("dead", "Dead letters."),
)
# Of the tallies that are no histograms: whether their values are summed up (else the events are
# counted), and the words.
COUNTED = {
    counters.RETRIES: (
        False,
        "Attempts that failed and will be made again, by the code of the error.",
    ),
    counters.DEAD_LETTERS: (False, "Rows that failed for good, by the code of the error."),
    counters.DELIVERIES: (False, "Answers that were sent."),
    counters.PAGES: (True, "Pages of the documents that are ready, by engine."),
    counters.CHARACTERS: (True, "Characters of the documents that are ready, by engine."),
    counters.CHARACTERS_BILLED: (True, "Characters that engines charge for."),
    counters.TOKENS: (True, "Tokens that language models have read and written."),
}
LABELS = {
    counters.STAGE_SECONDS: ("stage", "engine"),
    counters.RETRIES: ("ledger", "code"),
    counters.DEAD_LETTERS: ("ledger", "code"),
    counters.DELIVERIES: ("channel", "kind"),
    **dict.fromkeys((counters.PAGES, counters.CHARACTERS, counters.CHARACTERS_BILLED), ("engine",)),
    counters.TOKENS: ("engine", "way"),
}
# Of the facts of a pulse: the metric, whether it is a counter, the words.
OF_PULSES = {
    "started_at": (
        "process_start_time_seconds",
        False,
        "When the process was started, in seconds since 1970.",
    ),
    "cpu_s": ("process_cpu_seconds", True, "CPU of a process and its children."),
    "rss_bytes": (
        "process_resident_memory_bytes",
        False,
        "Memory of a process and its children; shared pages count for each.",
    ),
    "processes": ("processes", False, "A process and its children."),
    "open_files": ("process_open_files", False, "Open files of the process itself."),
    "spool_bytes": ("spool_bytes", False, "Bytes of messages that the mail server is receiving."),
    "active": ("tasks_active", False, "Tasks at work."),
    "slots": ("task_slots", False, "How many tasks it does at the same time."),
    "silent_s": (
        "worker_silent_seconds",
        False,
        "Seconds since a worker took a task or was fully busy.",
    ),
    "deaf": (
        "worker_deaf",
        False,
        "1 for a worker that takes no tasks though it has a place free.",
    ),
    "lag_s": ("sweeper_lag_seconds", False, "Seconds since the last sweep that worked."),
    "sweeps": ("sweeper_sweeps", True, "Sweeps that worked."),
    "sweeps_failed": (
        "sweeper_sweeps_failed",
        True,
        "Sweeps that failed: the database or the broker was away.",
    ),
    "rung": ("sweeper_rung", True, "Due rows for which the sweeper sent a task."),
}
# Facts that are mappings: the metric, its label, whether it is a counter, the words.
OF_PULSES_BY = {
    "disk_free_bytes": (
        "disk_free_bytes",
        "folder",
        False,
        "What is free on the disk of a folder.",
    ),
    "tasks": ("tasks_taken", "task", True, "Tasks that a worker or the notifier has taken."),
    "deaths": ("child_deaths", "child", True, "How often a process of `dragoman up` died."),
}


class LedgerCollector(Collector):
    """Reads the database each time."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def collect(self) -> Iterator[Metric]:
        """All families. Raises DatabaseUnavailable."""
        with self.database.read() as connection:
            counted = jobs.counted(connection)
            ledgers = gauges.of_ledgers(connection)
            alive = process_registry.alive(connection)
            said = process_registry.told(connection, "smtp@")
            pulses = process_registry.pulses(connection)
            tallies = counters.all_of(connection)
            engines = [one.engine for one in process_registry.published(connection)]
        yield from of_mail(said)
        nobody = dict.fromkeys(known_labels.jobs_by_state(), 0)
        yield gauge(
            "dragoman_jobs",
            "Jobs by stage and state.",
            ("stage", "state"),
            {**nobody, **counted}.items(),
        )
        for name, words in OF_LEDGERS:
            values = [((ledger,), getattr(numbers, name)) for ledger, numbers in ledgers.items()]
            yield gauge(
                f"dragoman_ledger_{name.replace('_s', '_seconds')}", words, ("ledger",), values
            )
        ages = [((service,), age) for service, age in alive.items() if "@" in service]
        yield gauge(
            "dragoman_heartbeat_age_seconds",
            "Seconds since the last heartbeat of a service.",
            ("service",),
            ages,
        )
        yield from of_pulses(pulses)
        yield from of_tallies(tallies, engines)


class Known(Collector):
    """What was collected before."""

    def __init__(self, families: Iterable[Metric]) -> None:
        self.families = families

    def collect(self) -> Iterator[Metric]:
        """All families."""
        yield from self.families


class TriesCollector(Collector):
    """Wrong tokens and links that this process was shown."""

    def __init__(self, by_kind: Mapping[str, int]) -> None:
        self.by_kind = by_kind

    def collect(self) -> Iterator[Metric]:
        """0 for what never came."""
        values = [((kind,), float(self.by_kind.get(kind, 0))) for kind in KINDS]
        yield counter(
            "dragoman_wrong_tokens",
            "Wrong tokens and links that the web server was shown.",
            ("kind",),
            values,
        )


class BrokerCollector(Collector):
    """What the web door last saw of the broker; it is not asked at the scrape."""

    def __init__(self, state: str, messages: Mapping[str, int]) -> None:
        self.state, self.messages = state, messages

    def collect(self) -> Iterator[Metric]:
        """Nothing before the first look."""
        if self.state != "unknown":
            words = "Whether the broker answered the web server a few seconds ago."
            yield gauge(
                "dragoman_broker_reachable", words, (), [((), float(self.state == "reachable"))]
            )
        values = [((name,), count) for name, count in self.messages.items()]
        yield gauge(
            "dragoman_broker_messages",
            "Messages that wait in a queue of the broker.",
            ("queue",),
            values,
        )


def of_mail(said: Mapping[str, Mapping[str, Any]]) -> Iterator[Metric]:
    """What the mail doors have counted since they started, as they last told it."""
    for kind, label, words in (
        ("replies", "code", "Replies of the mail server by code, such as `250 2.0.0`."),
        (
            "dropped",
            "reason",
            "Messages that the mail server accepted and that are never answered.",
        ),
        ("refused", "reason", "Messages and recipients that the mail server refused."),
    ):
        values = [
            ((service, name), count)
            for service, facts in said.items()
            for name, count in facts.get(kind, {}).items()
        ]
        yield counter(f"dragoman_mail_{kind}", words, ("service", label), values)


def of_pulses(pulses: Iterable[Pulse]) -> Iterator[Metric]:
    """How the processes are, each under the labels `service` and `pid`."""
    known = [((one.service, str(one.pid)), one) for one in pulses]
    words = "Seconds since a process last reported its state; it does so every 15 s."
    yield gauge(
        "dragoman_pulse_age_seconds",
        words,
        ("service", "pid"),
        [(who, one.age_s) for who, one in known],
    )
    for fact, (name, rises, words) in OF_PULSES.items():
        values = [(who, float(one.facts[fact])) for who, one in known if fact in one.facts]
        yield (counter if rises else gauge)(f"dragoman_{name}", words, ("service", "pid"), values)
    for fact, (name, label, rises, words) in OF_PULSES_BY.items():
        split = [
            ((*who, key), value)
            for who, one in known
            for key, value in one.facts.get(fact, {}).items()
        ]
        yield (counter if rises else gauge)(
            f"dragoman_{name}", words, ("service", "pid", label), split
        )


def of_tallies(tallies: Iterable[Tally], engines: Collection[str] = ()) -> Iterator[Metric]:
    """What was counted in the database since it was made; 0 for what may still be (`engines`:
    those at hand).
    """
    by_name: dict[str, list[Tally]] = {}
    for one in tallies:
        by_name.setdefault(one.name, []).append(one)
    yield stage_seconds(
        by_name.get(counters.STAGE_SECONDS, []),
        known_labels.labels(counters.STAGE_SECONDS, engines),
    )
    for name, (summed, words) in COUNTED.items():
        labels = LABELS[name]
        values = dict.fromkeys(known_labels.labels(name, engines), 0.0)
        for one in by_name.get(name, []):
            who = tuple(one.labels[label] for label in labels)
            values[who] = one.total if summed else float(one.count)
        yield counter(f"dragoman_{name}", words, labels, values.items())


def stage_seconds(
    tallies: Iterable[Tally], born_with: Iterable[tuple[str, ...]] = ()
) -> HistogramMetricFamily:
    """The histogram: Prometheus wants of each bucket how many values lie in it or below."""
    labels = LABELS[counters.STAGE_SECONDS]
    family = HistogramMetricFamily(
        "dragoman_stage_seconds", "How long stages took, by engine.", labels=labels
    )
    by_labels: dict[tuple[str, ...], dict[str, Tally]] = {who: {} for who in born_with}
    for one in tallies:
        by_labels.setdefault(tuple(one.labels[label] for label in labels), {})[one.bucket] = one
    for who, by_bucket in sorted(by_labels.items()):
        buckets, below = [], 0
        for bound in (*map(str, counters.BOUNDS_S), counters.INFINITE):
            below += by_bucket[bound].count if bound in by_bucket else 0
            buckets.append((bound, float(below)))
        family.add_metric(who, buckets, sum(one.total for one in by_bucket.values()))
    return family


Values = Iterable[tuple[tuple[str, ...], float]]


def gauge(name: str, words: str, labels: tuple[str, ...], values: Values) -> GaugeMetricFamily:
    """A family of numbers that go up and down."""
    family = GaugeMetricFamily(name, words, labels=labels)
    for label_values, value in sorted(values):
        family.add_metric(label_values, value)
    return family


def counter(name: str, words: str, labels: tuple[str, ...], values: Values) -> CounterMetricFamily:
    """A family of numbers that only rise; `_total` is added to the name."""
    family = CounterMetricFamily(name, words, labels=labels)
    for label_values, value in sorted(values):
        family.add_metric(label_values, value)
    return family
