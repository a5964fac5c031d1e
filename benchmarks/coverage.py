"""How often 95 % intervals cover the truth of simulated experiments; ours, and what lost."""

import argparse
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from math import pi
from pathlib import Path
from time import perf_counter

import numpy as np
from coverage_points import random_cells, record_probabilities
from coverage_report import PROMISED, Found, broken, key_of, order_of, report, table
from of_hhl import DESIGN
from scipy.special import ndtr
from simulated import (
    OURS,
    Cell,
    Lone,
    Row,
    Sweep,
    false_verdicts,
    simulate,
    simulate_lone,
)

from recycling.cli.terminal import Shown, shown
from recycling.inference.statistics.significance import RESOLUTION

SEED = 20
#: The grid: devices and T0 (K) of the paper, angles (rad), excited weights and shots.
PROFILES = ("paper", "ideal")
TEMPERATURE = 0.043
ANGLES = np.linspace(0, pi / 4, 21)
THETA_B = (0.0, pi / 40, pi / 8, pi / 5, pi / 4)
P_X = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
SHOTS = (500, 2000, 8000)
#: Sixteen points each, drawn at random from all that is promised; see ``random_cells``.
BATCHES = 60
LENGTHS = (0, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1)
DIRECTIONS = {
    "along z": (0.0, 0.0, 1.0),
    "0.05 off z": (np.sin(0.05), 0.0, np.cos(0.05)),
    "0.2 off z": (np.sin(0.2), 0.0, np.cos(0.2)),
    "between x and z": (0.5**0.5, 0.0, 0.5**0.5),
    "diagonal": (3**-0.5, 3**-0.5, 3**-0.5),
}
#: Where the losers are tried.
LOSING_SHOTS, LOSING_THETA_B, LOSING_P_X = 2000, (0.0, pi / 4), (0.01, 0.1, 0.3, 0.5)
#: Whole sweeps of the control: excited weight and trials, as in the paper.
CONTROL_P_X, CONTROL_TRIALS = 0.4, 5
#: Points whose coverage is not clear of a limit by this, its standard error at 2,000 experiments,
#: are repeated with so many times the experiments, drawn anew, and judged by those alone: of
#: thousands of points some are low by chance.
MARGIN, REPEATED = 0.005, 10


@dataclass(frozen=True)
class Study:
    """What is simulated."""

    cells: list[Cell]
    lone: list[Lone]
    sweeps: list[Sweep]


def main():
    options = _options()
    started = perf_counter()
    if options.read:
        found = Found.read(options.read)
    else:
        study = plan_study(options.experiments, quick=options.quick)
        with shown() as work:
            found = run_study(study, work)
    if options.json:
        print(found.text())
    elif options.markdown:
        print(table(found.rows))
    else:
        report(found)
        print(f"\n{perf_counter() - started:.0f} s, seed {SEED}")
    if options.figure:
        from coverage_figure import draw

        draw(found.rows, found.tried, options.figure)


def _options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--experiments", type=int, default=2000, help="simulated at each point")
    parser.add_argument("--quick", action="store_true", help="a coarse grid, 400 experiments")
    parser.add_argument("--json", action="store_true", help="print every point as JSON")
    parser.add_argument("--markdown", action="store_true", help="print the table of the docs")
    parser.add_argument("--read", type=Path, help="report what --json printed before")
    parser.add_argument("--figure", type=Path, help="where to draw the figure")
    options = parser.parse_args()
    if options.experiments < 100:
        parser.error("--experiments: give 100 or more")
    if options.quick:
        options.experiments = min(options.experiments, 400)
    return options


