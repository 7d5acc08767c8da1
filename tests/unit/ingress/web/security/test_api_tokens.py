from __future__ import annotations

import pytest

from ingress.web.security.api_tokens import Callers, TokenNeeded

CALLERS = Callers({"token-of-anna": ("anna", False), "token-of-root": ("root", True)})


@pytest.mark.parametrize(
    "header", ["Bearer token-of-anna", "bearer token-of-anna", "BEARER  token-of-anna "]
)
def test_token_names_its_caller(header: str) -> None:
    caller = CALLERS.named_by(header)
    assert (caller.name, caller.owner, caller.sees) == ("anna", "web:anna", "web:anna")


def test_admin_sees_the_jobs_of_all_but_owns_only_their_own() -> None:
    caller = CALLERS.named_by("Bearer token-of-root")
    assert (caller.owner, caller.sees) == ("web:root", None)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        "Basic token-of-anna",
        "token-of-anna",
        "Bearer token-of-ann",
        "Bearer tökén",
    ],
)
def test_anything_else_is_nobody(header: str | None) -> None:
    with pytest.raises(TokenNeeded):
        CALLERS.named_by(header)


def test_without_tokens_nobody_is_let_in() -> None:
    with pytest.raises(TokenNeeded):
        Callers({}).named_by("Bearer ")
