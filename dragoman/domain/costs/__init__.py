"""What a translation costs, and who has to agree to it. Pure."""
