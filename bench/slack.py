"""The door for Slack: how soon events are acknowledged, and how soon a post has its card.

    python -m bench.slack [--seconds 8] [--rate 50] [--json]

Against the tests' own Slack on loopback. First the door alone, with a broker that takes connections
and never answers; then all of `dragoman up` while 20 documents are translated by the pseudo engine.
By HTTP and by Socket Mode each.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from tests import manifest
from tests.pdfs import LOREM, long_pdf, make
from tests.servers.process import LOOPBACK, free_port, listens, wait_until
from tests.servers.slack.courier import Delivery
from tests.servers.slack.slack import FakeSlack
from tests.servers.stack import Stack

JOBS = 20
POSTS = 5
SENDERS = 40


def settings_of(slack: FakeSlack, mode: str) -> dict[str, str]:
    return {
        "slack_mode": mode,
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_signing_secret": slack.signing_secret,
        "slack_api_url": slack.api_url,
        "slack_file_hosts": slack.file_host_url.removeprefix("http://"),
    }


@contextmanager
def workspace() -> Iterator[FakeSlack]:
    with FakeSlack(events=manifest.events(), scopes=manifest.scopes()) as slack:
        slack.api.limits.on = False
        yield slack


@contextmanager
def hanging_broker() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server((LOOPBACK, 0), backlog=512) as listener:
        yield f"redis://{LOOPBACK}:{listener.getsockname()[1]}/0"


@contextmanager
def door_alone(slack: FakeSlack, mode: str, data: Path, broker: str) -> Iterator[None]:
    """The process that takes Slack's events, and nothing else of Dragoman."""
    port = free_port()
    chosen = {
        **settings_of(slack, mode),
        "data_dir": str(data),
        "broker_url": broker,
        "web_listen": f"{LOOPBACK}:{port}",
        "secret_key": "a-key-for-this-run-alone",
        "api_tokens": "bench:0123456789abcdef0123",
    }
    environment = {
        **os.environ,
        **{f"DRAGOMAN_{name.upper()}": value for name, value in chosen.items()},
    }
    data.mkdir()
    subprocess.run(
        [sys.executable, "-m", "dragoman", "db", "upgrade"],
        env=environment,
        check=True,
        capture_output=True,
    )
    name = "web" if mode == "http" else "slack"
    with (data / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dragoman", name], env=environment, stdout=log, stderr=log
        )
    try:
        if mode == "http":
            wait_until(lambda: listens(port), 30, "the door listens")
            slack.app.request_url = f"http://{LOOPBACK}:{port}/slack/events"
        else:
            slack.wait_until(lambda: slack.sockets.connections, 30)
        yield
    finally:
        process.terminate()
        process.wait(20)


def acks(slack: FakeSlack, model: Delivery, seconds: float, rate: float) -> dict[str, float]:
    """Seconds to the ack of `rate` new events a second."""

    def send(number: int, at: float) -> float:
        time.sleep(max(0.0, at - time.monotonic()))
        again = slack.replay(model, event_id=f"EvBENCH{number}")
        return again.attempts[0].seconds

    start = time.monotonic() + 0.5
    with ThreadPoolExecutor(SENDERS) as pool:
        sent = [
            pool.submit(send, number, start + number / rate)
            for number in range(int(seconds * rate))
        ]
        times = sorted(one.result() for one in sent)
    return {
        "events": len(times),
        "p50_ms": round(statistics.median(times) * 1000, 1),
        "p99_ms": round(times[int(len(times) * 0.99) - 1] * 1000, 1),
        "worst_ms": round(times[-1] * 1000, 1),
    }


def with_hanging_broker(mode: str, folder: Path, seconds: float, rate: float) -> dict[str, float]:
    with (
        workspace() as slack,
        hanging_broker() as broker,
        door_alone(slack, mode, folder / f"alone-{mode}", broker),
    ):
        ann = slack.user("ann")
        slack.post(
            ann,
            slack.channel("general", ann),
            "to French",
            files=[slack.file("a.pdf", b"%PDF-1.7")],
        )
        slack.settle()
        return acks(slack, slack.deliveries("message/file_share")[0], seconds, rate)


def with_jobs(mode: str, folder: Path, seconds: float, rate: float) -> dict[str, float]:
    """Acks while documents are worked on, and the seconds from a post to its card."""
    small = make(folder / "small.pdf", LOREM).read_bytes()
    with workspace() as slack, Stack(folder / f"up-{mode}", **settings_of(slack, mode)) as stack:
        if mode == "http":
            slack.app.request_url = f"{stack.url}/slack/events"
        else:
            slack.wait_until(lambda: slack.sockets.connections, 30)
        ann = slack.user("ann")
        general = slack.channel("general", ann)
        idle = [card_after(slack, ann, general, small) for _ in range(POSTS)]
        for _ in range(JOBS):
            stack.upload(long_pdf())
        busy = [card_after(slack, ann, general, small) for _ in range(POSTS)]
        measured = acks(slack, slack.deliveries("message/file_share")[0], seconds, rate)
        return {**measured, "card_idle_s": round(max(idle), 2), "card_busy_s": round(max(busy), 2)}


def card_after(slack: FakeSlack, ann: object, general: object, pdf: bytes) -> float:
    """Seconds from a post to the card in its thread."""
    began = time.monotonic()
    post = slack.post(ann, general, "to French", files=[slack.file("a.pdf", pdf)])
    slack.wait_until(lambda: slack.thread(post), 60)
    return time.monotonic() - began


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    measured = {}
    with tempfile.TemporaryDirectory() as name:
        for mode in ("http", "socket"):
            for title, run in (
                ("broker hangs", with_hanging_broker),
                (f"{JOBS} jobs run", with_jobs),
            ):
                measured[f"{mode}, {title}"] = run(mode, Path(name), chosen.seconds, chosen.rate)
                print(f"{mode}, {title}: {measured[f'{mode}, {title}']}", file=sys.stderr)
    if chosen.json:
        print(json.dumps(measured))


if __name__ == "__main__":
    main()