def plan_study(experiments: int, *, quick: bool) -> Study:
    """All that is to be simulated."""
    theta_b, p_x, shots, lengths, batches = THETA_B, P_X, SHOTS, LENGTHS, BATCHES
    if quick:
        theta_b, p_x, shots = (THETA_B[0], THETA_B[-1]), (0.01, 0.2, 0.5), (500, 8000)
        lengths, batches = LENGTHS[::3], BATCHES // 20
    cells, sweeps = [], []
    for profile in PROFILES:
        tables = record_probabilities(profile, TEMPERATURE, ANGLES)
        make = partial(_cells, profile, tables, experiments)
        cells += make(theta_b, p_x, shots)
        losing = make(LOSING_THETA_B, LOSING_P_X, (LOSING_SHOTS,))
        few = experiments // 10 if quick else experiments // 4
        cells += [replace(cell, experiments=few, losers=True) for cell in losing]
        if profile == "ideal":
            # The 11 angles of the paper.
            equilibrium = tables[DESIGN.arm_names.index("equilibrium")]
            every = np.moveaxis(equilibrium, 2, 0)[:: (len(ANGLES) - 1) // 10]
            sweeps = [
                Sweep(TEMPERATURE, every, n * CONTROL_TRIALS, CONTROL_P_X, experiments, ())
                for n in shots
            ]
    for batch in range(batches):
        cells += random_cells((SEED, batch), experiments)
    lone = [
        Lone(name, tuple(length * np.array(n)), own, experiments, (), own == LOSING_SHOTS)
        for name, n in DIRECTIONS.items() for length in lengths
        for own in (*shots, *((LOSING_SHOTS,) if quick else ()))
    ]  # fmt: skip
    everything = [*cells, *lone, *sweeps]
    seeded = [replace(one, seed=(SEED, index)) for index, one in enumerate(everything)]
    return Study(
        *([one for one in seeded if isinstance(one, kind)] for kind in (Cell, Lone, Sweep))
    )


def _cells(profile, tables, experiments, theta_b, p_x, shots) -> list[Cell]:
    return [
        Cell(profile, TEMPERATURE, arm, angle, own, tables[index, :, :, point], np.array(p_x),
             experiments, ())
        for index, arm in enumerate(DESIGN.arm_names)
        for angle in theta_b
        for point in [int(np.abs(ANGLES - angle).argmin())]
        for own in shots
    ]  # fmt: skip


def run_study(study: Study, work: Shown) -> Found:
    """Simulate everything, and again what may break a promise."""
    # The slowest first, so that no process is left alone with one at the end.
    cells = sorted(study.cells, key=lambda cell: not cell.losers)
    tasks = [(simulate, own) for own in cells] + [(simulate_lone, own) for own in study.lone]
    tasks += [(false_verdicts, own) for own in study.sweeps]
    rows, tried, controls = [], [], []
    for task, found in _computed(tasks, work, "simulating"):
        if isinstance(task, Sweep):
            controls.append(_control(task, found))
            continue
        if task.losers:
            tried += found
        # Cells with losers are on points of the grid, with fewer experiments.
        if isinstance(task, Lone) or not task.losers:
            rows += [row for row in found if row.method == OURS]
    again = repeated(study, rows, work)
    judged = {key_of(row): row for row in rows} | {key_of(row): row for row in again}
    # Tasks end in any order.
    return Found(
        sorted(judged.values(), key=order_of),
        sorted(tried, key=order_of),
        sorted(controls, key=lambda own: own["shots"]),
    )


def _computed(tasks, work: Shown, title: str) -> Iterator:
    """Arguments and results, as they come, of functions on two processes."""
    work.step(title)
    # The parent has threads: its copies would inherit their locks.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=context) as pool:
        futures = {pool.submit(function, own): own for function, own in tasks}
        for done, future in enumerate(as_completed(futures)):
            work.fraction((done + 1) / len(tasks))
            yield futures[future], future.result()


def _control(sweep: Sweep, smallest) -> dict:
    levels = {"5 %": 0.05, "Φ(-3)": float(ndtr(-RESOLUTION))}
    return {
        "shots": sweep.shots // CONTROL_TRIALS,
        "trials": CONTROL_TRIALS,
        "sweeps": sweep.sweeps,
        "false": {name: int((smallest <= level).sum()) for name, level in levels.items()},
        "levels": levels,
    }


def repeated(study: Study, rows: list[Row], work: Shown) -> list[Row]:
    """Points that break a promise or nearly do, judged anew."""
    wrong = [row for row in rows if row.quantity in PROMISED and _by_chance(row)]
    keys = {key_of(row) for row in wrong}
    tasks = []
    for cell in (own for own in study.cells if not own.losers):
        again = [row.p_x for row in wrong if _place(row) == _place(cell)]
        if again:
            p_x = np.array(sorted(set(again)))
            # Parts of a cell, so that memory stays small and both processes have work.
            tasks += [
                (simulate, replace(cell, p_x=p_x, seed=(*cell.seed, part + 1)))
                for part in range(REPEATED)
            ]
    for lone in study.lone:
        if any((row.arm, row.shots) == (lone.name, lone.shots)
               and abs(row.p_x - np.linalg.norm(lone.vector)) < 1e-9 for row in wrong):  # fmt: skip
            more = lone.experiments * REPEATED
            again = replace(lone, experiments=more, seed=(*lone.seed, 1), losers=False)
            tasks.append((simulate_lone, again))
    parts: dict = {}
    if tasks:
        for _, found in _computed(tasks, work, "repeating"):
            for row in found:
                parts.setdefault(key_of(row), []).append(row)
    return [_pooled(own) for key, own in parts.items() if key in keys]


def _by_chance(row: Row) -> bool:
    """Whether chance may have a part in it; widths have hardly any."""
    found = broken(row, MARGIN)
    return found["coverage"] or found["away"] or found["bias"]


def _pooled(parts: list[Row]) -> Row:
    """Parts of one point together; widths are the mean of their medians."""
    names = ("coverage", "below", "above", "width", "umvu", "bias", "plain_bias")
    means = {name: float(np.mean([getattr(row, name) for row in parts])) for name in names}
    return replace(parts[0], experiments=sum(row.experiments for row in parts), **means)


def _place(one) -> tuple:
    return one.profile, one.temperature, one.arm, one.theta_b, one.shots


if __name__ == "__main__":
    main()
