"""A sealed prediction at the feedforward latency that the service's schedules have measured.

To first order, by the derivative in the file of the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from recycling.results.counts import tables_of
from recycling.results.link_gains import channel_of
from recycling.results.predicted import predicted_quantities
from recycling.results.prediction import BY_LATENCY, ERROR, PROBABILITY, SENSITIVITY, unfolded
from recycling.results.timing import Latency

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.device import Device
    from recycling.inference.statistics.surprise import Surprise
    from recycling.spec.experiment import Experiment

#: Label of the latency among the numbers of the noise.
LABEL = "feedforward latency"
#: Largest step that is linear, relative to the shortest lifetime: then the second order is within
#: about 5 % of the first.
MOST = 0.1


@dataclass(frozen=True)
class AtLatency:
    """A prediction at a measured latency.

    Attributes:
        latency: the measured one.
        planned: that of the sealed prediction, s.
        lifetime: shortest T1, T2 or time of low-frequency dephasing of the device, s.
        prediction: the sealed prediction, moved; None where the step is too large, or the file has
            no derivative by the latency.
        known: whether the file has this derivative.
        surprise: of all counts beside the moved prediction; None without one.
    """

    latency: Latency
    planned: float
    lifetime: float
    prediction: xr.Dataset | None
    known: bool
    surprise: Surprise | None = None

    @property
    def later(self) -> float:
        """How much longer than planned it is, s."""
        return self.latency.seconds - self.planned


def at_latency(
    prediction: xr.Dataset, latency: Latency, experiment: Experiment, device: Device
) -> AtLatency:
    """Move a prediction to a measured latency, where the step is small enough to be linear.

    Args:
        prediction: the sealed one.
        latency: as measured.
        experiment: that is predicted.
        device: as it was planned with.

    Example:
        >>> import xarray as xr
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.spec.experiment import preset
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> latency = Latency(1e-6, 1e-6, 1e-6, 4, "4 rounds")
        >>> at_latency(xr.Dataset(), latency, preset("theory"), device).known  # an older file
        False
    """
    slow = experiment.device.low_frequency_dephasing
    times = [*device.t1, *device.t2, *([] if slow is None else [slow])]
    lifetime, known = float(min(times)), BY_LATENCY in prediction
    planned = float(prediction[BY_LATENCY].attrs["latency_s"] if known
                    else device.feedforward_latency)  # fmt: skip
    step = latency.seconds - planned
    moved = None
    if known and abs(step) <= MOST * lifetime:
        moved = _moved(prediction, step, experiment)
    return AtLatency(latency, planned, lifetime, moved, known)


def _moved(prediction: xr.Dataset, step: float, experiment: Experiment) -> xr.Dataset:
    """Records and quantities after a step of the latency; the widths of intervals stay."""
    import xarray as xr

    before = prediction[PROBABILITY]
    after = (before + step * prediction[BY_LATENCY].astype(float)).clip(min=0)
    both = xr.concat([before, after], "trial")  # the axis of the trials stands for the two
    tables = np.moveaxis(tables_of(both, experiment.design), 2, 0)
    link, p_x = channel_of(prediction.attrs), float(prediction.attrs["p_x"])
    moved = prediction.assign({PROBABILITY: after.transpose(*before.dims)})
    for name, (dims, values) in predicted_quantities(experiment, tables, p_x, link).items():
        over_sweep, shift = unfolded(dims[1:], values[1] - values[0], experiment)
        shift = xr.DataArray(shift, dims=over_sweep)
        moved[name] = (prediction[name] + shift).transpose(*prediction[name].dims)
    return moved


def with_latency_term(prediction: xr.Dataset) -> xr.Dataset:
    """Put the latency among the numbers of the noise, with its assumed error.

    Example:
        >>> import xarray as xr
        >>> with_latency_term(xr.Dataset()).sizes  # an older file
        Frozen({})
    """
    import xarray as xr

    if BY_LATENCY not in prediction or SENSITIVITY not in prediction:
        return prediction
    slope = prediction[BY_LATENCY]
    latency, relative = (float(slope.attrs[k]) for k in ("latency_s", "assumed_relative_error"))
    if not latency * relative:
        return prediction
    added = xr.Dataset(
        {SENSITIVITY: (slope * latency).expand_dims("noise"), ERROR: ("noise", [relative])},
        {"noise": [LABEL], "noise_value": ("noise", [latency]), "noise_units": ("noise", ["s"])},
    )
    terms = xr.concat([prediction[[SENSITIVITY, ERROR]], added], "noise", join="outer")
    return prediction.drop_dims("noise").assign(terms.data_vars)
