"""What an admin hears when a backup, a restore, a check or a copy cannot be."""

from __future__ import annotations

from dragoman.errors import OperatorError


class ServicesRunning(OperatorError):
    """Something that must be done alone was asked for while others write."""

    message = "Services of this Dragoman are running."
    code = "services_running"
    exit_code = 63
    for_admin = (
        "Please stop all of them, then try again. One that was killed counts as running for 40"
        " seconds."
    )


class BackupUnusable(OperatorError):
    """The folder that was named has no manifest, or one that does not fit its files."""

    message = "There is no complete backup in that folder."
    code = "backup_unusable"
    exit_code = 64
    for_admin = (
        "Nothing was changed. Please name the folder that `dragoman backup` made, or take another"
        " backup."
    )


class TargetNotEmpty(OperatorError):
    """A folder, database or store that is to be written to holds something already."""

    message = "There is something already where this is to go."
    code = "target_not_empty"
    exit_code = 66
    advice = "Nothing was changed. Please name another place."


class StoreTaken(OperatorError):
    """Restoring there would give two databases one store."""

    message = (
        "The file store belongs to another database, and not to the one that the backup is of."
    )
    code = "store_taken"
    exit_code = 68
    for_admin = (
        "Nothing was changed. Correct DRAGOMAN_STORAGE_URL: an empty store will do, the files are"
        " in the backup. If that other database is gone for good, or is no longer to be used:"
        " `dragoman restore DIR --take-over`, which deletes no file."
    )


class DoesNotFit(OperatorError):
    """What `dragoman check` ends with where rows and bytes differ."""

    message = "Database and store do not fit."
    code = "does_not_fit"
    exit_code = 67
    for_admin = (
        "The lines above say what. Rows without their files: put the files back, from a backup, or"
        " let the documents fail and be sent again. Stuck rows: see that worker, notifier and"
        " sweeper run. The store of another: `dragoman doctor` says what to do."
    )
