"""Map an experiment over temperature, frequency and loss tangent by one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import TYPE_CHECKING

from recycling.spec.named import Source, load
from recycling.store.given import path_given
from recycling.store.targets import check_new_folder
from recycling.studies import stage_map as maps
from recycling.studies.stage_grid import stage_grid, values_in
from recycling.studies.stage_view import write_stage_map

if TYPE_CHECKING:
    import xarray as xr

#: Values of an axis: numbers in SI units or text with a unit, or all of them in one text.
Values = Sequence[float | str] | float | str


def stage(
    experiment: Source,
    *,
    temperatures: Values | None = None,
    frequencies: Values | None = None,
    loss_tangents: Values | None = None,
    out: str | PathLike[str] | None = None,
    progress: Callable[[str], None] = lambda _step: None,
    fraction: Callable[[float], None] = lambda _done: None,
) -> xr.Dataset:
    """Map an experiment over the stage that its device sits on: where does erasure end?

    Args:
        experiment: an experiment, the path of a spec, or the name of a preset.
        temperatures: of the bath, K, or text such as "43 mK"; by default up to 4 K.
        frequencies: of the bath, Hz, or text such as "5 GHz"; by default that of the spec.
        loss_tangents: of the dielectrics; by default that of ``[stage]``, or some usual ones.
        out: new folder for stage.nc and stage.svg; nothing is written without it.
        progress: called with the name of each step as it begins.
        fraction: called with the fraction of the map that is done.

    Returns:
        Dataset over temperature, frequency and loss tangent, as the exact engine predicts it.

    Raises:
        BadInput: a value of an axis is none, the folder exists, or the spec has faults.

    Example:
        >>> mapped = stage("theory", temperatures=["43 mK", 1.0], loss_tangents=1e-7)
        >>> mapped["temperature"].values.tolist()
        [0.043, 1.0]
    """
    if out is not None:
        check_new_folder(path_given(out, "out"))
    progress("planning the map")
    given = load(experiment)
    grid = stage_grid(
        given,
        temperatures=_axis(temperatures),
        frequencies=_axis(frequencies),
        loss_tangents=_axis(loss_tangents),
    )
    progress(f"mapping {maps.stage_map_size(given, grid)}")
    dataset = maps.stage_map(given, grid, fraction)
    if out is not None:
        progress("drawing the map")
        write_stage_map(dataset, path_given(out, "out"))
    return dataset


def _axis(values: Values | None) -> tuple[float | str, ...] | None:
    if values is None or isinstance(values, str):
        return values_in(values)
    return tuple(values) if isinstance(values, Sequence) else (values,)
