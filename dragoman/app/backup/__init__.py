"""Keeping the data: a backup while everything runs, a restore that loses nothing that the backup
knew, a check, and the move to another database.

A backup is a folder: `rows/TABLE.jsonl.gz`, `files/KEY`, and `manifest.json`, which is written last
and names all of it with its SHA-256.
"""
