"""What Slack's errors mean to us, as data: those of the three upload methods as they are
documented, and what follows from each.

Read in October and November 2026: docs.slack.dev/reference/methods/files.getUploadURLExternal,
.../files.completeUploadExternal and docs.slack.dev/messaging/working-with-files. Slack adds errors
without notice: what is not in here counts as a refusal for good.
"""

from __future__ import annotations

from enum import StrEnum

UPLOAD_URL, COMPLETE = "files.getUploadURLExternal", "files.completeUploadExternal"


class Meaning(StrEnum):
    """What follows from an error of Slack's.

    `PASSING`: the same call may succeed later. `REVOKED`: our token works no more. `CLOSED`: we
    cannot write in that place, but perhaps in another one. `UNUSABLE`: the upload is of no use, a
    new one may be. `REFUSED`: for good.
    """

    PASSING = "passing"
    REVOKED = "revoked"
    CLOSED = "closed"
    UNUSABLE = "unusable"
    REFUSED = "refused"


# Errors that any method may answer with.
_ANY = frozenset(
    {
        "access_denied",
        "accesslimited",
        "account_inactive",
        "deprecated_endpoint",
        "ekm_access_denied",
        "enterprise_is_restricted",
        "fatal_error",
        "internal_error",
        "invalid_arg_name",
        "invalid_arguments",
        "invalid_array_arg",
        "invalid_auth",
        "invalid_charset",
        "invalid_form_data",
        "invalid_post_type",
        "method_deprecated",
        "missing_post_type",
        "missing_scope",
        "no_permission",
        "not_allowed_token_type",
        "not_authed",
        "org_login_required",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_access_not_granted",
        "team_added_to_org",
        "token_expired",
        "token_revoked",
        "two_factor_setup_required",
    }
)
# The documented errors of the two methods around an upload.
DOCUMENTED: dict[str, frozenset[str]] = {
    UPLOAD_URL: _ANY
    | {
        "alt_txt_too_large",
        "file_type_not_allowed",
        "file_upload_size_restricted",
        "file_uploads_disabled",
        "file_uploads_except_images_disabled",
        "missing_argument",
        "snippet_too_large",
        "storage_limit_reached",
        "unknown_snippet_type",
    },
    COMPLETE: _ANY
    | {
        "channel_not_found",
        "channels_limit_exceeded",
        "file_not_found",
        "file_type_not_allowed",
        "file_update_failed",
        "file_uploads_except_images_disabled",
        "invalid_blocks",
        "invalid_channel",
        "not_in_channel",
        "posting_to_channel_denied",
    },
}
# The raw POST between them answers with an HTTP status alone. Only 200 is documented as success;
# these will not become one.
UPLOAD_REFUSED_FOR_GOOD = frozenset({413, 415})

REVOKED = frozenset(
    {
        "account_inactive",
        "invalid_auth",
        "not_authed",
        "token_expired",
        "token_revoked",
        "team_access_not_granted",
    }
)
CLOSED = frozenset(
    {
        "cannot_reply_to_message",
        "channel_not_found",
        "invalid_channel",  # files.completeUploadExternal's words for most of these
        "is_archived",
        "is_inactive",
        "no_permission",
        "not_in_channel",
        "posting_to_channel_denied",
        "posting_to_general_channel_denied",
        "restricted_action",
        "restricted_action_non_threadable_channel",
        "restricted_action_read_only_channel",
        "restricted_action_thread_locked",
        "restricted_action_thread_only_channel",
        "thread_locked",
        "thread_not_found",
    }
)
PASSING = frozenset(
    {
        "fatal_error",
        "internal_error",
        "org_login_required",
        "rate_limited",
        "ratelimited",
        "request_timeout",
        "service_unavailable",
        "team_added_to_org",
    }
)
# Of files.completeUploadExternal: what was uploaded cannot be shown to anybody.
UNUSABLE = frozenset({"access_denied", "file_not_found", "file_update_failed"})

NOT_SEEN = "not_seen"  # our own word: Slack said yes, and the file is nowhere to be seen
# ours: uploads fail again and again while the rest of Slack works
UNAVAILABLE = "upload_unavailable"
UPLOAD_STATUS = "upload_"  # ours, before the HTTP status of the raw POST
# Why a file could not be handed over, in words for its sender. The rest is in `REASON`.
REASONS = {
    "storage_limit_reached": "this workspace has no room left for files in Slack",
    "file_uploads_disabled": "file uploads are turned off in this workspace",
    "file_uploads_except_images_disabled": "this workspace allows no uploads except pictures",
    "file_type_not_allowed": "this workspace does not allow PDFs to be uploaded",
    "file_upload_size_restricted": "the file is larger than this workspace allows",
    f"{UPLOAD_STATUS}413": "the file is larger than Slack takes",
    "missing_scope": "the Slack app has no permission to upload files",
    "not_allowed_token_type": "the Slack app has no permission to upload files",
    "ekm_access_denied": "the admins of this workspace have suspended posting",
    "accesslimited": "Slack limits access from the network of this server",
    "two_factor_setup_required": "Slack asks for a second factor to be set up first",
    "enterprise_is_restricted": "your organisation does not allow it",
    NOT_SEEN: "the file never appeared in Slack",
    UNAVAILABLE: "Slack has had trouble with uploads for a while",
}
REASON = "Slack did not take it"


def meaning(error: str) -> Meaning:
    """What follows from an error, wherever it comes from; `UNUSABLE` is for `COMPLETE` alone,
    see `of_completion`.
    """
    if error in REVOKED:
        return Meaning.REVOKED
    if error in CLOSED:
        return Meaning.CLOSED
    return Meaning.PASSING if error in PASSING else Meaning.REFUSED


def of_completion(error: str) -> Meaning:
    """What follows from an error of `COMPLETE`."""
    return Meaning.UNUSABLE if error in UNUSABLE else meaning(error)


def reason(error: str) -> str:
    """Why a file could not be handed over: half a sentence for the sender, with Slack's word
    where that is all we know.
    """
    return REASONS.get(error) or f"{REASON} ({error})"
