"""The run directory: what is kept of a run, and how it is read back."""

from recycling.store.directory import Run, open_run

__all__ = ["Run", "open_run"]
