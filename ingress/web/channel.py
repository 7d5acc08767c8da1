"""What the rest of the program has to know of the web: uploads, whose page is their answer."""

from __future__ import annotations

from dragoman.domain.specs.channel_specs import Answered, ChannelSpec, Health, Process

CHANNEL = ChannelSpec(
    name="web",
    title="the web",
    answered=Answered.PAGE,
    owner_prefix="web:",
    at_in_owner=True,
    is_private=True,
    process=Process(
        name="web",
        about="Run the web server: pages, API and metrics.",
        run="ingress.web.app:run",
        health=Health(listen="web_listen", path="/healthz"),
        secrets=frozenset({"secret_key", "api_tokens"}),
    ),
)
