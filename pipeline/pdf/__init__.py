"""Reading and writing PDF pages: pure but for PyMuPDF."""
