"""The run directory: what is kept of a run, and how it is read back."""

from recycling.store.directory import Run

__all__ = ["Run"]
