"""How a process says that it lives and works."""
