"""What each stage does with its run."""
