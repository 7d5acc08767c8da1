"""Rows become paragraphs, lists, columns."""
