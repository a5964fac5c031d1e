"""The command line."""

from recycling.cli.app import main

__all__ = ["main"]
