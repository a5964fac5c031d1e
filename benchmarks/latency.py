"""Coverage of the intervals of gate-time amplification, at the paper's settings and around them.

Jobs are timed by the clock model on schedules of 32 ns a gate and 3.3 µs a round. Beside the fit of
the package stand two simpler ways: least squares through all jobs, and least squares through the
jobs above the best break.
"""

import argparse
import sys

import numpy as np
from scipy import stats

from recycling.inference.latency import LEAST_LINEAR, fit_ladder
from recycling.latency.clock import job_metrics
from recycling.latency.spec import LatencySpec

OPERATIONS = {"x": 32e-9, "feedforward": 3.3e-6}
#: Standard deviation of the time of a job, s; the middle one is that of the clock model.
JITTERS = (0.1, 0.3, 1.0)
NOMINAL = (0.93, 0.97)


def job_times(lengths, operation, spec, generator):
    """Recorded time of each job, s; the phase of the rounding is another in every experiment."""
    durations = 2.6e-6 + operation * lengths
    phase = generator.random() * spec.clock.resolution
    clock = spec.clock.model_copy(update={"overhead": spec.clock.overhead + phase})
    shifted = spec.model_copy(update={"clock": clock})
    return np.array(
        [
            job_metrics(duration, shifted, generator)["usage"]["qpu_charge_time_seconds"]
            for duration in durations
        ]
    )


def averaged(lengths, times, spec):
    """Interval of the package."""
    slope = fit_ladder(lengths, times, resolution=1.0, executions=spec.executions).slope
    return slope.low, slope.high


def through_all(lengths, times, spec):
    """Student's interval of a line through all jobs."""
    line = stats.linregress(lengths, times)
    half = stats.t.ppf(0.975, lengths.size - 2) * line.stderr
    return (line.slope - half) / spec.executions, (line.slope + half) / spec.executions


def through_best(lengths, times, spec):
    """Student's interval of a line through the jobs above the break that fits all of them best."""
    starts = np.linspace(lengths[0], lengths[-LEAST_LINEAR], 200)
    squares = [np.polyfit(np.maximum(lengths, s), times, 1, full=True)[1][0] for s in starts]
    above = lengths >= starts[int(np.argmin(squares))]
    return through_all(lengths[above], times[above], spec)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--experiments", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ways = {"package": averaged, "all jobs": through_all, "best break": through_best}
    print(f"coverage of 95 % intervals (median width over the time), {arguments.experiments} each")
    print("ladder       jitter  " + "".join(f"{name:>18}" for name in ways))
    failed = False
    for ladder, operation in OPERATIONS.items():
        for jitter in JITTERS:
            base = LatencySpec()
            clock = base.clock.model_copy(update={"jitter": jitter})
            spec = base.model_copy(update={"clock": clock})
            lengths = np.array(spec.lengths(ladder), dtype=float)
            generator = np.random.default_rng([arguments.seed, round(100 * jitter)])
            found = {name: [] for name in ways}
            for _ in range(arguments.experiments):
                times = job_times(lengths, operation, spec, generator)
                for name, interval in ways.items():
                    found[name].append(interval(lengths, times, spec))
            line = f"{ladder:12} {jitter:4g} s  "
            for name, intervals in found.items():
                low, high = np.array(intervals).T
                covered = float(np.mean((low <= operation) & (operation <= high)))
                width = float(np.median(high - low)) / operation
                line += f"{covered:10.3f} ({width:.3f})"
                if name == "package" and jitter == base.clock.jitter:
                    failed |= not NOMINAL[0] <= covered <= NOMINAL[1]
            print(line, flush=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
