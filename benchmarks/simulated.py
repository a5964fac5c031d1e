"""Simulated experiments with a known truth: how often intervals cover it, and how wide they are."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from coverage_losers import bootstrap, losers_of_entropy
from coverage_truth import (
    DERIVED,
    ENTROPIES,
    PLAIN,
    QUANTITIES,
    Truth,
    boundaries,
    plain_entropy,
    quantities,
    quantum,
    true_values,
)
from numpy.typing import NDArray
from of_hhl import raw
from scipy.special import ndtr

from recycling.inference.states.erasure import estimate_heat_and_bounds
from recycling.inference.states.estimates import QUANTILE, z_score
from recycling.inference.states.estimation import estimate_outcomes, estimate_states
from recycling.inference.states.records import RecordMap
from recycling.inference.states.samples import mixture
from recycling.inference.statistics.interval import Interval, Intervals
from recycling.inference.statistics.lengths import Mixed, Part, length_limits
from recycling.inference.statistics.significance import holm
from recycling.thermodynamics import Bath, binary_entropy

Real = NDArray[np.float64]

OURS = "ours"
#: An interval whose end is the truth up to rounding covers it (nats, quanta of the bath).
ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where experiments are simulated.

    Attributes:
        profile: name of the device profile, or "single qubit".
        temperature: T0, K; None for a single qubit.
        arm: arm of the protocol; of a single qubit the direction of its Bloch vector.
        theta_b: angle, rad; None for a single qubit.
        p_x: excited weight; for a single qubit the length of its Bloch vector.
        shots: shots of each setting.
        experiments: how many were simulated.
    """

    profile: str
    temperature: float | None
    arm: str
    theta_b: float | None
    p_x: float
    shots: int
    experiments: int


@dataclass(frozen=True, kw_only=True)
class Row(Point):
    """What the intervals of one method for one quantity do at one point.

    Attributes:
        coverage: share of experiments whose interval covers the truth.
        below: share of experiments whose interval lies above the truth, so that it is missed below.
        above: share of those that miss it above.
        width: median width of the interval over that of Cramér and Rao.
        umvu: the same over the width that the best unbiased estimate of ℓ² would have (entropies).
        bias: mean error of the estimate in units of Cramér and Rao's deviation.
        plain_bias: that of linear inversion with projection.
        distance: from the nearest boundary of the parameters, in standard deviations; see
            ``boundaries``.
        naive: min(ℓ, 1 - ℓ) over the largest standard deviation of a Bloch component.
    """

    quantity: str
    method: str
    coverage: float
    below: float
    above: float
    width: float
    umvu: float
    bias: float
    plain_bias: float
    distance: float
    naive: float


@dataclass(frozen=True)
class Cell:
    """Experiments at one angle, for all excited weights on the same draws.

    Attributes:
        profile: name of the device profile.
        temperature: T0 of the device and of the bounds, K.
        arm: arm of the protocol.
        theta_b: angle, rad.
        shots: shots of each setting.
        probabilities: of the records (array of shape (stage, preparation, basis, 16)).
        p_x: excited weights (array of shape (p_x,)).
        experiments: how many are simulated.
        seed: key of the random numbers.
        losers: bootstrap intervals are tried as well.
    """

    profile: str
    temperature: float
    arm: str
    theta_b: float
    shots: int
    probabilities: Real
    p_x: Real
    experiments: int
    seed: tuple[int, ...]
    losers: bool = False

    def point(self, index: int) -> Point:
        """One of its excited weights."""
        return Point(
            profile=self.profile, temperature=self.temperature, arm=self.arm, theta_b=self.theta_b,
            p_x=float(self.p_x[index]), shots=self.shots, experiments=self.experiments,
        )  # fmt: skip


def simulate(cell: Cell) -> list[Row]:
    """Coverage of all quantities at one angle."""
    bath = Bath.qubit(temperature=cell.temperature)
    records = raw(cell.arm)
    expected = mixture(cell.probabilities[None] * cell.shots, records, cell.p_x)
    truth = true_values(expected.without_output(), bath)
    generator = np.random.default_rng(cell.seed)
    size = (1, cell.experiments, *cell.probabilities.shape[:-1])
    counts = generator.multinomial(cell.shots, cell.probabilities, size=size)
    plain = quantities(mixture(counts, records, cell.p_x).vector(), bath)
    # One weight at a time keeps the arrays small.
    found = {OURS: [estimates(counts, records, p_x, bath) for p_x in cell.p_x]}
    if cell.losers:
        found |= bootstrap(counts, records, cell.p_x, bath, generator)
    return [
        judge(name, method, limited[index][name], plain[name][0, index], cell.point(index),
              truth, index)
        for method, limited in found.items()
        for index in range(len(cell.p_x))
        for name in QUANTITIES
        # Where nothing is erased there is no ratio.
        if not np.isnan(truth.values[name][index])
    ]  # fmt: skip


def estimates(
    counts: NDArray[Any], records: RecordMap, p_x: float, bath: Bath
) -> dict[str, Intervals]:
    """Calibrated estimates of each experiment, in nats and quanta of the bath."""
    states = mixture(counts, records, np.array([p_x])).without_output()
    found = estimate_states(states, estimate_outcomes(states, QUANTILE), QUANTILE)
    derived = estimate_heat_and_bounds(found, bath)
    entropies = {
        name: Interval(*(x[0, 0, :, *place] for x in _ends(found.entropy)))
        for name, place in ENTROPIES.items()
    }
    unit = quantum(bath)
    for name in DERIVED:
        scale = 1.0 if name in PLAIN else unit
        entropies[name] = Interval(*(x[0, 0] / scale for x in _ends(derived[name])))
    return entropies


