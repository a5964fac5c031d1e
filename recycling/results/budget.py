"""The error budget of a stored run: kept with it as a derived file, and read back.

Only ``recycling.running.error_budget`` computes it; reading needs no simulator.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.design import RECYCLING
from recycling.inference.bath.budget import Budget, Contribution

if TYPE_CHECKING:
    from recycling.store.directory import Run

#: Name of the file in a run directory.
BUDGET = "budget.json"


def budget_record(budget: Budget) -> dict[str, Any]:
    """Describe a budget for scripts: every contribution at every point, the largest first.

    Example:
        >>> import numpy as np
        >>> from recycling.inference.bath.budget import Budget, Contribution
        >>> slope, share = np.array([1e-25]), np.array([5e-27])
        >>> one = Contribution("temperature", ("B",), 0.05, "K", slope, share)
        >>> budget = Budget({"theta": np.array([0.3])}, 0.4, np.array([-1e-24]), (one,))
        >>> budget_record(budget)["contributions"][0]["adds_J"]
        [5e-27]
    """
    return {
        "arm": RECYCLING,
        "quantity": "excess_tight",
        "data_kind": "modelled",
        "p_x": budget.p_x,
        "points": {name: values.tolist() for name, values in budget.points.items()},
        "lowest_at_point": budget.best,
        "excess_tight_J": [_finite(value) for value in budget.excess],
        "contributions": [
            {
                "name": each.name,
                "roles": list(each.roles),
                "value": each.value,
                "unit": each.unit,
                "derivative_J_per_unit": [_finite(value) for value in each.slope],
                "adds_J": [_finite(value) for value in each.share],
            }
            for each in budget.ranked(budget.best)
        ],
    }


def stored_budget(run: Run, folder: Path | None = None) -> Budget | None:
    """Read the error budget that was kept with a run.

    Args:
        run: opened run.
        folder: another folder that may hold it, e.g. since the run cannot be written.

    Returns:
        The budget; None where there is none, or none of this spec, or where it is damaged.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> folder = TemporaryDirectory()
        >>> stored_budget(recycling.run(experiment, out=f"{folder.name}/run")) is None
        True
        >>> folder.cleanup()
    """
    folders = [run.path] if folder is None else [run.path, folder]
    found = (_read(place / BUDGET, run.experiment.hash) for place in folders)
    return next((budget for budget in found if budget is not None), None)


def _read(path: Path, spec_hash: str) -> Budget | None:
    try:
        record = json.loads(path.read_text("utf-8")) if path.is_file() else {}
        return _budget(record) if record.get("spec_hash") == spec_hash else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _budget(record: dict[str, Any]) -> Budget:
    """Budget of a record as ``budget_record`` makes it."""

    def numbers(values: list[float | None]) -> Any:
        return np.array([np.nan if value is None else value for value in values], dtype=float)

    return Budget(
        points={name: numbers(values) for name, values in record["points"].items()},
        p_x=float(record["p_x"]),
        excess=numbers(record["excess_tight_J"]),
        contributions=tuple(
            Contribution(
                name=str(each["name"]),
                roles=tuple(each["roles"]),
                value=float(each["value"]),
                unit=str(each["unit"]),
                slope=numbers(each["derivative_J_per_unit"]),
                share=numbers(each["adds_J"]),
            )
            for each in record["contributions"]
        ),
    )


def _finite(value: float) -> float | None:
    """The number, or None, which JSON has, for infinity and NaN, which it lacks."""
    return float(value) if np.isfinite(value) else None
