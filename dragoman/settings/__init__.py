"""What an admin may choose: a module for each part, put together in `whole`."""

from dragoman.settings.values import MIB, OAUTH_SCHEMES, host_port
from dragoman.settings.whole import Settings

__all__ = ["MIB", "OAUTH_SCHEMES", "Settings", "host_port"]
