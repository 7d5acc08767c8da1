"""Values: rectangles, rows of text, styles, scripts."""
