"""The way back: deliveries rendered and sent."""
