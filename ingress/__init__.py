"""Front doors: a foreign message in, a receipt out."""
