"""Is the engine as fast as it was? Its times over those of fixed work in the same process.

    make bench-check

Ratios are stored in benchmarks/ratios.json with the factor that each may grow by: other machines,
other load and chance move them, a lost algorithm moves them more. ``--write`` stores the present
ones, with their scatter over some runs.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.points import evaluated, protocol, random_devices
from benchmarks.rivals.ours import PARAMETERS, circuit_and_device
from benchmarks.timing import array_work, on_one_core, shortest, small_work
from recycling.simulation.engine import compile_program, execute

STORED = Path(__file__).with_name("ratios.json")
#: Turns in which work and fixed work follow each other; the shortest time of each counts.
TURNS, REPEATS = 5, 3
#: How much a ratio may grow: at least so much, and so many times the widest scatter seen.
LEAST, SCATTERS = 2.0, 2.0


def workloads():
    """Work of the engine by name, each with the fixed work of its kind."""
    circuit, device = circuit_and_device()
    _, pubs = protocol()
    devices = random_devices(device, 512)
    compiled = compile_program(circuit, device, PARAMETERS)
    return {
        "one circuit, compiled and executed": (
            lambda: execute([compile_program(circuit, device, PARAMETERS)]), small_work,
        ),
        "one circuit, executed": (lambda: execute([compiled]), small_work),
        "full protocol at 512 random devices": (lambda: evaluated(pubs, devices), array_work),
    }  # fmt: skip


def ratios(works):
    """CPU time of each work over that of its fixed work."""
    found = {}
    for name, (work, fixed) in works.items():
        times = [(shortest(work, REPEATS)[1], shortest(fixed, REPEATS)[1]) for _ in range(TURNS)]
        own, theirs = (min(column) for column in zip(*times, strict=True))
        found[name] = own / theirs
    return found


def scatter(works, runs):
    """Ratios of many runs: median, and largest over smallest."""
    rows = [ratios(works) for _ in range(runs)]
    columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
    return {name: (float(np.median(x)), float(x.max() / x.min())) for name, x in columns.items()}


def write(works, runs):
    """Store the ratios, and what they may grow by."""
    stored = {
        name: {"ratio": round(ratio, 4), "scatter": round(widest, 3),
               "factor": round(max(LEAST, 1 + SCATTERS * (widest - 1)), 2)}
        for name, (ratio, widest) in scatter(works, runs).items()
    }  # fmt: skip
    STORED.write_text(json.dumps(stored, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(STORED.read_text(encoding="utf-8"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="store the present ratios")
    parser.add_argument("--scatter", type=int, default=10, help="runs that --write takes")
    options = parser.parse_args()
    if options.scatter < 2:
        parser.error("--scatter: give 2 or more")
    on_one_core()
    works = workloads()
    if options.write:
        write(works, options.scatter)
        return
    stored = json.loads(STORED.read_text(encoding="utf-8"))
    slower = False
    for name, ratio in ratios(works).items():
        known = stored[name]
        change, allowed = ratio / known["ratio"], known["factor"]
        slower |= change > allowed
        print(f"{name:<40}{ratio:>9.3f} × fixed work, {change:>5.2f} × stored "
              f"(at most {allowed:g})  {'SLOWER' if change > allowed else 'ok'}")  # fmt: skip
    if slower:
        sys.exit("the engine is slower than stored: see benchmarks/check.py")


if __name__ == "__main__":
    main()
