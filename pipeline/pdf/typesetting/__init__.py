"""Translated text set into the room that the page has."""
