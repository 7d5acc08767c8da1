"""What can go wrong with getting models: a part of the tree in `dragoman.errors`."""

from __future__ import annotations

from dragoman.errors import OperatorError, TemporaryError


class ModelListInvalid(OperatorError):
    """What `MODELS_URL` leads to is no list of models of ours."""

    message = "The list of models cannot be understood."
    code = "model_list_invalid"
    exit_code = 70
    advice = (
        "Check DRAGOMAN_MODELS_URL: it has to name a list in the form of Mozilla's db/models.json."
    )


class ModelDamaged(OperatorError):
    """A model whose SHA-256, size or format is not what the list says."""

    message = "The model is damaged, or another one than it should be."
    code = "model_damaged"
    exit_code = 71
    advice = (
        "Nothing was installed. Run the same command again; if it says the same, ask whoever runs"
        " the source."
    )


class ModelsUnreachable(TemporaryError):
    """The host in `MODELS_URL` gave no answer, or one that says "later"."""

    message = "The server of the models does not answer at the moment."
    code = "models_unreachable"
    exit_code = 72
    advice = "Run the same command again in a while: it continues where it stopped."
