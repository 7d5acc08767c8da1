"""Texts through an engine: batches, memory, glossary, warnings."""
