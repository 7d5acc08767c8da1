"""What a sender asks for in an email's own places: address, subject, first lines. Pure."""
