"""What the rest of the program has to know of Slack."""

from __future__ import annotations

from dragoman.domain.specs.channel_specs import Answered, ChannelSpec, Check, Process, Served

BOT_TOKEN = "slack_bot_token"  # noqa: S105 - a setting's name

CHANNEL = ChannelSpec(
    name="slack",
    title="Slack",
    answered=Answered.JOB,
    owner_prefix="slack:",
    team_parts=2,
    opener="ingress.slack.open_event",
    tasks="ingress.slack.tasks",
    process=Process(
        name="slack",
        about="Run the connection to Slack (Socket Mode).",
        run="ingress.slack.listeners.process:run",
        wanted="ingress.slack.listeners.mode:by_socket",
        secrets=frozenset({"secret_key", BOT_TOKEN, "slack_app_token"}),
    ),
    served=(
        Served(
            path="/slack/events",
            make="ingress.slack.listeners.http_receiver:receiver",
            wanted="ingress.slack.listeners.mode:by_web",
        ),
    ),
    reply="notifier.slack.way_back:open_way",
    take_back="notifier.slack.purge:take_back",
    refusals_concern_admin=True,
    doctor=(
        Check(
            what="Slack",
            examine="ingress.slack.doctor:door",
            todo=(
                "Correct the DRAGOMAN_SLACK_* tokens: docs/howto/slack.md says where to find them."
            ),
        ),
    ),
    live=Check(what="slack", examine="ops.doctor.live.slack:post"),
    secrets={
        # it opens messages too: what Slack's contain is fetched with the bot's token
        "worker": frozenset({BOT_TOKEN}),
        "notifier": frozenset({BOT_TOKEN}),
        # "Delete" takes results back from Slack; with DRAGOMAN_SLACK_MODE=http Slack's events come
        # in here.
        "web": frozenset({BOT_TOKEN, "slack_signing_secret"}),
        "commands": frozenset({BOT_TOKEN}),
    },
)
