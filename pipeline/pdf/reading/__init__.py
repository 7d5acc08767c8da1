"""What stands on a page: rows of text, formulas, scans."""
