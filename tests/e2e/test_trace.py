"""One trace for one job, from the door to the answer, with what happened as events of its spans."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fake_deepl import KEY, FakeDeepL
from tests.pdfs import long_pdf
from tests.servers.otlp import Collector, Span
from tests.servers.process import wait_until
from tests.servers.stack import Stack

SAMPLE = Path("dragoman/sample.pdf")
STEPS = (
    "intake.keep",
    "intake.submit",
    "run/ingress.email.open_message",
    "run/pipeline.extract_and_translate",
    "run/pipeline.extract",
    "run/pipeline.translate",
    "run/pipeline.customize_tone",
    "run/pipeline.reconstruct",
    "run/notifier.deliver",
)
# the stages of a job for which nobody asked a tone
WORKED = ["extract", "reconstruct", "translate"]


def test_all_stages_of_a_mailed_job_are_in_the_trace_of_its_mail(tmp_path: Path) -> None:
    with Collector() as collector:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        with Stack(tmp_path / "data", environment) as stack:
            stack.mail(SAMPLE.read_bytes())
            stack.await_answers(1)
            wait_until(
                lambda: set(STEPS) <= names(collector.spans),
                15,
                "all spans have arrived",
                every_s=0.2,
            )
        (trace_id,) = {span.trace_id for span in collector.spans if span.name == "intake.keep"}
        ours = [span for span in collector.spans if span.trace_id == trace_id]
    assert set(STEPS) <= names(ours)
    ends = [span for span in ours if "stage_finished" in span.events]
    assert sorted(span.name.removeprefix("run/pipeline.") for span in ends) == WORKED
    assert len({span.job_id for span in ends}) == 1


@pytest.mark.more
def test_a_job_that_was_rung_for_again_after_a_kill_stays_in_its_trace(tmp_path: Path) -> None:
    """And in the logs of each process its lines carry the job's id and that of the trace."""
    with Collector() as collector, FakeDeepL(latency_s=2.0) as deepl:
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        engine = {"engine": "deepl", "deepl_auth_key": KEY, "deepl_server_url": deepl.url}
        with Stack(tmp_path / "data", environment, lease_s="4", **engine) as stack:
            job_id = stack.upload(long_pdf(600))
            wait_until(lambda: len(deepl.requests) >= 2, 60, "some batches are answered")
            stack.kill("worker")
            assert stack.await_end(job_id, within_s=120)["status"] == "COMPLETED"
            end = "run/pipeline.reconstruct"
            wait_until(
                lambda: end in names(ours(collector, job_id)),
                15,
                "all spans have arrived",
                every_s=0.2,
            )
            (traceparent,) = stack.rows("SELECT traceparent FROM jobs")[0]
            lines = [json.loads(line) for line in stack.log().splitlines() if f'"{job_id}"' in line]
    trace_id = traceparent.split("-")[1]
    rung = [span for span in collector.spans if span.name == "run/pipeline.extract_and_translate"]
    assert len([span for span in rung if span.trace_id == trace_id]) >= 2
    assert {span.trace_id for span in ours(collector, job_id)} == {trace_id}
    finished = [line for line in lines if line["event"] == "stage_finished"]
    assert {line["job_id"] for line in finished} == {job_id}
    assert sorted(line["stage"] for line in finished) == WORKED
    assert {line.get("trace_id") for line in lines} == {trace_id}


def ours(collector: Collector, job_id: str) -> list[Span]:
    return [span for span in collector.spans if span.job_id == job_id]


def names(spans: list[Span]) -> set[str]:
    return {span.name for span in spans}
