"""The numbers behind the table of verdicts, as the export writes them, for a page to hand out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuits.design import RECYCLING
from recycling.inference.statistics.significance import CLAIMED
from recycling.results.dataset import shown_p_x, swept
from recycling.results.verdicts import verdicts

if TYPE_CHECKING:
    import xarray as xr

#: Variables that the table of verdicts shows, by their names in the Dataset.
COLUMNS = (
    "branch_probability_combined", "entropy_decrease_combined", "heat_combined",
    *(f"bound_{bound}_combined" for bound in CLAIMED),
    *(f"excess_{bound}_combined" for bound in CLAIMED),
    *(f"excess_{bound}_combined_{of}" for bound in CLAIMED for of in ("stderr", "z")),
)  # fmt: skip


def verdict_csv(dataset: xr.Dataset) -> str:
    """Write the verdicts of the recycling arm at the shown p_x as CSV.

    Columns, units and numbers are those of ``recycling export``, joined over its tables: a row for
    each point of the sweep and each of value, low and high end. Energies are in J, entropies in
    nats, floats have all their digits. The last columns hold the verdict on each bound.

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
        >>> run = recycling.run(experiment, out=f"{folder.name}/run")
        >>> verdict_csv(recycling.analyse(run)).split(",")[:4]
        ['arm', 'theta', 'p_x', 'limit']
        >>> folder.cleanup()
    """
    parameters = swept(dataset)
    point = dataset[[name for name in COLUMNS if name in dataset]]
    point = point.sel(arm=[RECYCLING], p_x=[shown_p_x(dataset)])
    dims = ["arm", *parameters, "p_x", "limit"]
    frame = point.to_dataframe(dim_order=dims)
    for bound in CLAIMED:
        texts = [verdict.text for verdict in verdicts(dataset, bound=bound)]
        frame[f"verdict_{bound}"] = [text for text in texts for _ in dataset["limit"]]
    written: str = frame.reset_index().to_csv(index=False, lineterminator="\n")
    return written
