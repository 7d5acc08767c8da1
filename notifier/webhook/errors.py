"""How a webhook can fail, in the outbox's words."""

from __future__ import annotations

from dragoman.errors import OutboundRefused, OutboundUnavailable
from notifier.delivery.channel import OutboundUncertain


class WebhookRefused(OutboundRefused):
    """For good: the receiver is gone (410), or the address is one that nothing is sent to."""

    message = "The receiver of this webhook takes no more messages, or its address is not allowed."


class WebhookUnavailable(OutboundUnavailable):
    """It was not taken, and is sent again."""

    message = "The receiver of this webhook did not accept the message."


class WebhookUncertain(OutboundUncertain):
    """It was sent, and nothing said whether it was taken: it is sent again under the same
    webhook-id.
    """

    message = "The receiver of this webhook did not say whether it accepted the message."
