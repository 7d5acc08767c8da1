"""The way back by webhook: a signed POST of a job's end to an address that its sender named
(docs/howto/webhooks.md).
"""
