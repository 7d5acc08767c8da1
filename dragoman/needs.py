"""Which process needs which secret. It gets these and no others, so that whoever breaks into one holds little.

A process reads none but its own (`Settings.for_process`), `dragoman up` gives its children no others, and
docker-compose.yml neither. A test compares this table with the code and with that file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar

LEDGERS = ("database_url", "broker_url")  # their URLs may hold a password
OAUTH = ("oauth_client_secret", "oauth_client_certificate", "oauth_service_account")
# Names of fields of `Settings`.
NEEDS: Mapping[str, frozenset[str]] = {
    # It opens messages too: what Slack's contain is fetched with the bot's token.
    "worker": frozenset(
        {*LEDGERS, "secret_key", "deepl_auth_key", "openai_api_key", "libretranslate_api_key", "slack_bot_token"}
    ),
    "notifier": frozenset({*LEDGERS, "secret_key", "outbound_smtp_url", "sent_imap_url", *OAUTH, "slack_bot_token"}),
    "sweeper": frozenset(LEDGERS),
    "beat": frozenset(LEDGERS),
    "smtp": frozenset({*LEDGERS, "secret_key"}),
    # "Delete" takes results back from Slack; with DRAGOMAN_SLACK_MODE=http Slack's events come in here.
    "web": frozenset({*LEDGERS, "secret_key", "api_tokens", "slack_bot_token", "slack_signing_secret"}),
    "slack": frozenset({*LEDGERS, "secret_key", "slack_bot_token", "slack_app_token"}),
    "flower": frozenset({"broker_url", "flower_auth"}),
    # `dragoman jobs`, `purge` and their like: they run beside the web process.
    "commands": frozenset({*LEDGERS, "secret_key", "slack_bot_token"}),
}
SECRETS = frozenset[str]().union(*NEEDS.values())
# Boto's own names of the keys of S3, and who opens the store.
STORE_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
OPENS_STORE = frozenset(NEEDS) - {"beat", "flower"}

_here: ContextVar[frozenset[str]] = ContextVar("needs", default=SECRETS)


def is_needed(field: str) -> bool:
    """Whether a setting is to be read: it is no secret, or one of this process."""
    return field not in SECRETS or field in _here.get()


@contextmanager
def only_of(process: str) -> Iterator[None]:
    """Meanwhile only the secrets of `process`, a key of `NEEDS`, are needed."""
    before = _here.set(NEEDS[process])
    try:
        yield
    finally:
        _here.reset(before)


def variables_not_for(process: str) -> frozenset[str]:
    """The environment variables, in capitals, that `process` has no use for: secrets, and the files of secrets."""
    secrets = {f"DRAGOMAN_{field.upper()}" for field in SECRETS - NEEDS[process]}
    of_store = () if process in OPENS_STORE else STORE_KEYS
    return frozenset({*secrets, *(f"{name}_FILE" for name in secrets), *of_store})
