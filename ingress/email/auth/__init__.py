"""Who sent an email, and whether they may."""
