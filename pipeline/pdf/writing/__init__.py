"""A page written anew: text, links, structure."""
