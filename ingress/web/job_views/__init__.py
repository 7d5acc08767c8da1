"""A job as others see it."""
