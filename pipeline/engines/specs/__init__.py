"""What the program has to know of each engine.

These modules are read by every process: they import no engine.
"""
