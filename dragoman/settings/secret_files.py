"""Secrets from files: `DRAGOMAN_NAME_FILE` names a file that holds the value of the secret setting
`DRAGOMAN_NAME`.

So that Docker's and Kubernetes' secrets, and systemd's credentials, need not stand in the
environment of a process.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from dragoman.settings.process_secrets import LEDGERS, is_needed

SUFFIX = "_FILE"


class SecretFiles(PydanticBaseSettingsSource):
    """The secrets of a class of settings that are named by a file.

    Those of other processes are not read.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value of a field, None if no file is named for it.

        Raises ValueError for a file that cannot be read.
        """
        variable = variable_of(self.settings_cls, field_name)
        file = os.environ.get(variable)
        if os.environ.get(variable.removesuffix(SUFFIX)):
            return None, field_name, False
        if not file or not is_secret(field_name, field) or not is_needed(field_name):
            return None, field_name, False
        try:
            return Path(file).read_text().strip("\r\n"), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise UnreadableSecret(variable, file, str(reason)) from None

    def __call__(self) -> dict[str, Any]:
        """All of them, by the names of their fields."""
        fields = self.settings_cls.model_fields.items()
        found = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in found.items() if value}


class UnreadableSecret(ValueError):
    """A file that was named for a secret cannot be read."""

    def __init__(self, variable: str, file: str, reason: str) -> None:
        super().__init__(f"{variable}: {file} cannot be read ({reason})")


def variable_of(settings_cls: type[BaseSettings], field_name: str) -> str:
    """The variable that names the file for a field."""
    return f"{settings_cls.model_config.get('env_prefix', '')}{field_name}".upper() + SUFFIX


def is_secret(field_name: str, field: FieldInfo) -> bool:
    """Whether a field is a secret, or a URL with a password in it: whether it has a file's
    variable.
    """
    return field_name in LEDGERS or SecretStr in (field.annotation, *get_args(field.annotation))
