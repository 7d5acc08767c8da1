"""Operating Dragoman: the command line, `up`, `demo`, `doctor` and health.

It knows everybody, and nobody imports it.
"""
