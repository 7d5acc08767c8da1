"""Logs are one JSON object a line, with the trace they belong to; addresses are never in them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator

import pytest
import structlog
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from dragoman import telemetry


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """Configuring logs is for a whole process: put the test run's own back."""
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()
    telemetry.unbind_all()


@pytest.fixture
def as_json(capsys: pytest.CaptureFixture[str]) -> Callable[[], Callable[[], list[dict]]]:
    """Logs as JSON from here on; what it returns gives the lines since."""

    def configure() -> Callable[[], list[dict]]:
        telemetry.configure_logs("json")
        return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    return configure


def span() -> trace.Span:
    return TracerProvider().get_tracer("tests").start_span("work")


def test_line_has_event_level_time_and_facts(as_json):
    lines = as_json()
    structlog.get_logger("pipeline").info("stage_finished", stage="translate", seconds=3.1)
    [line] = lines()
    assert (line["event"], line["level"], line["stage"], line["seconds"]) == (
        "stage_finished",
        "info",
        "translate",
        3.1,
    )
    assert line["timestamp"].endswith("Z")


def test_line_in_a_span_has_its_trace(as_json):
    lines = as_json()
    with trace.use_span(span(), end_on_exit=True) as current:
        structlog.get_logger().info("inside")
    structlog.get_logger().info("outside")
    inside, outside = lines()
    assert inside["trace_id"] == f"{current.get_span_context().trace_id:032x}"
    assert "trace_id" not in outside


def test_libraries_log_in_the_same_form(as_json):
    lines = as_json()
    logging.getLogger("sqlalchemy.pool").warning("lost %s of %d", "one", 3)
    [line] = lines()
    assert (line["event"], line["level"]) == ("lost one of 3", "warning")


def test_noisy_libraries_are_quiet(as_json):
    lines = as_json()
    logging.getLogger("botocore.auth").info("signing")
    assert lines() == []


def test_bound_values_are_in_every_line_until_they_are_unbound(as_json):
    lines = as_json()
    telemetry.bind(job_id="42")
    structlog.get_logger().info("one")
    telemetry.unbind_all()
    structlog.get_logger().info("two")
    one, two = lines()
    assert one["job_id"] == "42"
    assert "job_id" not in two


def test_exception_is_one_line_too(as_json):
    lines = as_json()
    structlog.get_logger().error("gave_up", exc_info=RuntimeError("a bug"))
    logging.getLogger("celery").error("task failed", exc_info=RuntimeError("another"))
    ours, theirs = lines()
    assert ours["exception"][0]["exc_type"] == "RuntimeError"
    assert theirs["exception"][0]["exc_value"] == "another"


def test_text_is_for_people(capsys):
    telemetry.configure_logs("text")
    structlog.get_logger().info("stage_finished", stage="translate")
    assert "stage_finished" in (text := capsys.readouterr().err)
    assert "stage=translate" in text
    assert not text.startswith("{")


def test_configuring_twice_logs_once(capsys):
    telemetry.configure_logs("json")
    telemetry.configure_logs("json")
    structlog.get_logger().info("once")
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_address_is_hashed_the_same_however_it_is_written():
    assert telemetry.hashed(" Ann@Example.org") == telemetry.hashed("ann@example.ORG ")
    assert telemetry.hashed("ann@example.org") != telemetry.hashed("bob@example.org")
    assert "ann" not in telemetry.hashed("ann@example.org")


def test_trace_of_a_row_is_joined_later():
    with trace.use_span(span(), end_on_exit=True) as first:
        kept = telemetry.traceparent()
    assert telemetry.traceparent() is None
    with telemetry.joined(kept):
        assert telemetry.traceparent() == kept
        assert (
            trace.get_current_span().get_span_context().trace_id
            == first.get_span_context().trace_id
        )
    assert telemetry.traceparent() is None


def test_row_without_a_trace_joins_none():
    with telemetry.joined(None):
        assert telemetry.traceparent() is None


def test_a_row_has_a_trace_id_where_nothing_is_recorded_too(as_json):
    lines = as_json()
    kept = telemetry.any_traceparent()
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-01", kept)
    with telemetry.in_trace(kept, "jobs.attempt"):
        structlog.get_logger().info("stage_finished")
    assert lines()[-1]["trace_id"] == kept.split("-")[1]


def test_work_that_was_rung_for_in_another_trace_is_in_its_row_s_all_the_same():
    kept = telemetry.any_traceparent()
    with trace.use_span(span(), end_on_exit=True), telemetry.in_trace(kept, "jobs.attempt"):
        assert telemetry.traceparent().split("-")[1] == kept.split("-")[1]


def test_work_in_its_row_s_trace_needs_no_further_span():
    with trace.use_span(span(), end_on_exit=True):
        here = telemetry.traceparent()
        with telemetry.in_trace(here, "jobs.attempt"):
            assert telemetry.traceparent() == here


def test_nothing_is_exported_without_an_endpoint():
    before = trace.get_tracer_provider()
    telemetry.configure_traces("tests")
    assert trace.get_tracer_provider() is before
    telemetry.flush_traces()


def test_a_library_says_the_same_once_a_minute_and_we_say_all_of_it(as_json) -> None:
    lines = as_json()
    library, ours = (
        logging.getLogger("celery.worker.consumer.consumer"),
        structlog.get_logger("ops.health"),
    )
    for attempt in range(3):
        library.error("Cannot connect: %s", attempt)
        ours.warning("broker_unreachable", attempt=attempt)
    library.error("Something else")
    said = [line["event"] for line in lines()]
    assert said.count("broker_unreachable") == 3
    assert [event for event in said if event != "broker_unreachable"] == [
        "Cannot connect: 0",
        "Something else",
    ]


def test_a_library_that_goes_on_is_heard_again() -> None:
    now = [100.0]
    repeats = telemetry.Repeats(every_s=60.0, now=lambda: now[0])
    record = logging.LogRecord("celery.beat", logging.ERROR, "", 0, "away", (), None)
    assert repeats.filter(record)
    now[0] = 159.0
    assert not repeats.filter(record)
    now[0] = 160.0
    assert repeats.filter(record)
