"""The door for mail: SMTP in, a row and 250 out."""
