"""The `.env` that docker-compose.yml reads: fresh secrets, and the lines that only the admin can
fill in.

Nothing is ever overwritten: with new secrets the old volumes could not be opened any more.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from dragoman.domain.specs import engine_specs
from dragoman.errors import Conflict
from ops.models.pairs import Pair

NAME = ".env"
# Hexadecimal digits need no quoting anywhere: not in a URL, a shell, a command line or this file.
SECRET_BYTES = 24

HEAD = """\
# Written by `dragoman init`, read by docker-compose.yml. It contains secrets: do not share it, and keep a copy.
"""  # noqa: E501
TO_FILL_IN_HEAD = """
# For you to fill in: remove the `#` and put in your own value, then run `docker compose up --detach` again.
"""  # noqa: E501
# Name, example, and why: one sentence a line.
TO_FILL_IN = (
    (
        "DRAGOMAN_MAIL_ADDRESS",
        "translate@example.org",
        ("The address that people write to. Email to it must reach this server.",),
    ),
    (
        "DRAGOMAN_ALLOWED_SENDERS",
        "@example.org,ana@example.com",
        ("Who may send: domains and addresses.", "Email is refused until this is set."),
    ),
    (
        "DRAGOMAN_TRUSTED_PEERS",
        "192.0.2.25",
        (
            "The mail server in front, by IP address or network, if there is one.",
            "Without it, SPF and DKIM of each email are looked up.",
        ),
    ),
    (
        "DRAGOMAN_TRUSTED_AUTHSERV_ID",
        "mail.example.org",
        (
            (
                "The name under which that server writes its Authentication-Results; they must say"
                " that the sender passed."
            ),
            (
                "If that server stops all forged email itself, set DRAGOMAN_SENDER_AUTH=trusted"
                " instead."
            ),
        ),
    ),
    (
        "DRAGOMAN_OUTBOUND_SMTP_URL",
        "smtp+starttls://USER:PASSWORD@mail.example.org",
        (
            "The mail server that sends the answers.",
            "Without one, answers are only kept in the data volume, in outbox/.",
        ),
    ),
    (
        "DRAGOMAN_SLACK_BOT_TOKEN",
        "xoxb-…",
        (
            "For Slack: docs/howto/slack.md says where to find both tokens.",
            "Then: docker compose --profile slack up --detach",
        ),
    ),
    ("DRAGOMAN_SLACK_APP_TOKEN", "xapp-…", ("The other token, for Socket Mode.",)),
    *((one.variable, one.example, one.why) for one in engine_specs.settings() if one.example),
    (
        "DRAGOMAN_PUBLIC_URL",
        "https://translate.example.org",
        (
            "The address of the web pages, as people reach it through your TLS proxy.",
            "Without it, answers contain no links.",
        ),
    ),
)


def write(directory: Path, pairs: Iterable[Pair] = ()) -> Path:
    """Write `.env` into `directory`, for its owner only; its path. Raises Conflict if there is one.

    `pairs`: those that the local engine is wanted for; a comment says how their models get there.
    """
    path = directory / NAME
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise _there_already(path) from error
    with os.fdopen(handle, "w") as file:
        file.write(text() + _about_models(pairs))
    return path


def refuse_second(directory: Path) -> None:
    """Raise Conflict if there is a `.env` in `directory`."""
    path = directory / NAME
    if os.path.lexists(path):
        raise _there_already(path)


def _there_already(path: Path) -> Conflict:
    return Conflict(
        f"{path} exists already, and `dragoman init` does not overwrite it.",
        advice=(
            "The data in your volumes cannot be used without the secrets in it. Choose another"
            " folder with --dir, or move the file away if you want to start anew."
        ),
    )


def text() -> str:
    """The file's text, with new secrets each time."""
    lines = [f"{name}={value}" for name, value in fresh().items()]
    empty = [_commented(*entry) for entry in TO_FILL_IN]
    return "\n".join([HEAD, *lines, TO_FILL_IN_HEAD, *empty])


def add_models(pairs: Iterable[Pair]) -> str:
    """The command that gets the models of `pairs` into the volume of docker-compose.yml."""
    return f"docker compose run --rm models add {' '.join(str(pair) for pair in pairs)}"


def _about_models(pairs: Iterable[Pair]) -> str:
    wanted = list(pairs)
    return (
        "\n# To download the models that you asked for; run it again to get newer ones:\n#  "
        f" {add_models(wanted)}\n"
        if wanted
        else ""
    )


def fresh() -> dict[str, str]:
    """The secrets that docker-compose.yml insists on."""
    return {
        "POSTGRES_PASSWORD": _secret(),
        "REDIS_PASSWORD": _secret(),
        "S3_ACCESS_KEY": secrets.token_hex(10),
        "S3_SECRET_KEY": _secret(),
        "DRAGOMAN_SECRET_KEY": _secret(),
        "DRAGOMAN_API_TOKENS": f"admin:{_secret()}:admin",
        "DRAGOMAN_FLOWER_AUTH": f"admin:{_secret()}",
    }


def _secret() -> str:
    return secrets.token_hex(SECRET_BYTES)


def _commented(name: str, example: str, why: tuple[str, ...]) -> str:
    return "".join(f"# {sentence}\n" for sentence in why) + f"#{name}={example}\n"
