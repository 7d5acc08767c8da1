"""One attempt at one stage: claimed, traced, timed, interrupted, recovered."""
