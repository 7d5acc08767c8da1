"""Makes `job-page.png`, `email.png` and `slack-card.png` from a Dragoman that runs, with the demo's
weights.

`python docs/pictures/make_screenshots.py`, in the virtual environment of the tests, from the top of
a clone. The job's page and the answer's email are what Chromium shows. Slack itself is not here:
the blocks that were posted to the tests' Slack are drawn.
"""

# ruff: noqa: INP001 - a script beside what it makes, no package
from __future__ import annotations

import html
import re
import sys
import tempfile
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

from ops.models.folder import alone  # noqa: E402 - found by the line above
from ops.models.installing import copy  # noqa: E402
from ops.models.pairs import Pair  # noqa: E402
from ops.models.wheel import weights  # noqa: E402
from tests import manifest  # noqa: E402
from tests.servers.process import find  # noqa: E402
from tests.servers.slack.model import Message  # noqa: E402
from tests.servers.slack.slack import FakeSlack  # noqa: E402
from tests.servers.stack import Stack  # noqa: E402

SAMPLE = ROOT / "dragoman" / "sample.pdf"
EN_PT = Pair("en", "pt")
WIDTH = 720  # CSS pixels
SIGNS = {"white_check_mark": "✔", "warning": "⚠"}  # without a font for emoji
STYLE = """
body { font: 15px/1.45 "Noto Sans", "DejaVu Sans", sans-serif; color: #1d1c1d; margin: 0; padding: 16px 20px; }
.who { font-weight: 700; margin-top: 14px; } .who:first-child { margin-top: 0; }
.text { margin: 4px 0; } .context { color: #616061; font-size: 13px; margin: 4px 0; }
.file { display: inline-block; border: 1px solid #ccc; border-radius: 8px; padding: 8px 14px; margin: 4px 0; }
.button { display: inline-block; border: 1px solid #bbb; border-radius: 4px; padding: 3px 11px; margin: 4px 6px 4px 0;
  font-size: 13px; font-weight: 700; }
.danger { color: #c01343; border-color: #c01343; } .primary { color: #fff; background: #007a5a; border-color: #007a5a; }
.reaction { border: 1px solid #ccd; border-radius: 12px; padding: 1px 9px; background: #f3f5fa; }
.thread { border-left: 3px solid #ddd; margin: 12px 0 0; padding-left: 16px; }
"""  # noqa: E501


def main() -> None:
    """Mail the sample, post it, and write the three pictures beside this file."""
    with (
        tempfile.TemporaryDirectory() as folder,
        alone(Path(folder) / "models") as models,
        FakeSlack(events=manifest.events(), scopes=manifest.scopes()) as slack,
        sync_playwright() as playwright,
    ):
        copy(EN_PT, weights()[EN_PT], models)
        browser = playwright.chromium.launch(
            executable_path=find("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": WIDTH, "height": 480})
        settings = {"engine": "local", "local_models_dir": str(models), **tokens_of(slack)}
        with Stack(Path(folder) / "data", **settings) as stack:
            stack.mail(SAMPLE.read_bytes(), to="translate+pt@dragoman.test")
            answer = stack.await_answers(1)[0]
            [job] = stack.await_jobs(1)
            page.goto(stack.url + stack.status(job["job_id"])["page_url"])
            page.get_by_role("button", name="Download").first.wait_for()
            shoot(page, "job-page.png")
            show(page, html_of(answer), "email.png")
            show(page, drawn(slack), "slack-card.png")
        browser.close()


def tokens_of(slack: FakeSlack) -> dict[str, str]:
    """The settings that lead to the tests' Slack, by Socket Mode."""
    return {
        "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token,
        "slack_api_url": slack.api_url,
        "slack_file_hosts": slack.file_host_url.removeprefix("http://"),
    }


def html_of(answer: bytes) -> str:
    """The HTML of an email."""
    parts = message_from_bytes(answer, policy=policy.default).walk()
    return next(str(part.get_content()) for part in parts if part.get_content_type() == "text/html")


