"""Dragoman translates documents and hands them back on the way they came."""

__version__ = "0.2.0"
