"""What is remembered beside the ledgers: texts, preferences, processes, counts, who did what."""
