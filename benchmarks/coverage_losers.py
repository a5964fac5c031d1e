"""Intervals that lost: bootstraps of plain estimates, and a posterior."""

from typing import Any

import numpy as np
from coverage_truth import QUANTITIES, plain_entropy, quantities
from numpy.typing import NDArray
from scipy.special import ndtr

from recycling.inference.states.estimates import QUANTILE
from recycling.inference.states.records import RecordMap
from recycling.inference.states.samples import mixture
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.resampling import resample
from recycling.thermodynamics import Bath

Real = NDArray[np.float64]

PERCENTILE, BASIC, JEFFREYS = "percentile", "basic", "Jeffreys"
#: Draws for each experiment.
DRAWS = 1000


def bootstrap(
    counts: NDArray[Any], records: RecordMap, p_x: Real, bath: Bath, generator: np.random.Generator
) -> dict[str, list[dict[str, Intervals]]]:
    """Percentile and basic bootstrap intervals by method, excited weight and quantity."""
    values = quantities(mixture(counts, records, p_x).vector(), bath)
    ends: dict[str, list[Real]] = {name: [] for name in QUANTITIES}
    for index in range(counts.shape[1]):
        draws = resample(counts[:, index : index + 1], records, DRAWS, generator)
        drawn = quantities(mixture(draws, records, p_x).vector(), bath)
        for name in QUANTITIES:
            ends[name].append(_percentiles(drawn[name][0]))
    # (end, p_x, experiment)
    percentile = {
        name: Interval(values[name][0], *np.stack(own, axis=-1)) for name, own in ends.items()
    }
    basic = {name: _mirrored(own) for name, own in percentile.items()}
    return {
        method: [
            {
                name: Interval(*(x[index] for x in (own.value, own.low, own.high)))
                for name, own in found.items()
            }
            for index in range(len(p_x))
        ]
        for method, found in ((PERCENTILE, percentile), (BASIC, basic))
    }


def _mirrored(percentile: Intervals) -> Intervals:
    """Basic bootstrap interval: percentiles mirrored at the estimate."""
    value, low, high = percentile.value, percentile.low, percentile.high
    with np.errstate(invalid="ignore"):
        return Interval(value, 2 * value - high, 2 * value - low)


def _percentiles(draws: Real) -> Real:
    """Ends of the central 95 % of draws (..., draw); NaN are left out."""
    tail = float(ndtr(-QUANTILE))
    ordered = np.sort(draws, axis=-1)
    number = (~np.isnan(ordered)).sum(axis=-1)
    places = [np.floor(tail * number), np.ceil((1 - tail) * number) - 1]
    index = np.clip(np.stack(places), 0, ordered.shape[-1] - 1).astype(int)
    return np.stack([np.take_along_axis(ordered, i[..., None], -1)[..., 0] for i in index])


def losers_of_entropy(
    zeros: Real, shots: int, plain: Real, generator: np.random.Generator
) -> dict[str, Intervals]:
    """Intervals of bootstraps and of a posterior: Jeffreys' for each basis, physical states."""
    size = (DRAWS, *zeros.shape)
    drawn = np.moveaxis(2 * generator.binomial(shots, zeros / shots, size) / shots - 1, 0, -1)
    percentile = Interval(plain, *_percentiles(plain_entropy(drawn)))
    components = 2 * generator.beta(zeros + 0.5, shots - zeros + 0.5, size) - 1
    components = np.moveaxis(components, 0, -1)
    inside = (components**2).sum(axis=0) <= 1
    posterior = _percentiles(np.where(inside, plain_entropy(components), np.nan))
    return {
        PERCENTILE: percentile,
        BASIC: _mirrored(percentile),
        JEFFREYS: Interval(plain, *posterior),
    }
