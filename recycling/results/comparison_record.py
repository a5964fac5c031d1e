"""A comparison of runs as plain data for scripts."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.inference.statistics.significance import CLAIMED
from recycling.results.changes import changes_of
from recycling.results.comparison import Comparison
from recycling.results.differences import P_VALUE, Z, names_of

if TYPE_CHECKING:
    import xarray as xr


def comparison_record(comparison: Comparison) -> dict[str, Any]:
    """Describe a comparison: differences in J, nats or 1, with their places.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     for name in ("one", "two"):
        ...         _ = rc.run(rc.preset("theory"), out=f"{folder}/{name}")
        ...     record = comparison_record(rc.compare(f"{folder}/one", f"{folder}/two"))
        >>> record["differences"]["two"]["heat"][0]["difference"]
        0.0
    """
    labels = [member.label for member in comparison.members]
    return {
        "runs": [
            {"label": m.label, "path": str(m.run.path), "data_kind": m.dataset.attrs["data_kind"]}
            for m in comparison.members
        ],
        "p_x": comparison.p_x,
        "differences": {
            member.label: {name: _places(found, name) for name in names_of(found)}
            for member, found in zip(comparison.others, comparison.found, strict=True)
        },
        "differ": {
            member.label: comparison.resolved(place)
            for place, member in enumerate(comparison.others)
        },
        "verdicts": {
            bound: {
                label: [asdict(verdict) | {"outcome": verdict.outcome} for verdict in of_run]
                for label, of_run in zip(labels, comparison.verdicts(bound), strict=True)
            }
            for bound in CLAIMED
        },
        "different": {
            topic: {name: dict(zip(labels, values, strict=True)) for name, *values in entries}
            for topic, entries in changes_of(comparison.members).items()
        },
    }


def _places(found: xr.Dataset, name: str) -> list[dict[str, Any]]:
    z = found[name + Z]
    values, p_values = found[name].transpose(*z.dims, "limit").values, found[name + P_VALUE].values
    return [
        {
            **{str(dim): z[dim].values[i].item() for dim, i in zip(z.dims, place, strict=True)},
            "difference": float(values[place][0]),
            "low": float(values[place][1]),
            "high": float(values[place][2]),
            "z": float(z.values[place]),
            "p_adjusted": float(p_values[place]),
        }
        for place in np.ndindex(z.shape)
    ]
