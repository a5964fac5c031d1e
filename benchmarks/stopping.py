"""Runs that stop when they are settled: false findings whatever the stopping, power, shots saved.

Three studies. Of normal estimates whose excess is zero, over drifts between rounds, numbers of
rounds and of angles: the share of sequences with a finding at any look, which is the worst that a
rule of stopping can do. Of counts of the ideal equilibrium arm, whose excess over Q_tight is
exactly zero. And of the preset "paper": at how many angles a finding is made, after which share of
the shots, with as many shots as the paper has in more rounds of fewer.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import numpy as np
from drift import FALSE, WAYS
from of_hhl import raw
from scipy.special import ndtr

from recycling.inference.states.erasure import estimate_heat_and_bounds
from recycling.inference.states.estimates import QUANTILE, z_score
from recycling.inference.states.estimation import estimate_outcomes, estimate_states
from recycling.inference.states.samples import mixture
from recycling.inference.statistics.sequential import (
    FIRST_LOOK,
    conditional_power,
    needed_distance,
    sequential,
    spendings,
)
from recycling.inference.statistics.significance import CLAIMED, LEVEL, holm
from recycling.inference.statistics.trials import scatter
from recycling.thermodynamics import Bath

SEED = 41
ROUNDS, ANGLES, SIZES = (2, 3, 5, 10, 20), (1, 11), (0.0, 0.5, 1.0, 2.0)
#: A second level, at which thousands of sequences show more.
LARGE = 0.05
#: Counts: shots of each setting in a round, excited weight and temperature.
SHOTS, P_X, TEMPERATURE = 2000, 0.2, 0.043
FUTILITY = 0.05
#: A steady slope is no drift about a mean: its first rounds are on one side of it. Nothing that
#: sees them alone can know, so that it is shown and not promised.
NOT_PROMISED = "common, a steady slope"


@dataclass(frozen=True)
class Row:
    """What became of sequences without an excess: shares with a finding at any look, and at last.

    Each is a pair, at the level of a verdict and at ``LARGE``.
    """

    study: str
    spending: str
    rounds: int
    angles: int
    size: float
    sequences: int
    any_look: tuple[float, float]
    last: tuple[float, float]


def null_sequences(case, sequences):
    """Sequences of normal estimates, in units of a round's shot noise; a row for each spending."""
    way, rounds, angles, size = case
    rng = np.random.default_rng((SEED, list(WAYS).index(way), rounds, angles, int(100 * size)))
    shape = (angles, sequences, rounds)
    values = rng.normal(size=shape) + size * WAYS[way](rng, shape)
    p_values = {}
    for look in range(FIRST_LOOK, rounds + 1):
        seen = values[..., :look]
        found = scatter(seen, np.ones(seen.shape))
        p_values[look] = ndtr(found.significance(seen.mean(axis=-1) * np.sqrt(look)))
    return _rows(p_values, way, rounds, angles, size)


def null_counts(case):
    """Sequences of counts of the equilibrium arm, whose bath is as cold as a Gibbs state.

    Drift moves the excited population of the bath after the erasure, for all settings alike.
    """
    rounds, size, sequences, probabilities = case
    rng = np.random.default_rng((SEED, rounds, int(100 * size)))
    offsets = size * 0.5 / np.sqrt(SHOTS) * rng.normal(size=(sequences, rounds))
    counts = np.stack(
        [[rng.multinomial(SHOTS, _drifted(probabilities, own)) for own in row] for row in offsets]
    )
    z, value, stderr = _excess(counts)
    del z
    p_values = {}
    for look in range(FIRST_LOOK, rounds + 1):
        pooled, _, _ = _excess(counts[:, :look].sum(axis=1, keepdims=True))
        own = scatter(value[None, :, :look], stderr[None, :, :look])
        p_values[look] = ndtr(own.significance(pooled[:, 0][None]))
    return _rows(p_values, "counts", rounds, 1, size)


def _drifted(probabilities, offset):
    """Probabilities of the records (…, 16) with a bath more excited in Z after the erasure.

    The bits of a record are flag, S, B, C_I, the first the highest.
    """
    moved = probabilities.copy()
    table = moved[-1, :, -1].reshape(-1, 2, 2, 2, 2)
    ground, excited = table[:, :, :, 0].copy(), table[:, :, :, 1].copy()
    change = np.clip(offset * (ground + excited), -excited, ground)
    table[:, :, :, 0], table[:, :, :, 1] = ground - change, excited + change
    return moved


