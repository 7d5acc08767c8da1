"""The three ledgers, what is leased like them, and the one lease."""
