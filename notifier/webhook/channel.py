"""What the rest of the program has to know of webhooks.

Nobody comes in by them: they are a way back for uploads.
"""

from __future__ import annotations

from dragoman.domain.specs.channel_specs import Answered, ChannelSpec, Check, ReplyField
from dragoman.domain.specs.setting import Setting
from notifier.webhook import address

CHANNEL = ChannelSpec(
    name="webhook",
    title="webhooks",
    answered=Answered.JOB,
    is_private=True,
    reply="notifier.webhook.reply:open_way",
    reply_field=ReplyField(
        name="callback_url",
        read="notifier.webhook.choosing:chosen",
        secret="notifier.webhook.choosing:secret",  # noqa: S106 - where the function is
        described=(
            "An https address that gets a signed POST when the job has ended"
            " (docs/howto/webhooks.md). Absent: the one that is set for the token, if there is one."
        ),
    ),
    doctor=(Check(what="webhooks", examine="notifier.webhook.doctor:examine"),),
    settings=(
        Setting(name="webhook_urls", default="", check=address.checked_urls),
        Setting(name="webhook_networks", default="", check=address.checked_networks),
    ),
)
