"""What can go wrong with getting models: a part of the tree in `dragoman.errors`."""

from __future__ import annotations

from dragoman.errors import OperatorError, TemporaryError


class ModelListInvalid(OperatorError):
    """The list of models cannot be understood."""

    code = "model_list_invalid"
    exit_code = 70
    advice = "Check DRAGOMAN_MODELS_URL: it has to name a list in the form of Mozilla's db/models.json."


class ModelDamaged(OperatorError):
    """The model is damaged, or another one than it should be."""

    code = "model_damaged"
    exit_code = 71
    advice = "Nothing was installed. Run the same command again; if it says the same, ask whoever runs the source."


class ModelsUnreachable(TemporaryError):
    """The server of the models does not answer at the moment."""

    code = "models_unreachable"
    exit_code = 72
    advice = "Run the same command again in a while: it continues where it stopped."
