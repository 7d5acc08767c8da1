"""What endpoints work with: who asks, and what was sent."""
