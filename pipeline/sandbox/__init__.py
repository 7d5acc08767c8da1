"""Where untrusted bytes are parsed: children of a server that holds no secret, each behind walls of
the kernel's.

`server` is a process of its own, started with an empty environment before anything of ours is read;
`child` is what it forks for each job; `jobs` names what can be asked for; what a child may touch is
up to the walls of `dragoman.adapters.confinement`; `calls` is how the rest of the pipeline asks,
and checks what comes back. `pipeline.sandbox.client` is the way there.
"""
