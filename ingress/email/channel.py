"""What the rest of the program has to know of email."""

from __future__ import annotations

from dragoman.domain.specs.channel_specs import Answered, ChannelSpec, Check, Health, Process

OAUTH = ("oauth_client_secret", "oauth_client_certificate", "oauth_service_account")

CHANNEL = ChannelSpec(
    name="email",
    title="email",
    answered=Answered.MESSAGE,
    owner_prefix="",
    opener="ingress.email.open_message",
    tasks="ingress.email.tasks",
    asks=True,
    is_private=True,
    process=Process(
        name="smtp",
        about="Run the mail server that receives documents (SMTP, and LMTP if it is set).",
        run="ingress.email.smtp.server:run",
        health=Health(listen="smtp_listen", greeting=b"220"),
        secrets=frozenset({"secret_key"}),
    ),
    reply="notifier.email.way_back:open_way",
    doctor=(
        Check(what="mail in", examine="ops.doctor.user_facing:mail"),
        Check(what="mail proof", examine="ingress.email.doctor:door"),
        Check(
            what="mail TLS",
            examine="ingress.email.doctor:tls",
            todo="Name files that this user may read.",
        ),
        Check(what="mail DNS", examine="ingress.email.doctor:records"),
        Check(
            what="mail out",
            examine="ops.doctor.user_facing:outbound",
            todo=(
                "Correct DRAGOMAN_OUTBOUND_SMTP_URL: its host, name and password, or"
                " DRAGOMAN_OAUTH_*."
            ),
        ),
        Check(
            what="mail sent",
            examine="ops.doctor.user_facing:sent",
            todo=(
                "Correct DRAGOMAN_SENT_IMAP_URL: its host, name, password (or DRAGOMAN_OAUTH_*) and"
                " folder."
            ),
        ),
    ),
    live=Check(what="mail", examine="ops.doctor.live.email:send"),
    secrets={"notifier": frozenset({"outbound_smtp_url", "sent_imap_url", *OAUTH})},
)
