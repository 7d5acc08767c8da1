"""Glossaries: their files, and those that are kept. Pure."""