def _excess(counts):
    """Significance of the excess over Q_tight, the excess and its error (sequence, round)."""
    states = mixture(counts, raw("equilibrium"), np.array([P_X])).without_output()
    found = estimate_states(states, estimate_outcomes(states, QUANTILE), QUANTILE)
    excess = estimate_heat_and_bounds(found, Bath.qubit(temperature=TEMPERATURE))["excess_tight"]
    width = (excess.high - excess.low) / (2 * QUANTILE)
    return z_score(excess, QUANTILE)[:, 0], excess.value[:, 0], width[:, 0]


def _rows(p_values, study, rounds, angles, size):
    rows = []
    for spending in spendings():
        # Holm's first step decides on any finding.
        adjusted = [
            angles * sequential(own, look, rounds, spending).min(axis=0)
            for look, own in p_values.items()
        ]
        least, last = np.min(adjusted, axis=0), angles * p_values[rounds].min(axis=0)
        shares = [tuple((own <= level).mean() for level in (LEVEL, LARGE)) for own in (least, last)]
        rows.append(Row(study, spending, rounds, angles, size, len(least), *shares))
    return rows


def ideal_probabilities():
    """Probabilities of the records of the equilibrium arm at one angle (stage, …, basis, 16)."""
    from recycling.planning.plan import plan
    from recycling.planning.rehearsal import simulate_counts
    from recycling.results.counts import tables_of
    from recycling.spec.experiment import SweepSpec, preset

    experiment = preset("theory").model_copy(
        update={"sweep": SweepSpec(theta_b=(np.pi / 8,), p_x=(P_X,))}
    )
    tables = tables_of(simulate_counts(plan(experiment)), experiment.design)
    (arm,) = (n for n, own in enumerate(experiment.design.arm_names) if own == "equilibrium")
    exact = np.clip(tables[arm, 0, 0], 0, None)
    return exact / exact.sum(axis=-1, keepdims=True)


# -- power and shots ---------------------------------------------------------------------------


def predicted():
    """Excesses of the preset "paper" in standard errors of all its shots (bound, angle)."""
    from recycling.planning.plan import plan
    from recycling.spec.experiment import preset

    prediction = plan(preset("paper")).prediction
    return np.array([prediction.distance(f"excess_{bound}") for bound in CLAIMED])


def stopped(distances, rounds, size, spending, points, sequences):
    """Rounds after which sequences stop, whether they were settled, and would be without looks.

    ``distances`` are those of all rounds together (bound, angle). Settled: at ``points`` angles the
    heat is below Q_tight.
    """
    rng = np.random.default_rng((SEED, rounds, int(100 * size), points))
    angles = distances.shape[1]
    finite = np.where(np.isfinite(distances), distances, 0)
    # A round's noise is 1; that of both bounds is nearly the same.
    noise = rng.normal(size=(angles, sequences, rounds))
    noise = noise + size * rng.normal(size=(sequences, rounds))
    end, shown = np.full(sequences, rounds), np.zeros(sequences, dtype=bool)
    open_ = np.ones(sequences, dtype=bool)
    fixed = np.zeros(sequences, dtype=bool)
    needed = needed_distance(LEVEL / finite.size, rounds, angles, spending)
    for look in range(FIRST_LOOK, rounds + 1):
        seen = (finite / np.sqrt(rounds))[:, :, None, None] + noise[None, ..., :look]
        distance = seen.mean(axis=-1) * np.sqrt(look)
        p_values = np.stack(
            [
                ndtr(scatter(own, np.ones(own.shape)).significance(far))
                for own, far in zip(seen, distance, strict=True)
            ]
        ).reshape(finite.size, sequences)
        below = _shown(sequential(p_values, look, rounds, spending), angles, points)
        if look == rounds:
            fixed = _shown(p_values, angles, points)
        power = np.sort(conditional_power(-distance[0], look, rounds, needed), axis=0)[-points]
        done = open_ & (below | (power < FUTILITY))
        end[done], shown[done] = look, below[done]
        open_ &= ~done
    return end, shown, fixed


def _shown(p_values, angles, points):
    """Whether the heat is below Q_tight at so many angles (array over the sequences)."""
    return np.array([(holm(own)[:angles] <= LEVEL).sum() >= points for own in p_values.T])


