"""What an email holds, read without trust. Pure."""
