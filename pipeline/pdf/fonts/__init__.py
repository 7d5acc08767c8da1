"""Typefaces: of the source, and those that we bring."""
