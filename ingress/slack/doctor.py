"""Slack: whether the tokens are those of an app that is installed with all it needs, and that
can be heard.
"""

from __future__ import annotations

from collections.abc import Iterator

from slack_sdk import WebClient

from dragoman.channels.slack import slack_api
from dragoman.domain.specs.findings import Finding, Verdict
from dragoman.settings import Settings

HOW_TO = "docs/howto/slack.md says where to find it."


def door(settings: Settings) -> Iterator[Finding]:
    """What Slack says of our tokens. Raises as `slack_api.our_errors`."""
    if settings.slack_bot_token is None:
        yield Finding("Slack", Verdict.OK, "not used")
        return
    with slack_api.our_errors():
        answer = slack_api.client_of(settings, "").auth_test()
    yield Finding("Slack", Verdict.OK, f"installed in {answer.get('team')} as {answer.get('user')}")
    headers = {name.casefold(): str(value) for name, value in answer.headers.items()}
    yield _scopes(headers.get("x-oauth-scopes", ""))
    yield from _by_socket(settings) if settings.slack_mode == "socket" else _by_http(settings)


def _scopes(granted: str) -> Finding:
    missing = sorted(slack_api.SCOPES - {scope.strip() for scope in granted.split(",")})
    if not granted:
        return Finding(
            "Slack permissions", Verdict.WARN, "Slack did not say which ones the app has", ""
        )
    if missing:
        todo = "Install the app again with the complete manifest in docs/howto/slack-manifest.json."
        return Finding("Slack permissions", Verdict.FAIL, f"missing: {', '.join(missing)}", todo)
    return Finding("Slack permissions", Verdict.OK, "all are granted")


def _by_socket(settings: Settings) -> Iterator[Finding]:
    if settings.slack_app_token is None:
        yield Finding("Slack events", Verdict.FAIL, "DRAGOMAN_SLACK_APP_TOKEN is empty", HOW_TO)
        return
    client = WebClient(
        settings.slack_app_token.get_secret_value(),
        base_url=settings.slack_api_url,
        timeout=slack_api.TIMEOUT_S,
    )
    with slack_api.our_errors():
        client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    yield Finding("Slack events", Verdict.OK, "arrive by Socket Mode")


def _by_http(settings: Settings) -> Iterator[Finding]:
    if settings.slack_signing_secret is None:
        yield Finding(
            "Slack events", Verdict.FAIL, "DRAGOMAN_SLACK_SIGNING_SECRET is empty", HOW_TO
        )
    elif settings.public_url is None:
        todo = (
            "Slack has to reach /slack/events of the web process: is there a proxy with a public"
            " name?"
        )
        yield Finding(
            "Slack events", Verdict.WARN, "arrive by HTTP, but DRAGOMAN_PUBLIC_URL is empty", todo
        )
    else:
        yield Finding("Slack events", Verdict.OK, f"arrive at {settings.public_url}/slack/events")
