"""One trace for one job, from the door to the answer, with what happened as events of its spans."""

from __future__ import annotations

from pathlib import Path

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


def test_all_stages_of_a_mailed_job_are_in_the_trace_of_its_mail(tmp_path: Path) -> None:
    with Collector() as collector:
        environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        with Stack(tmp_path / "data", environment) as stack:
            stack.mail(SAMPLE.read_bytes())
            stack.await_answers(1)
            wait_until(lambda: set(STEPS) <= names(collector.spans), 15, "all spans have arrived", every_s=0.2)
        (trace_id,) = {span.trace_id for span in collector.spans if span.name == "intake.keep"}
        ours = [span for span in collector.spans if span.trace_id == trace_id]
    assert set(STEPS) <= names(ours)
    ends = [span for span in ours if "stage_finished" in span.events]
    assert len(ends) == 4
    assert len({span.job_id for span in ends}) == 1


def names(spans: list[Span]) -> set[str]:
    return {span.name for span in spans}
