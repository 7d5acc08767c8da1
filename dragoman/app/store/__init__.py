"""Whose the store is, and what in it nobody names."""