def judge(
    name: str,
    method: str,
    limited: Intervals,
    plain: Real,
    point: Point,
    truth: Truth,
    index: int,
) -> Row:
    """What one method does for one quantity at one point."""
    true, deviation, best, distance, naive = (
        float(own[name][index])
        for own in (truth.values, truth.deviations, truth.umvu, truth.distances, truth.naive)
    )
    rounding = ROUNDING * max(1.0, abs(true)) if np.isfinite(true) else 0.0
    below, above = limited.low <= true + rounding, limited.high >= true - rounding
    with np.errstate(invalid="ignore", divide="ignore"):
        width = np.median(limited.high - limited.low) / (2 * QUANTILE)
        bias, plain_bias = (np.mean(x - true) / deviation for x in (limited.value, plain))
        over_cramer_rao, over_best = width / np.float64(deviation), width / np.float64(best)
    return Row(
        **asdict(point),
        quantity=name,
        method=method,
        coverage=float(np.mean(below & above)),
        below=float(np.mean(~below)),
        above=float(np.mean(~above)),
        width=float(over_cramer_rao),
        umvu=float(over_best),
        bias=float(bias),
        plain_bias=float(plain_bias),
        distance=distance,
        naive=naive,
    )


@dataclass(frozen=True)
class Lone:
    """Experiments on a single qubit in a known state; see ``Cell``."""

    name: str
    vector: tuple[float, float, float]
    shots: int
    experiments: int
    seed: tuple[int, ...]
    losers: bool = False


@np.errstate(divide="ignore", invalid="ignore")  # pure states on an axis have no noise
def simulate_lone(lone: Lone) -> list[Row]:
    """Coverage of the entropy of a single qubit."""
    generator = np.random.default_rng(lone.seed)
    true = np.array(lone.vector)
    zeros = generator.binomial(lone.shots, (1 + true[:, None]) / 2, (3, lone.experiments))
    plain = plain_entropy(2 * zeros / lone.shots - 1)
    found = {OURS: _limited_entropy(zeros, lone.shots)}
    if lone.losers:
        found |= losers_of_entropy(zeros, lone.shots, plain, generator)
    noise = (1 - true**2) / lone.shots
    pure, mixed = boundaries(true, noise)
    length = float(np.sqrt((true**2).sum()))
    slope = np.arctanh(min(length, 1 - 1e-15))
    along = true / length if length > 0 else 0 * true
    deviation = np.array([slope * np.sqrt((along**2 * noise).sum())])
    first = (4 * true**2 * noise).sum()
    best = deviation * np.sqrt(1 + 2 * (noise**2).sum() / first)
    naive = min(length, 1 - length) / np.sqrt(noise.max())
    entropy = np.array([plain_entropy(true)])
    truth = Truth(*({"entropy": np.atleast_1d(own)} for own in (
        entropy, deviation, best, np.minimum(pure, mixed), naive)))  # fmt: skip
    point = Point(
        profile="single qubit", temperature=None, arm=lone.name, theta_b=None, p_x=length,
        shots=lone.shots, experiments=lone.experiments,
    )  # fmt: skip
    return [judge("entropy", method, own, plain, point, truth, 0) for method, own in found.items()]


def _limited_entropy(zeros: Real, shots: int) -> Intervals:
    points = zeros.shape[1]
    one, all_shots = np.ones(points), np.full(zeros.shape, float(shots))
    parts = [Part(w * one, 2 * zeros / shots - 1, all_shots, one, -one) for w in (1.0, 0.0)]
    mixed = Mixed((parts[0], parts[1]), np.zeros((0, 3, points)))
    low, median, high = length_limits(mixed, (QUANTILE, 0, -QUANTILE))
    return Interval(*(np.asarray(binary_entropy((1 - x) / 2)) for x in (median, high, low)))


@dataclass(frozen=True)
class Sweep:
    """Whole sweeps of the equilibrium arm, trials added up.

    Attributes:
        temperature: T0, K.
        probabilities: of the records (array of shape (theta_b, stage, preparation, basis, 16)).
        shots: of each setting, all trials together.
        p_x: excited weight.
        sweeps: how many are simulated.
        seed: key of the random numbers.
    """

    temperature: float
    probabilities: Real
    shots: int
    p_x: float
    sweeps: int
    seed: tuple[int, ...]


def false_verdicts(sweep: Sweep) -> Real:
    """Smallest adjusted p-value of "below Q_tight" in each sweep (array of shape (sweep,))."""
    bath = Bath.qubit(temperature=sweep.temperature)
    generator = np.random.default_rng(sweep.seed)
    size = (sweep.sweeps, *sweep.probabilities.shape[:-1])
    counts = generator.multinomial(sweep.shots, sweep.probabilities, size=size).swapaxes(0, 1)
    records = raw("equilibrium")
    states = mixture(counts, records, np.array([sweep.p_x])).without_output()
    found = estimate_states(states, estimate_outcomes(states, QUANTILE), QUANTILE)
    z = z_score(estimate_heat_and_bounds(found, bath)["excess_tight"], QUANTILE)[:, 0]
    p_values = np.where(np.isfinite(z), ndtr(z), np.nan)
    return np.array([np.nanmin(holm(own), initial=1) for own in p_values.T])


def _ends(limited: Intervals) -> tuple[Real, Real, Real]:
    return limited.value, limited.low, limited.high
