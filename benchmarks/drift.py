"""What drift between trials does to intervals and verdicts: coverage, false findings, widths.

Two studies. Of normal estimates, in units of one trial's shot noise, over sizes of the drift,
numbers of trials and of angles, and ways in which angles share it. And of counts, from shots to
verdict, in the ideal equilibrium arm, whose excess over Q_tight is exactly zero.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from time import perf_counter

import numpy as np
from scipy.special import ndtri

from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.significance import LEVEL
from recycling.inference.statistics.trials import scatter

SEED = 31
SIZES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
TRIALS, ANGLES = (2, 3, 4, 5, 8), (1, 3, 11)
#: What is promised from this number of trials on.
LEAST_TRIALS, COVERAGE, FALSE = 3, 0.93, 0.005
#: Counts: shots of each basis and preparation, and the excited weight.
SHOTS, P_X = 8000, 0.2


def _uneven(angles, least):
    loads = np.linspace(least, 2 - least, angles) if angles > 1 else np.ones(1)
    return (loads / np.sqrt((loads**2).mean()))[:, None, None]


#: How angles share the offset of a trial: functions of random numbers and the shape of the trials.
WAYS = {
    "common to all angles": lambda rng, shape: rng.normal(size=shape[1:]),
    "independent": lambda rng, shape: rng.normal(size=shape),
    "half of each": lambda rng, shape: (
        (rng.normal(size=shape[1:]) + rng.normal(size=shape)) / np.sqrt(2)
    ),
    "common, 0.7 to 1.3": lambda rng, shape: _uneven(shape[0], 0.7) * rng.normal(size=shape[1:]),
    "common, 0.1 to 1.9": lambda rng, shape: _uneven(shape[0], 0.1) * rng.normal(size=shape[1:]),
    "common, a steady slope": lambda _rng, shape: (
        np.linspace(-1, 1, shape[2]) / np.linspace(-1, 1, shape[2]).std()
    ),
    "common, of either sign": lambda rng, shape: (
        np.linspace(-1.5, 1.5, shape[0])[:, None, None] / 0.95 * rng.normal(size=shape[1:])
    ),
}


@dataclass(frozen=True)
class Row:
    """What became of sweeps without an excess.

    ``coverage`` is the mean over the angles, ``lowest`` that of the angle which has least;
    ``false`` the share of sweeps with a "below" anywhere; ``width`` that of the intervals over the
    shots'.
    """

    way: str
    trials: int
    angles: int
    size: float
    coverage: float
    lowest: float
    false: float
    width: float


def normal_sweeps(case, sweeps):
    """Sweeps of normal estimates."""
    way, trials, angles, size = case
    rng = np.random.default_rng((SEED, list(WAYS).index(way), trials, angles, int(100 * size)))
    shape = (angles, sweeps, trials)
    values = rng.normal(size=shape) + size * WAYS[way](rng, shape)
    found = scatter(values, np.ones(shape))
    distance, deviation = values.mean(axis=-1) * np.sqrt(trials), found.deviation(QUANTILE)
    covered = (np.abs(distance) <= deviation).mean(axis=1)
    # Holm's first step.
    finding = found.deviation(-ndtri(LEVEL / angles))
    false = (distance < -finding).any(axis=0).mean()
    width = float((deviation / QUANTILE).mean())
    return Row(way, trials, angles, size, covered.mean(), covered.min(), false, width)


@cache
def _ideal():
    """Experiment of exact probabilities, and these."""
    from recycling.planning.plan import plan
    from recycling.planning.rehearsal import simulate_counts
    from recycling.spec.experiment import InferenceSpec, SweepSpec, preset

    experiment = preset("theory").model_copy(
        update={
            "sweep": SweepSpec(theta_b=tuple(np.linspace(0, np.pi / 4, 11)), p_x=(P_X,)),
            "inference": InferenceSpec(resamples=100),
        }
    )
    return experiment, simulate_counts(plan(experiment)).isel(trial=0, drop=True)


def sweep_of_counts(case):
    """Coverage, a false "below" and scatter of one sweep of counts whose jobs drift."""
    from recycling.results.analysis import analyse_counts
    from recycling.results.verdicts import verdicts
    from recycling.spec.experiment import MeasurementSpec

    trials, size, seed = case
    exact, ideal = _ideal()
    measurement = MeasurementSpec(shots=SHOTS, trials=trials)
    experiment = exact.model_copy(update={"measurement": measurement})
    counts = _drifted(
        ideal, trials, size, np.random.default_rng((SEED, trials, int(100 * size), seed))
    )
    bath = {"frequency_Hz": 5e9, "temperature_K": 0.043}
    found = verdicts(analyse_counts(experiment, counts, bath), "equilibrium")
    return (
        np.mean([v.interval.low <= 0 <= v.interval.high for v in found]),
        any(v.below for v in found),
        np.mean([v.scatter**2 for v in found]),
    )


def _drifted(ideal, trials, size, rng):
    """Counts of trials whose bath is found excited too often, or too seldom, after the erasure."""
    import xarray as xr

    ordered = ideal.transpose(
        "stage", "basis", "arm", "theta_b", "preparation", "B", "flag", "S", "C_I"
    )
    stage, basis = (
        list(ordered[dim].values).index(own) for dim, own in (("stage", "after"), ("basis", "Z"))
    )
    drawn = []
    for offset in size * 0.5 / np.sqrt(SHOTS) * rng.normal(size=trials):
        table = np.clip(ordered.values, 0, None)
        after = table[stage, basis]
        ground, excited = (after[:, :, :, bit].copy() for bit in (0, 1))
        moved = np.clip(offset * (ground + excited), -excited, ground)
        after[:, :, :, 0], after[:, :, :, 1] = ground - moved, excited + moved
        flat = table.reshape(*table.shape[:-4], 16)
        flat = rng.multinomial(SHOTS, flat / flat.sum(axis=-1, keepdims=True))
        drawn.append(ordered.copy(data=flat.reshape(table.shape)))
    return xr.concat(drawn, "trial").assign_coords(trial=range(trials))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sweeps on a coarser grid")
    quick = parser.parse_args().quick
    started = perf_counter()
    sweeps, repeats = (3000, 6) if quick else (5000, 40)
    sizes, angles = (SIZES[::2], (1, 11)) if quick else (SIZES, ANGLES)
    cases = [(w, t, a, s) for w in WAYS for t in TRIALS for a in angles for s in sizes]
    trials, offsets = ((5,), (2.0,)) if quick else ((2, 3, 5), SIZES[::2])
    runs = [(t, s, n) for t in trials for s in offsets for n in range(repeats)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        rows = list(pool.map(partial(normal_sweeps, sweeps=sweeps), cases, chunksize=20))
        counted = list(pool.map(sweep_of_counts, runs, chunksize=2))
    broken = report(rows, sweeps)
    report_counts(runs, counted)
    print(f"\n{perf_counter() - started:.0f} s, seed {SEED}")
    return 1 if broken else 0


def report(rows, sweeps):
    """Print the worst over the sizes; return the rows that break a promise."""
    print(f"normal estimates, {sweeps} sweeps each, drift of 0 to {SIZES[-1]:g} shot noises\n")
    print("| drift | trials | angles | coverage | of an angle | false below | width without |")
    print("|---|---|---|---|---|---|---|")
    for way in WAYS:
        for trials in TRIALS:
            for angles in sorted({row.angles for row in rows}):
                own = [r for r in rows if (r.way, r.trials, r.angles) == (way, trials, angles)]
                print(
                    f"| {way} | {trials} | {angles} | {min(r.coverage for r in own):.1%} | "
                    f"{min(r.lowest for r in own):.1%} | {max(r.false for r in own):.2%} | "
                    f"{next(r.width for r in own if r.size == 0):.2f} |"
                )
    # Three of their standard errors; all angles may share one error.
    slack, more = 3 * np.sqrt(np.array([COVERAGE * (1 - COVERAGE), FALSE]) / sweeps)
    broken = [
        row for row in rows
        if row.trials >= LEAST_TRIALS
        and (row.coverage < COVERAGE - slack or row.false > FALSE + more)
    ]  # fmt: skip
    for row in broken:
        print(f"broken: {row}")
    print(f"\npromises broken at {len(broken)} of {len(rows)} points")
    return broken


def report_counts(runs, counted):
    """Print what became of counts, by trials and size of the drift."""
    print(f"\nideal equilibrium arm, p_x = {P_X:g}, {SHOTS} shots")
    print("drift of P₁(B) after the erasure, in 1/(2√shots)\n")
    print("| trials | size | sweeps | scatter | coverage | sweeps with a false below |")
    print("|---|---|---|---|---|---|")
    for case in dict.fromkeys(run[:2] for run in runs):
        own = np.array([c for run, c in zip(runs, counted, strict=True) if run[:2] == case], float)
        covered, false, squares = own.T
        print(f"| {case[0]} | {case[1]:g} | {len(own)} | {np.sqrt(squares.mean()):.2f} | "
              f"{covered.mean():.1%} | {int(false.sum())} |")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
