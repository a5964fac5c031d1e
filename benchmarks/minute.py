"""A verdict within a minute of QPU time, in rounds: what is it worth to stop when it is settled?

The design of a device for 60 s, run until the heat is below both bounds, again and again with other
seeds on the exact engine. QPU time is what the plan expects of the jobs that were submitted.
"""

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

import recycling as rc
from recycling.results.analysis import analysed
from recycling.results.controls import controls, failed_controls


def one(text, costs, seed):
    """Why a run stopped, after how many rounds, its QPU time in s, and whether a control failed."""
    experiment = rc.Experiment.parse(text, seed=seed)
    with TemporaryDirectory() as folder:
        run = rc.run(experiment, out=Path(folder) / "run", until="both", max_qpu_seconds=60)
        needed = [job.name for job in run.jobs if run.journal(job).state != "unneeded"]
        failed = failed_controls(controls(analysed(run)))
        stopped = run.rounds.stopped
    return stopped.reason, stopped.rounds, sum(costs[name] for name in needed), bool(failed)


def main():
    """Run the study; exit with 1 where fewer than 95 % settle, or a minute is exceeded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=40, help="simulated runs of each device")
    parser.add_argument("--devices", nargs="*", default=["paper", "FakeFez"])
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    kept = True
    for name in options.devices:
        given = rc.preset("paper")
        device = given.device.model_copy(update={"profile": name})
        designed = rc.design(given.model_copy(update={"device": device}), seconds=60)
        costs = {cost.job.name: cost.qpu_seconds for cost in designed.plan.cost.jobs}
        run = partial(one, designed.plan.experiment.to_toml(), costs)
        with ProcessPoolExecutor(options.workers, get_context("spawn")) as pool:
            reasons, rounds, seconds, failed = zip(*pool.map(run, range(options.runs)), strict=True)
        settled = np.mean([
            reason == "settled" and not control
            for reason, control in zip(reasons, failed, strict=True)
        ])  # fmt: skip
        print(
            f"{name:14s} settled with all controls {settled:5.1%}, rounds "
            f"{np.median(rounds):.0f} ({min(rounds)} to {max(rounds)}) of "
            f"{designed.plan.experiment.measurement.trials}, QPU time {np.median(seconds):.1f} s "
            f"({min(seconds):.1f} to {max(seconds):.1f}) of {designed.seconds:.1f} s",
            flush=True,
        )
        slack = 2 * np.sqrt(0.95 * 0.05 / options.runs)
        kept &= settled >= 0.95 - slack and max(seconds) <= 60
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
