"""What `dragoman doctor` says of webhooks. Nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator

from dragoman.domain.specs.findings import Finding, Verdict
from dragoman.settings import Settings
from notifier.webhook.given import networks_of, urls_of


def examine(settings: Settings) -> Iterator[Finding]:
    """Whether what is set fits: each address belongs to a token, and what is allowed beside the
    internet is said.
    """
    known = {name for name, _ in settings.tokens.values()}
    strangers = sorted(set(urls_of(settings)) - known)
    allowed = ", ".join(map(str, networks_of(settings)))
    if strangers and known:
        said = f"there is no token called {', '.join(strangers)}"
        yield Finding(
            "webhooks", Verdict.WARN, said, "Correct DRAGOMAN_WEBHOOK_URLS or DRAGOMAN_API_TOKENS."
        )
    elif allowed:
        yield Finding("webhooks", Verdict.OK, f"they may go to the internet and to {allowed}")
    else:
        yield Finding("webhooks", Verdict.OK, "they may go to the internet, to no private address")
