"""What goes back: problems, pages, downloads, and how long a connection may take."""
