"""What can be wrong with the local engine alone."""

from __future__ import annotations

from dragoman.errors import OperatorError


class ModelUnusable(OperatorError):
    """Files of a model that are there, and that the runtime cannot load."""

    message = "A translation model of this server is damaged or does not fit together."
    code = "model_unusable"
    exit_code = 48
    for_admin = "Please add the model again; `dragoman doctor` names those that cannot be used."
