"""What the two sides of a channel share: its front end in `ingress`, its way back in `notifier`."""
