"""Sentences and clauses, and what part each language plays in them. Pure."""