def power_row(case, distances, sequences):
    """Power and shots of one design: rounds, drift, spending, angles to be shown, most shots."""
    rounds, size, spending, points, share = case
    end, shown, fixed = stopped(
        np.sqrt(share) * distances, rounds, size, spending, points, sequences
    )
    return case, shown.mean(), fixed.mean(), share * (end / rounds).mean()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer sequences on a coarser grid")
    quick = parser.parse_args().quick
    started = perf_counter()
    sequences, counted, repeats = (2000, 500, 200) if quick else (3000, 2000, 400)
    sizes = SIZES[::2] if quick else SIZES
    ways = list(WAYS)[:3] if quick else list(WAYS)
    cases = [(w, r, a, s) for w in ways for r in ROUNDS for a in ANGLES for s in sizes]
    exact = ideal_probabilities()
    of_counts = [(r, s, counted, exact) for r in (3, 5, 10) for s in (0.0, 2.0)]
    designs = [
        (rounds, size, spending, points, most)
        for most in (1, 0.1, 0.02)
        for points, size in ((1, 0.0), (3, 0.0), (1, 1.0))
        for rounds in ((5, 10, 20) if size == 0 else (10,))
        for spending in spendings()
    ]
    distances = predicted()
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        nulls = list(pool.map(partial(null_sequences, sequences=sequences), cases))
        nulls += list(pool.map(null_counts, of_counts))
        shown = list(pool.map(partial(power_row, distances=distances, sequences=repeats), designs))
    broken = report_nulls([row for rows in nulls for row in rows])
    report_power(shown, distances, repeats)
    print(f"\n{perf_counter() - started:.0f} s, seed {SEED}")
    return 1 if broken else 0


def report_nulls(rows):
    """Print the worst over the drifts; return the rows with more false findings than chance."""
    print("| excess 0 | spending | rounds | angles | sequences | any look | last look alone | "
          f"any, at {LARGE:g} | last, at {LARGE:g} |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|")
    for study, spending, rounds, angles in dict.fromkeys(
        (r.study, r.spending, r.rounds, r.angles) for r in rows
    ):
        own = [r for r in rows if (r.study, r.spending, r.rounds, r.angles)
               == (study, spending, rounds, angles)]  # fmt: skip
        worst = [max(r.any_look[n] for r in own) for n in (0, 1)]
        last = [max(r.last[n] for r in own) for n in (0, 1)]
        print(f"| {study} | {spending} | {rounds} | {angles} | {own[0].sequences} | "
              f"{worst[0]:.2%} | {last[0]:.2%} | {worst[1]:.1%} | {last[1]:.1%} |")  # fmt: skip
    promised = [row for row in rows if row.study != NOT_PROMISED]
    broken = [
        row for row in promised
        for level, share in zip((_promise(row), LARGE), row.any_look, strict=True)
        if share > level + 3 * np.sqrt(level / row.sequences)
    ]  # fmt: skip
    for row in broken:
        print(f"broken: {row}")
    print(
        f"\npromised: {LEVEL:.3%} without drift, {FALSE:.1%} with it, {LARGE:.0%} at that level; "
        f"broken at {len(broken)} of {len(promised)} points; all but {NOT_PROMISED!r}\n"
    )
    return broken


def _promise(row):
    """False findings that are promised: with drift, those of a verdict (benchmarks/drift.py)."""
    return FALSE if row.size else LEVEL


def report_power(rows, distances, repeats):
    """Print what is shown, and after which share of the shots."""
    print("Preset paper, all of its shots: excess over Q_tight in standard errors at its angles: "
          + ", ".join(f"{own:+.1f}" for own in distances[0]))  # fmt: skip
    print("\nShots are those of the paper's design. Drift: of rounds, in their shot noises. "
          "Without looks: the same rounds, with a test after the last.\n")  # fmt: skip
    print("| most shots | angles to show | drift | rounds | spending | settled | without looks | "
          "shots used |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    for (rounds, size, spending, points, most), power, fixed, used in rows:
        print(f"| {most:.0%} | {points} | {size:g} | {rounds} | {spending} | {power:.1%} | "
              f"{fixed:.1%} | {used:.2%} |")  # fmt: skip
    print(f"\n{repeats} sequences each")


if __name__ == "__main__":
    sys.exit(main())
