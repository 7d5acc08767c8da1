"""A wish for a post in a channel that Dragoman is not in: say how to invite it, and go on by itself
once it was.

The message waits as a row that is due again and again, ever more seldom; Slack's
`member_joined_channel` makes it due at once.
"""

from __future__ import annotations

from contextlib import suppress

from dragoman.channels.slack import posts
from dragoman.channels.slack.slack_api import SlackClosed, escape, our_errors
from dragoman.db.ledgers.lease import Lease
from dragoman.domain.rows.message import InboxMessage
from dragoman.errors import DragomanError, NoWord
from ingress.slack.context import Context

# docs.slack.dev/reference/methods/conversations.replies: a private channel that we are not in is
# one that we do not know.
NOT_A_MEMBER = frozenset({"not_in_channel", "channel_not_found"})
PATIENCE_S = 86_400.0
FIRST_LOOK_S, LONGEST_PAUSE_S = 10.0, 600.0
INVITE = (
    "I am not in <#{place}>, so I cannot see that PDF. Please type `/invite @Dragoman` there. "
    "Then I go on by myself; you need not ask again. I wait for a day."
)
NO_CHANNEL = (
    "I cannot see that PDF: it is in a direct message that I am not part of. "
    "Please send the PDF to me here, or post it in a channel that I am in."
)


def is_outside(closed: SlackClosed) -> bool:
    """Whether an invitation would help."""
    return closed.error in NOT_A_MEMBER


def wait(context: Context, held: Lease[InboxMessage], place: str, user: str) -> None:
    """Say how to invite us, once, and look again later; it ends `held`.

    Raises NoWord after a day without an invitation.
    """
    if place.startswith("D"):
        _tell(context, user, NO_CHANNEL)
        context.intake.drop(held, "in a direct message of others")
        return
    waited_s = held.row.lease_until - held.lease_s - held.row.created_at
    if waited_s > PATIENCE_S:
        raise NoWord(
            "I was not invited to that channel, so I could not see the PDF.",
            advice="Please type `/invite @Dragoman` there, then ask once more.",
        )
    if not held.row.payload.get(posts.INVITED_TO):
        _tell(context, user, INVITE.format(place=escape(place, 40)))
    posts.wait_for_invitation(context.intake, held, place, pause_s(waited_s))


def pause_s(waited_s: float) -> float:
    """Seconds until the next look, when it has been waited for so long: a quarter of that,
    within bounds.
    """
    return min(max(waited_s / 4, FIRST_LOOK_S), LONGEST_PAUSE_S)


def _tell(context: Context, user: str, text: str) -> None:
    """In their direct message: where we are no member we cannot even whisper."""
    with suppress(DragomanError):  # told or not, an invitation lets it go on
        with our_errors():
            place = str(context.client.conversations_open(users=user)["channel"]["id"])
        context.say(place, text)
