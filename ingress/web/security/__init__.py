"""Tokens, and limits on those who try too much."""
