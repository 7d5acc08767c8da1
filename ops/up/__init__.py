"""`dragoman up`: all processes on one machine, with a broker of their own."""
