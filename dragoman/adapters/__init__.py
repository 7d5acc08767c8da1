"""The world outside: store, broker, cache, links, templates, sockets and the kernel's walls."""
