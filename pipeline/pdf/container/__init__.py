"""The file around the pages: opening, sanitizing, metadata, page layouts."""
