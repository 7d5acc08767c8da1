"""What a channel or an engine brings along, as values, and the list of those there are. Pure."""
