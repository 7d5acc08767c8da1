"""What the admin can mend; permanent."""

from __future__ import annotations

from dragoman.errors.base import DragomanError


class OperatorError(DragomanError):
    message = "This server is not set up for that."
    code = "operator"
    exit_code = 3
    http_status = 503
    advice = (
        "Please show this to the admin of this server. Your document is kept and need not be sent"
        " again."
    )


class SettingsInvalid(OperatorError):
    message = "Some settings are wrong."
    code = "settings_invalid"
    exit_code = 40
    advice = "Please correct them and start again."


class EngineKeyRejected(OperatorError):
    message = "The translation service does not accept this server's key."
    code = "engine_key_rejected"
    exit_code = 41
    for_admin = (
        "Please check the engine's key (DRAGOMAN_DEEPL_AUTH_KEY, DRAGOMAN_OPENAI_API_KEY or"
        " DRAGOMAN_LIBRETRANSLATE_API_KEY); `dragoman doctor` tries it."
    )


class QuotaUsedUp(OperatorError):
    message = "The quota at the translation service is used up."
    code = "quota_used_up"
    exit_code = 42
    for_admin = "Please raise the quota at the translation service, or wait for its next period."


class EngineMissing(OperatorError):
    message = "The translation engine is not installed or not set up."
    code = "engine_missing"
    exit_code = 43


class ModelUnusable(OperatorError):
    message = "A translation model of this server is damaged or does not fit together."
    code = "model_unusable"
    exit_code = 48
    for_admin = "Please add the model again; `dragoman doctor` names those that cannot be used."


class EngineMisbehaved(OperatorError):
    message = "The translation engine sent an answer that we cannot use."
    code = "engine_misbehaved"
    exit_code = 44


class StageTimedOut(OperatorError):
    message = "A step took longer than it is allowed to."
    code = "stage_timed_out"
    exit_code = 45
    advice = "Please split the document into parts, or ask the admin of this server to retry it."


class WorkerLost(OperatorError):
    message = "The process that worked on this document stopped unexpectedly, more than once."
    code = "worker_lost"
    exit_code = 46


class OutboundRefused(OperatorError):
    message = "The mail server refused our answer permanently."
    # the mail server's own (RFC 5321 4.2), for code that asks what it means; "": it was not a reply
    reply: str = ""
    code = "outbound_refused"
    exit_code = 47
