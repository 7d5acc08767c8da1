"""Questions over several tables: lists, turns, figures, what is due or stuck."""
