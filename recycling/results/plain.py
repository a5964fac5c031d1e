"""The usual error bars, for comparison: the plain estimate and its percentile bootstrap."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING
from recycling.errors import BadInput
from recycling.inference.states.plain import plain_estimates
from recycling.inference.states.records import Layout, RecordMap
from recycling.results.counts import tables_of
from recycling.store.given import run_given
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Most counts that are drawn at once: 2 GiB of them.
_MOST = 2**28
_QUANTITIES = (
    "heat", "entropy_decrease", "excess_tight", "excess_landauer", "excess_athermal",
)  # fmt: skip


def plain_bootstrap(
    run: Run, *, arm: str = RECYCLING, draws: int = 400, seed: int = 0
) -> xr.Dataset:
    """Resample the shots of a run and estimate each draw by linear inversion and projection.

    The quantiles over the draws are percentile intervals. They are what one often sees, and are
    wrong where the estimate is biased: near pure and near maximally mixed states. ``run.dataset``
    has calibrated intervals. Readout is not corrected.

    Args:
        run: opened run of the protocol with equal shots of all settings.
        arm: name of the arm.
        draws: number of draws.
        seed: of the generator.

    Returns:
        ``heat`` and excesses in J and ``entropy_decrease`` in nats with the dims of the sweep, p_x,
        draw and trial; ``entropy`` with stage and qubit too.

    Raises:
        BadInput: the run has no equal shots, or the draws do not fit into memory.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> given = rc.load("theory").with_(sweep={"p_x": [0.4]}, measurement={"shots": 500})
        >>> with TemporaryDirectory() as folder:
        ...     drawn = plain_bootstrap(rc.run(given, out=f"{folder}/run"), draws=20)
        >>> drawn["heat"].quantile([0.025, 0.975], "draw").sizes["quantile"]
        2
    """
    import xarray as xr

    from recycling.results.accessor import with_accessor

    experiment, design = run_given(run).experiment, run.design
    if experiment.measurement.shots == "exact" or experiment.allocation is not None:
        raise BadInput(f"run = {str(run.path)!r}: give a run with equal shots of all settings")
    tables = tables_of(run.counts, design)[design.arm_names.index(arm)]
    if draws < 1 or draws * tables.size > _MOST:
        raise BadInput(f"draws = {draws}: give 1 to {max(_MOST // tables.size, 1)}")
    drawn = _drawn(tables, draws, seed)
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    records = RecordMap.raw(Layout.of(design), design.arm(arm).records)
    found = plain_estimates(np.moveaxis(drawn, 0, 1), records, experiment.p_x, bath, None)
    swept, dims = experiment.coordinates, (*experiment.coordinates, "p_x", "draw", "trial")
    further = dict.fromkeys(_QUANTITIES, ()) | {"entropy": ("stage", "qubit")}
    lengths = tuple(len(values) for values in swept.values())
    variables: dict[str, Any] = {
        name: ((*dims, *more), found[name].reshape(*lengths, *found[name].shape[1:]), _units(name))
        for name, more in further.items()
    }
    labels: dict[str, Any] = {"stage": list(design.stages), "qubit": list(design.measured)}
    weights = {"p_x": experiment.p_x, "trial": run.counts["trial"].values}
    return with_accessor(xr.Dataset(variables, {**swept, **weights, **labels}, _attributes(run)))


def _units(name: str) -> dict[str, str]:
    return {"units": "1" if name.startswith("entropy") else "J"}


def _drawn(tables: NDArray[Any], draws: int, seed: int) -> NDArray[Any]:
    """Counts that are drawn as often as the shots of each setting."""
    shots = tables.sum(axis=-1, keepdims=True)
    shares = tables / np.maximum(shots, 1)
    size = (draws, *tables.shape[:-1])
    return np.random.default_rng(seed).multinomial(shots[..., 0], shares, size=size)


def _attributes(run: Run) -> dict[str, Any]:
    experiment = run.experiment
    return {
        "title": experiment.name,
        "data_kind": "simulated" if run.simulated else "measured",
        "frequency_Hz": experiment.bath.frequency,
        "temperature_K": experiment.bath.temperature,
    }
