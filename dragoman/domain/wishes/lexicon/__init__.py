"""Words, names and codes of languages, as people write them. Pure."""
