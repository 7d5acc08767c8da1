"""Logging in to a mail server with a token in place of a password (XOAUTH2)."""
