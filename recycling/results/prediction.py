"""The sealed prediction of a run as a Dataset: what it holds, how it is written and read back.

``recycling.running.prediction`` computes it, before the first job is submitted; reading needs no
simulator.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import LinkChannel
from recycling.inference.states.estimates import QUANTILE
from recycling.jobs.counts import counts_of
from recycling.results.dataset import POINT
from recycling.results.netcdf import netcdf_bytes, read_netcdf
from recycling.results.predicted import predicted_quantities
from recycling.results.schema import LIMITS, OF_LINK, VARIABLES
from recycling.spec.experiment import shown_p_x

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.displaced import NoiseNumber
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]


@dataclass(frozen=True)
class LatencySlope:
    """How the probabilities depend on the feedforward latency.

    Attributes:
        slope: their derivative, 1/s (array of the shape of a table of probabilities).
        latency: at which they are predicted, s.
        relative_error: assumed standard error of the latency.
    """

    slope: Real
    latency: float
    relative_error: float


#: Number in the attribute ``schema_version``.
SCHEMA = 1
#: Variables besides the quantities: the probability of each record, its derivative by the relative
#: change of each number of the noise, and the assumed error of each of these numbers.
PROBABILITY, SENSITIVITY, ERROR = "probability", "sensitivity", "noise_relative_error"
#: Its derivative by the feedforward latency, where there is one.
BY_LATENCY = "latency_sensitivity"
#: Largest derivative that is rounding alone, 1/s.
_ROUNDING = 1e-6


def prediction_dataset(
    experiment: Experiment,
    tables: Real,
    numbers: Sequence[NoiseNumber],
    step: float,
    *,
    link: LinkChannel | None = None,
    latency: LatencySlope | None = None,
    attributes: Mapping[str, Any],
) -> xr.Dataset:
    """Make the Dataset of a prediction.

    Args:
        experiment: validated spec.
        tables: probabilities on the device, then with each number of its noise displaced (array of
            shape (device, arm, stage, preparation, point, basis, flag, *measured)).
        numbers: the numbers that are displaced, in that order.
        step: their relative displacement; see ``displaced_devices``.
        link: that recycled states cross; None for an experiment without links.
        latency: derivative by the feedforward latency; left out where it is 0.
        attributes: further attributes.

    Returns:
        Quantities at the shown p_x over the dims of ``analyse`` without trials and p_x; along their
        dim "limit" the value and the ends of the 95 % interval that follows from the assumed errors
        of the calibration. ``PROBABILITY`` over the dims of counts; ``SENSITIVITY`` over "noise"
        and these; ``BY_LATENCY`` as ``PROBABILITY``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ... )
        >>> table = np.full((1, 2, 2, 2, 2, 3, 2, 2, 2, 2), 1 / 16)
        >>> prediction_dataset(experiment, table, (), 1e-4, attributes={})["heat"].dims
        ('arm', 'theta', 'limit')
    """
    import xarray as xr

    p_x = shown_p_x(experiment.p_x)
    found = predicted_quantities(experiment, _of_records(tables), p_x, link)
    relative = np.array([getattr(experiment.prediction, each.kind) for each in numbers])
    variables: dict[str, Any] = {}
    for name, (dims, values) in found.items():
        notes = (VARIABLES | OF_LINK)[name]
        error = QUANTILE * _propagated(values, relative, step)
        limits = np.stack([values[0], values[0] - error, values[0] + error], axis=-1)
        over_sweep = unfolded((*dims[1:], "limit"), limits, experiment)
        variables[name] = (*over_sweep, {"units": notes.units, "long_name": notes.long_name})
    labelled = counts_of(experiment, dict(enumerate(tables))).transpose("trial", ...)
    variables |= _of_counts(labelled, relative, step)
    if latency is not None and np.abs(latency.slope).max() > _ROUNDING:
        variables[BY_LATENCY] = _by_latency(experiment, latency)
    coordinates = _coordinates(experiment, numbers) | {
        name: labelled[name].values for name in ("preparation", "basis")
    }
    return xr.Dataset(variables, coordinates, {**attributes, "schema_version": SCHEMA, "p_x": p_x})


def _of_counts(labelled: xr.DataArray, relative: Real, step: float) -> dict[str, Any]:
    """The probability of each record and its derivatives; a trial stands for a device."""
    dims = tuple(map(str, labelled.dims[1:]))
    text = "probability of each record, for each setting"
    found: dict[str, Any] = {
        PROBABILITY: (dims, labelled.values[0], {"units": "1", "long_name": text})
    }
    if len(relative):
        slopes = ((labelled.values[1:] - labelled.values[0]) / step).astype(np.float32)
        text = "derivative of probability by the relative change of noise"
        described, packed = {"units": "1", "long_name": text}, {"zlib": True, "complevel": 4}
        found[SENSITIVITY] = ("noise", *dims), slopes, described, packed
        found[ERROR] = "noise", relative, {"units": "1", "long_name": "assumed error"}
    return found


def _by_latency(experiment: Experiment, latency: LatencySlope) -> Any:
    labelled = counts_of(experiment, {0: latency.slope}).transpose("trial", ...)
    described = {
        "units": "1/s",
        "long_name": "derivative of probability by the feedforward latency",
        "latency_s": latency.latency,
        "assumed_relative_error": latency.relative_error,
    }
    packed, values = {"zlib": True, "complevel": 4}, labelled.values[0].astype(np.float32)
    return tuple(map(str, labelled.dims[1:])), values, described, packed


def _of_records(tables: Real) -> Real:
    """Tables (device, arm, stage, preparation, point, basis, …) → (…, point, stage, …, record)."""
    flat = tables.reshape(*tables.shape[:6], -1)
    return np.moveaxis(flat, 4, 2)


def _propagated(values: Real, relative: Real, step: float) -> Real:
    """Standard error of values[0] from values[1:], each with one number displaced."""
    with np.errstate(invalid="ignore"):
        slopes = (values[1:] - values[0]) / step
    weights = relative.reshape(-1, *(1,) * (values.ndim - 1))
    return np.asarray(np.sqrt(np.sum((slopes * weights) ** 2, axis=0)))


def unfolded(dims: tuple[str, ...], values: Real, experiment: Experiment) -> Any:
    """Put a dim for each swept parameter in place of that of the points.

    Args:
        dims: of the values; one of them is "point".
        values: the array.
        experiment: whose sweep it is.

    Returns:
        Its new dims and the reshaped array.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> unfolded(("arm", "point"), np.zeros((2, 11)), preset("paper"))[0]
        ('arm', 'theta_b')
    """
    axis, coordinates = dims.index(POINT), experiment.coordinates
    shape = (*values.shape[:axis], *map(len, coordinates.values()), *values.shape[axis + 1 :])
    return (*dims[:axis], *coordinates, *dims[axis + 1 :]), values.reshape(shape)


def _coordinates(experiment: Experiment, numbers: Sequence[NoiseNumber]) -> dict[str, Any]:
    design = experiment.design
    known: dict[str, Any] = {
        **experiment.coordinates,
        "arm": list(design.arm_names),
        "stage": list(design.stages),
        "qubit": list(design.measured),
        "limit": list(LIMITS),
    }
    if numbers:
        known["noise"] = [each.label for each in numbers]
        known["noise_value"] = ("noise", [each.value for each in numbers])
        known["noise_units"] = ("noise", [each.unit for each in numbers])
    return known


def prediction_bytes(prediction: xr.Dataset) -> bytes:
    """Write a prediction as a netCDF file, which also holds the second that it was made in.

    Example:
        >>> import xarray as xr
        >>> prediction_bytes(xr.Dataset({"heat": ("theta", [0.0])}))[1:4]
        b'HDF'
    """
    return netcdf_bytes(prediction)


def read_prediction(content: bytes) -> xr.Dataset:
    """Read a prediction that ``prediction_bytes`` has written.

    Raises:
        OSError: it is no netCDF file.

    Example:
        >>> import xarray as xr
        >>> read_prediction(prediction_bytes(xr.Dataset({"heat": ("theta", [0.5])})))["heat"].item()
        0.5
    """
    return read_netcdf(content)
