"""The way back by email."""
