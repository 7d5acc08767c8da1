"""The door for Slack: an event in, a row and an ack out."""
