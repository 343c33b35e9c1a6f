"""The chat in a terminal, or over a pipe."""

from adapters.console.platform import ConsolePlatform

__all__ = ["ConsolePlatform"]
