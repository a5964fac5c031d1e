"""How often intervals of link heat and strict excess cover the truth, over links drawn at random.

States of bath and target are those of ``coverage_points``: any device, T0, angle, p_x and number of
shots of the promise. Each is taken for what arrived over a link of any η from 0.05 to 1 and any
temperature from 5 to 100 mK: what was sent follows from it.
"""

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from coverage_points import random_cells
from of_hhl import raw
from scipy.constants import h, k
from simulated import ROUNDING, Cell

from recycling.inference.bath.link import LinkChannel
from recycling.inference.states.erasure import estimate_heat_and_bounds
from recycling.inference.states.estimates import QUANTILE
from recycling.inference.states.estimation import estimate_outcomes, estimate_states
from recycling.inference.states.plain import plain_quantities
from recycling.inference.states.samples import mixture
from recycling.thermodynamics import Bath

SEED = 41
QUANTITIES = ("link_heat", "excess_strict_tight")
LEAST, TEMPERATURES, FREQUENCY = 0.05, (0.005, 0.1), 5e9
#: Sixteen points each.
BATCHES, PROMISED = 12, 0.93
#: Points that are not clear of the promise by this are judged by so many times the experiments.
MARGIN, REPEATED = 0.005, 10


@dataclass(frozen=True)
class Row:
    """Coverage of one quantity at one point."""

    quantity: str
    transmissivity: float
    coverage: float


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a sixth of the points")
    options, _ = parser.parse_known_args()
    batches = range(BATCHES // 6 if options.quick else BATCHES)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(mp_context=context) as pool:
        rows = [
            row for found in pool.map(partial(batch, experiments=2000), batches) for row in found
        ]
    print(f"link heat and strict excess, {len(rows) // 2} points, 2,000 experiments each:")
    for name in QUANTITIES:
        rates = [row.coverage for row in rows if row.quantity == name]
        low, high = min(rates), max(rates)
        print(f"  {name}: coverage {low:.1%} to {high:.1%}, median {np.median(rates):.1%}")
    sys.exit(min(row.coverage for row in rows) < PROMISED)


def batch(number, experiments):
    """Rows of sixteen points with a link each."""
    generator = np.random.default_rng((SEED, number))
    rows = []
    for place, cell in enumerate(random_cells((SEED, number, 0), experiments)):
        kept = float(np.exp(generator.uniform(np.log(LEAST), 0)))
        reduced = h * FREQUENCY / (k * generator.uniform(*TEMPERATURES))
        link = LinkChannel(kept, float(1 / (1 + np.exp(reduced))), kept**0.5)
        rows += judged(cell, link, (SEED, number, 1, place), experiments)
    return rows


def judged(cell: Cell, link: LinkChannel, seed, experiments):
    """Rows of a point; of more experiments, drawn anew, where the first are not clear."""
    rows = covered(cell, link, seed, experiments)
    if min(row.coverage for row in rows) >= PROMISED + MARGIN:
        return rows
    again = [covered(cell, link, (*seed, number), experiments) for number in range(REPEATED)]
    return [
        Row(row.quantity, row.transmissivity, float(np.mean([each.coverage for each in same])))
        for row, same in zip(rows, zip(*again, strict=True), strict=True)
    ]


def covered(cell, link, seed, experiments):
    bath, records = Bath.qubit(FREQUENCY, cell.temperature), raw(cell.arm)
    size = (1, experiments, *cell.probabilities.shape[:-1])
    counts = np.random.default_rng(seed).multinomial(cell.shots, cell.probabilities, size=size)
    samples = mixture(counts, records, cell.p_x).without_output()
    states = estimate_states(samples, estimate_outcomes(samples, QUANTILE), QUANTILE)
    found = estimate_heat_and_bounds(states, bath, link=link)
    vector = mixture(cell.probabilities[None], records, cell.p_x).vector()
    truth = plain_quantities(vector, bath, records.layout, link)
    rows = []
    for name in QUANTITIES:
        interval, true = found[name], truth[name][..., None]
        rounding = ROUNDING * h * FREQUENCY
        inside = (interval.low <= true + rounding) & (true - rounding <= interval.high)
        rows.append(Row(name, link.transmissivity, float(inside.mean())))
    return rows


if __name__ == "__main__":
    main()