def drawn(slack: FakeSlack) -> str:
    """Post the sample in a channel; a simple page of the post and of its thread, once the
    answer is there.
    """
    ann = slack.user("ann")
    general = slack.channel("general", ann)
    slack.wait_until(lambda: bool(slack.sockets.connections), 30, "the socket is open")
    post = slack.post(
        ann, general, "to Portuguese, please", files=[slack.file("sample.pdf", SAMPLE.read_bytes())]
    )
    slack.wait_until(lambda: "white_check_mark" in post.reactions, 120, "the check mark")
    slack.wait_until(lambda: not post.reactions.get("eyes"), 30, "the eyes are gone")
    slack.wait_until(
        lambda: any("Done" in str(one.blocks) for one in slack.thread(post)),
        30,
        "the card's last word",
    )
    answers = "".join(told(slack, "Dragoman", message) for message in slack.thread(post))
    return f"<style>{STYLE}</style>{told(slack, 'Ann', post)}<div class=thread>{answers}</div>"


def told(slack: FakeSlack, who: str, message: Message) -> str:
    """One message: its blocks (its text where it has none), its files, its reactions."""
    parts = [f"<div class=who>{who}</div>"]
    parts += [block_of(block) for block in message.blocks] or [
        f"<div class=text>{mrkdwn(message.text)}</div>"
    ]
    parts += [
        f"<div><span class=file>PDF · {html.escape(name)}</span></div>"
        for name, _ in slack.files_in([message])
    ]
    parts += [
        f"<span class=reaction>{SIGNS.get(name, name)} 1</span>"
        for name, users in message.reactions.items()
        if users
    ]
    return "".join(parts)


def block_of(block: dict[str, Any]) -> str:
    """One block of Block Kit as HTML. Raises KeyError for a kind that is not drawn here."""
    if block["type"] == "section":
        beside = block.get("accessory")
        return (
            "<div"
            f" class=text>{mrkdwn(block['text']['text'])}</div>{element_of(beside) if beside else ''}"  # noqa: E501
        )
    elements = "".join(element_of(element) for element in block["elements"])
    return f"<div class={'context' if block['type'] == 'context' else 'actions'}>{elements}</div>"


def element_of(element: dict[str, Any]) -> str:
    """A text of a context, or a button or a menu of a row."""
    if element["type"] == "mrkdwn":
        return mrkdwn(element["text"])
    label = (element.get("text") or element["placeholder"])["text"]
    return f"<span class='button {element.get('style', '')}'>{html.escape(label)}</span>"


def mrkdwn(text: str) -> str:
    """Slack's markup, which has &, < and > escaped already, as HTML."""
    text = re.sub(r"<!date\^\d+\^[^|>]*\|([^>]*)>", r"\1", text)
    text = re.sub(r"<[^|>]*\|([^>]*)>", r"<a>\1</a>", text)
    text = re.sub(r"<@[^>]*>", "@ann", text)
    text = re.sub(r"\*([^*\n]+)\*", r"<b>\1</b>", text)
    text = re.sub(r"(?<!\w)_([^_\n]+)_(?!\w)", r"<i>\1</i>", text)
    text = re.sub(r"`([^`\n]+)`", r"<code>\1</code>", text)
    text = re.sub(r":(\w+):", lambda found: SIGNS.get(found[1], found[0]), text)
    return text.replace("\n", "<br>")


def show(page: Page, content: str, name: str) -> None:
    """Picture HTML of our own."""
    page.goto("about:blank")  # a page of the server forbids styles within a page
    page.set_content(content)
    shoot(page, name)


def shoot(page: Page, name: str) -> None:
    """Picture the whole page, as high as it is, beside this file."""
    page.set_viewport_size({"width": WIDTH, "height": 200})
    page.screenshot(path=HERE / name, full_page=True)


if __name__ == "__main__":
    main()
