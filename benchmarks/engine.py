"""Points a second of the engine on one core, and how far above the floor that is.

    make engine ARGS="--points 16384"

A point is one random device through the full protocol: 8 circuits × 3 bases, the probabilities of
all records, compilation included. Shortest CPU time of some repeats. The floor is counted from the
program (benchmarks/floor.py). Writes build/benchmarks/engine.json.
"""

import argparse
import json
from pathlib import Path

import numpy as np

from benchmarks.floor import rates, work_of
from benchmarks.points import compiled, evaluated, protocol, random_devices
from benchmarks.timing import machine, on_one_core, shortest
from recycling.errors import BadInput
from recycling.simulation.engine import execute, lower_all, with_values
from recycling.simulation.traced import records_of, traced_library

FOLDER = Path("build/benchmarks")
#: Devices that one call of JAX takes, and how far its answers may be from NumPy's.
BLOCK, AGREES = 1024, 1e-12
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


def measured_jax():
    """Time a point (s) of one jit over a block of new devices; None where JAX is not installed."""
    try:
        jnp = traced_library()
    except BadInput:
        return None
    from jax import jit, tree_util

    device, pubs = protocol()
    programs = lower_all([pub.circuit for pub in pubs], device, scheduled=False)
    given = [pub.parameters for pub in pubs]
    devices = random_devices(device, BLOCK)
    known = with_values(programs, given, devices)[0].values
    _, form = tree_util.tree_flatten(known.numbers)
    records = records_of(programs, jnp, sweep_axes=len(known.sweep))
    traced = jit(lambda leaves: records(tree_util.tree_unflatten(form, leaves), known.parameters))

    def solve(devices):
        values = with_values(programs, given, devices)[0].values
        return [np.asarray(each) for each in traced(tree_util.tree_leaves(values.numbers))]

    for ours, outcome in zip(solve(devices), execute(compiled(pubs, devices)), strict=True):
        exact = np.moveaxis(outcome.probabilities, (0, 1, 2), (-1, -3, -2))
        np.testing.assert_allclose(ours, exact, rtol=0, atol=AGREES)
    other = random_devices(device, BLOCK, seed=13)
    return shortest(lambda: solve(other), REPEATS)[1] / BLOCK


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
    jax = [("one jit of JAX, new devices", times["jax"])] if times["jax"] else []
    for label, time in (
        ("compiled and executed", together),
        ("executed", executed),
        *jax,
        ("floor, state in the cache", cached),
        ("floor, state through memory", memory),
    ):
        yield f"{label:<32}{time * 1e6:>10.2f} µs{1 / time:>12,.0f} points/s"
    yield (f"\na point takes {least['flops'] / 1e3:.1f} kflop and {least['bytes'] / 1e3:.0f} kB of "
           f"state; the core does {least['flops_per_second'] / 1e9:.0f} Gflop/s, moves "
           f"{least['cached'] / 1e9:.0f} GB/s in its cache and {least['memory'] / 1e9:.0f} GB/s "
           "through memory")  # fmt: skip
    for label, time in (("compiled and executed", together), *jax):
        yield (f"{label}: {time / cached:.1f} × the floor in the cache, "
               f"{time / memory:.1f} × that through memory")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=16384, help="how many devices")
    options = parser.parse_args()
    if options.points < 2:
        parser.error("--points: give 2 or more")
    on_one_core()
    where, least = machine(), floor()
    times = {**measured(options.points), "jax": measured_jax()}
    print(f"{where['processor']}, load {where['load']:.1f}")
    print("\n".join(show(times, least, options.points)))
    FOLDER.mkdir(parents=True, exist_ok=True)
    data = {"machine": where, "points": options.points, "times": times, "floor": least}
    (FOLDER / "engine.json").write_text(json.dumps(data, indent=1))


if __name__ == "__main__":
    main()
