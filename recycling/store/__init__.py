"""The run directory: what is kept of a run, and how it is read back."""

from recycling.store.directory import Run, create_run, open_run

__all__ = ["Run", "create_run", "open_run"]
