"""The database: the three ledgers, their one lease, and what the program remembers."""
