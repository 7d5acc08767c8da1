"""What every channel does with a delivery."""
