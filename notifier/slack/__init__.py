"""The way back in Slack."""
