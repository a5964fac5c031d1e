"""Points a second of the engine on one core, and how far above the floor that is.

    make engine ARGS="--points 16384"

A point is one random device through the full protocol: 8 circuits × 3 bases, the probabilities of
all records, compilation included. Shortest CPU time of some repeats. The floor is counted from the
program (benchmarks/floor.py). Writes build/benchmarks/engine.json.
"""

import argparse
import json
from pathlib import Path

from benchmarks.floor import rates, work_of
from benchmarks.points import compiled, evaluated, protocol, random_devices
from benchmarks.timing import machine, on_one_core, shortest
from recycling.simulation.engine import execute

FOLDER = Path("build/benchmarks")
#: Repeats of which the shortest counts.
REPEATS = 5


def measured(points):
    """Times a point (s): all of it, and what is compiled before executed again."""
    device, pubs = protocol()
    devices = random_devices(device, points)
    ready = compiled(pubs, devices)
    _, together = shortest(lambda: evaluated(pubs, devices), REPEATS)
    _, executed = shortest(lambda: execute(ready), REPEATS)
    return {"together": together / points, "executed": executed / points}


def floor():
    """Work of a point, what the core does at best, and the times (s) that follow."""
    device, pubs = protocol()
    work = work_of(compiled(pubs, random_devices(device, 2)))
    arithmetic, cached, memory = rates()
    return {
        "flops": work.flops, "bytes": work.bytes,
        "flops_per_second": arithmetic, "cached": cached, "memory": memory,
        "time": max(work.flops / arithmetic, work.bytes / cached),
        "time_through_memory": max(work.flops / arithmetic, work.bytes / memory),
    }  # fmt: skip


def show(times, least, points):
    """Lines of the table."""
    together, executed = times["together"], times["executed"]
    cached, memory = least["time"], least["time_through_memory"]
    yield f"{points:,} random devices, full protocol, one core\n"
    for label, time in (
        ("compiled and executed", together),
        ("executed", executed),
        ("floor, state in the cache", cached),
        ("floor, state through memory", memory),
    ):
        yield f"{label:<32}{time * 1e6:>10.2f} µs{1 / time:>12,.0f} points/s"
    yield (f"\na point takes {least['flops'] / 1e3:.1f} kflop and {least['bytes'] / 1e3:.0f} kB of "
           f"state; the core does {least['flops_per_second'] / 1e9:.0f} Gflop/s, moves "
           f"{least['cached'] / 1e9:.0f} GB/s in its cache and {least['memory'] / 1e9:.0f} GB/s "
           "through memory")  # fmt: skip
    yield (f"compiled and executed: {together / cached:.1f} × the floor in the cache, "
           f"{together / memory:.1f} × that through memory")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=16384, help="how many devices")
    options = parser.parse_args()
    if options.points < 2:
        parser.error("--points: give 2 or more")
    on_one_core()
    where, least, times = machine(), floor(), measured(options.points)
    print(f"{where['processor']}, load {where['load']:.1f}")
    print("\n".join(show(times, least, options.points)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    data = {"machine": where, "points": options.points, "times": times, "floor": least}
    (FOLDER / "engine.json").write_text(json.dumps(data, indent=1))


if __name__ == "__main__":
    main()
