"""Signed, expiring, revocable links to a job's page and to its result.

A token names the job and its `link_version`: raising the version in the row revokes every link
given out before.

There are two kinds of link to a job's page. The requester's `own` link may change things: agree to
the cost, try again, cancel, delete. It goes to the requester alone. A `page` link only shows and
downloads; it may stand where others read it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from itsdangerous import BadSignature, SignatureExpired, URLSafeTimedSerializer

from dragoman.domain.rows.job import Job
from dragoman.errors import Gone, NotFound, SettingsInvalid
from dragoman.settings import Settings

Purpose = Literal["own", "page", "download"]
PATHS: dict[Purpose, str] = {"own": "/j/", "page": "/j/", "download": "/d/"}
FORM_TTL_S = 86_400


class WrongLink(NotFound):
    """A token that was not made here, or names no job."""

    message = "This link does not lead to a document."


@dataclass(frozen=True, slots=True)
class Named:
    """What a valid token says. `own`: it is the requester's, which may change things."""

    job_id: str
    version: int
    own: bool = False


class Links:
    """Makes and reads tokens with the server's secret key."""

    def __init__(self, settings: Settings) -> None:
        """Raises SettingsInvalid without DRAGOMAN_SECRET_KEY."""
        if settings.secret_key is None:
            raise SettingsInvalid(
                "DRAGOMAN_SECRET_KEY is empty: `dragoman init` writes one, `dragoman up` makes its"
                " own."
            )
        self._keys = settings.secret_key.get_secret_value()
        self._ttl_s = settings.link_ttl_s
        self._public_url = settings.public_url

    def token(self, purpose: Purpose, job: Job) -> str:
        """The token for a job's row."""
        return str(self._serializer(purpose).dumps([job.id, job.link_version]))

    def path(self, purpose: Purpose, job: Job) -> str:
        """The path on this server, such as `/j/TOKEN`."""
        return PATHS[purpose] + self.token(purpose, job)

    def public(self, purpose: Purpose, job: Job) -> str | None:
        """The link for people outside, None where no PUBLIC_URL is set."""
        return self._public_url + self.path(purpose, job) if self._public_url else None

    def read(self, purpose: Purpose, token: str) -> Named:
        """What a token names.

        Raises WrongLink for one that is not ours, Gone for one that has expired.
        """
        try:
            job_id, version = self._serializer(purpose).loads(token, max_age=self._ttl_s)
        except SignatureExpired as error:
            raise Gone("This link has expired.") from error
        except (BadSignature, ValueError, TypeError) as error:
            raise WrongLink from error
        return Named(str(job_id), int(version), own=purpose == "own")

    def read_page(self, token: str) -> Named:
        """What the token of a job's page names, of either kind. Raises as `read`."""
        try:
            return self.read("own", token)
        except WrongLink:
            return self.read("page", token)

    def form_key(self, owner: str) -> str:
        """What a form of a page that is shown to `owner` carries, so that no other site's page
        can send it.
        """
        return str(self._serializer("form").dumps(owner))

    def is_form_key(self, key: str, owner: str) -> bool:
        """Whether a page gave `key` to `owner` within the last day."""
        try:
            return bool(self._serializer("form").loads(key, max_age=FORM_TTL_S) == owner)
        except BadSignature:  # SignatureExpired is one
            return False

    def _serializer(self, purpose: Purpose | Literal["form"]) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(self._keys, salt=f"dragoman.{purpose}")
