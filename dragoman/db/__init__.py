"""The database: the three ledgers, their one lease, and what the program remembers.

One order of locks, in every transaction that changes more than one row, so that PostgreSQL never
has to end one of two that wait for each other: jobs, parts, inbox, cards, outbox, translations (by
key), tallies. Whoever changes several parts of a job, or a part and its job, holds the job's row
first; who takes many rows at once without such a row passes over those that are locked.
"""
