"""Slack, as front end and notifier both know it."""
