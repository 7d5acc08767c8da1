"""Bolt's listeners, by Socket Mode and by HTTP."""
