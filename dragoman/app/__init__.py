"""What may be done: the one way in, quotas, forgetting, the store's owner, backups, the life of
a process.
"""
