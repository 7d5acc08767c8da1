"""`python -m dragoman` is `dragoman`."""

from ops.cli import main

main()
