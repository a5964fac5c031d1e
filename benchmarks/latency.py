"""Coverage of the intervals of gate-time amplification, at the paper's settings and around them.

Jobs are timed by the clock model on schedules of 32 ns a gate and 3.3 µs a round: with a sharp knee
or a soft one, with jobs that take 30 s longer, and with a drift over the run. Beside the fit of the
package stand two simpler ways: least squares through all jobs, and least squares through the jobs
above the best break.
"""

import argparse
import sys
from dataclasses import dataclass

import numpy as np
from scipy import stats

from recycling.inference.ladders.knee import LEAST_LINEAR
from recycling.inference.ladders.latency import fit_ladder
from recycling.studies.latency.spec import LatencySpec

OPERATIONS = {"x": 32e-9, "feedforward": 3.3e-6}
#: Standard deviations of the time of a job, s; the middle one is that of the clock model.
JITTERS = (0.1, 0.3, 1.0)
#: Time of the circuit beside its operations, s.
FIXED = 2.6e-6
#: What is promised of each case: least coverage; largest bias in units of the median width, which
#: leaves 93 % of a normal interval of 95 %; largest median width in units of the clean case's.
LEAST_COVERAGE, LARGEST_BIAS, WIDEST = 0.93, 0.10, 1.5
#: Standard errors of a study that a figure of it may be off.
SIGMAS = 3.1


@dataclass(frozen=True)
class Case:
    """What disturbs a ladder.

    Attributes:
        softness: width of the knee in units of where it is; 0 is a sharp one.
        shape: "softplus", or "hyperbola" with its longer tails.
        outliers: chance that a job takes ``late`` s longer; one or more do.
        drift: by how much the overhead grows from the first job to the last, s.
    """

    softness: float = 0.0
    shape: str = "softplus"
    outliers: float = 0.0
    late: float = 30.0
    drift: float = 0.0


CASES = {
    "clean": Case(),
    "soft knee, width 0.1": Case(softness=0.1),
    "soft knee, width 0.2": Case(softness=0.2),
    "hyperbola, width 0.1": Case(softness=0.1, shape="hyperbola"),
    "outliers": Case(outliers=0.05),
    "drift": Case(drift=3.0),
    "outliers and drift": Case(outliers=0.05, drift=3.0),
    "soft knee 0.1, outliers and drift": Case(0.1, outliers=0.05, drift=3.0),
}


def smooth_maximum(floor, value, case):
    """The larger of two times, with the knee of a case."""
    excess, width = value - floor, case.softness * floor
    if not width:
        return np.maximum(floor, value)
    if case.shape == "hyperbola":
        return floor + (excess + np.sqrt(excess**2 + 4 * width**2)) / 2
    return floor + width * np.logaddexp(0, excess / width)


def job_times(lengths, operation, spec, case, generator):
    """Recorded time of each job, s, and its place in the order of submission.

    The phase of the rounding is another in every experiment.
    """
    clock, count = spec.clock, len(lengths)
    order = generator.permutation(count)
    shot = spec.rep_delay + smooth_maximum(
        clock.shortest_shot, clock.reset + FIXED + operation * lengths, case
    )
    times = clock.overhead + generator.random() * clock.resolution + spec.executions * shot
    times += clock.jitter * generator.standard_normal(count)
    times += case.drift * order / (count - 1)
    late = generator.random(count) < case.outliers
    while case.outliers and not late.any():
        late = generator.random(count) < case.outliers
    times += case.late * late
    return np.ceil(times / clock.resolution) * clock.resolution, order


def averaged(lengths, times, order, spec):
    """Median and interval of the package."""
    slope = fit_ladder(
        lengths, times, resolution=1.0, executions=spec.executions, order=order
    ).slope
    return slope.low, slope.value, slope.high


def through_all(lengths, times, _order, spec):
    """Student's interval of a line through all jobs."""
    line = stats.linregress(lengths, times)
    half = stats.t.ppf(0.975, lengths.size - 2) * line.stderr
    return tuple((line.slope + side * half) / spec.executions for side in (-1, 0, 1))


def through_best(lengths, times, order, spec):
    """Student's interval of a line through the jobs above the break that fits all of them best."""
    starts = np.linspace(lengths[0], lengths[-LEAST_LINEAR], 200)
    squares = [np.polyfit(np.maximum(lengths, s), times, 1, full=True)[1][0] for s in starts]
    above = lengths >= starts[int(np.argmin(squares))]
    return through_all(lengths[above], times[above], order, spec)


WAYS = {"package": averaged, "all jobs": through_all, "best break": through_best}


def simulated(ladder, jitter, case, experiments, seed, ways):
    """Coverage, bias and median width by way; the latter two over the time of an operation."""
    base, operation = LatencySpec(), OPERATIONS[ladder]
    spec = base.model_copy(update={"clock": base.clock.model_copy(update={"jitter": jitter})})
    lengths = np.array(spec.lengths(ladder), dtype=float)
    generator = np.random.default_rng([seed, round(100 * jitter)])
    found = {name: [] for name in ways}
    for _ in range(experiments):
        times, order = job_times(lengths, operation, spec, case, generator)
        for name in ways:
            found[name].append(WAYS[name](lengths, times, order, spec))
    summary = {}
    for name, intervals in found.items():
        low, value, high = np.array(intervals).T / operation
        covered = float(np.mean((low <= 1) & (high >= 1)))
        summary[name] = covered, float(np.median(value)) - 1, float(np.median(high - low))
    return summary


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jitters", type=float, nargs="*", default=JITTERS)
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=list(CASES))
    parser.add_argument("--only-package", action="store_true")
    parser.add_argument("--quick", action="store_true", help="30 experiments at one jitter")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.experiments, arguments.jitters, arguments.only_package = 30, [0.3], True
    ways = ["package"] if arguments.only_package else list(WAYS)
    print(f"coverage of 95 % intervals, bias and median width, {arguments.experiments} each")
    print(f"{'case':34}{'ladder':12}jitter  " + "".join(f"{name:>26}" for name in ways))
    error = 1 / np.sqrt(arguments.experiments)
    least = LEAST_COVERAGE - SIGMAS * np.sqrt(LEAST_COVERAGE * (1 - LEAST_COVERAGE)) * error
    failed, clean = [], {}
    for name in arguments.cases:
        for ladder in OPERATIONS:
            for jitter in arguments.jitters:
                case = CASES[name]
                summary = simulated(
                    ladder, jitter, case, arguments.experiments, arguments.seed, ways
                )
                line = f"{name:34}{ladder:12}{jitter:4g} s  "
                for covered, bias, width in summary.values():
                    line += f"{covered:10.3f} {bias:+8.4f} {width:7.4f}"
                covered, bias, width = summary["package"]
                wide = width / clean.setdefault((ladder, jitter), width)
                # The median of an estimate with normal errors scatters by 1.25 of them.
                most = (LARGEST_BIAS + SIGMAS * 1.25 / (2 * 1.96) * error) * width
                bad = covered < least or abs(bias) > most or wide > WIDEST
                failed += [name] * bad
                print(f"{line}  x{wide:.2f}{'  NOT as promised' if bad else ''}", flush=True)
    return int(bool(failed))


if __name__ == "__main__":
    sys.exit(main())
