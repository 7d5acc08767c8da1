from __future__ import annotations

import logging

import pytest
import structlog

from dragoman.telemetry import configure_logs


@pytest.fixture
def untouched_logs():
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.parametrize("form", ["json", "text"])
def test_tracebacks_show_no_local_variables(
    form: str, untouched_logs: None, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(form)
    secret = f"words of a {form} document"
    try:
        int(f"{len(secret)} letters")
    except ValueError:
        structlog.get_logger().exception("went_wrong")
    logged = capsys.readouterr().err
    assert "went_wrong" in logged
    assert "ValueError" in logged
    assert secret not in logged
