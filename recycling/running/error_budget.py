"""Compute the error budget of a run by the exact engine and JAX, and keep it with the run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.planning.budget import error_budget
from recycling.results.budget import BUDGET, budget_record, stored_budget
from recycling.store.files import write_whole
from recycling.store.origin import device_is_known

if TYPE_CHECKING:
    from recycling.inference.bath.budget import Budget
    from recycling.store.directory import Run


def keep_budget(run: Run, folder: Path | None = None) -> Budget:
    """Compute the error budget of a run and write it beside the run, unless it is there.

    Args:
        run: opened run.
        folder: where to write, by default the run's directory; created where there is none.

    Raises:
        BadInput: JAX is not installed, or the device of the run is not known.

    Example:
        >>> keep_budget.__name__  # it takes half a minute
        'keep_budget'
    """
    known = stored_budget(run, folder)
    if known is not None:
        return known
    if not device_is_known(run.record):
        raise BadInput(f"run = {str(run.path)!r}: no device was given whose numbers could limit it")
    budget = error_budget(run.experiment, run.device)
    record = {"spec_hash": run.experiment.hash, **budget_record(budget)}
    folder = run.path if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / BUDGET, (json.dumps(record, indent=1) + "\n").encode())
    return budget
