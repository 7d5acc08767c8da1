"""What a process gives up, for good, before it looks at a stranger's bytes: walls of the kernel's,
and limits.

`pipeline.sandbox` raises them around each job on a PDF, `ingress.email.sandboxed_parser` around the
reader of an email.
"""
