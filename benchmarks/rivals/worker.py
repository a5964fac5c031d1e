"""One contestant in a process and an environment of its own, on one core; JSON lines in and out.

``python -m benchmarks.rivals.worker MODULE FUNCTION STEPS FOLDER`` reads lines {"call", "repeat"},
and answers each with the wall and CPU times (s), or with the distribution for "answer".
"""

import importlib
import json
import os
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

from benchmarks.rivals import channels
from benchmarks.rivals.problem import load

#: Every package whose version the table names.
PACKAGES = (
    "numpy", "jax", "tensorcircuit-ng", "qiskit", "qiskit-aer", "qulacs", "qutip",
    "amazon-braket-default-simulator",
)  # fmt: skip


def versions():
    """Versions of what is installed here."""
    found = {"python": sys.version.split()[0]}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def timed(function, argument, repeat):
    """Shortest wall and CPU time (s) of a call, each over all repeats."""
    walls, cpus = [], []
    for _ in range(repeat):
        wall, cpu = perf_counter(), process_time()
        function(argument)
        walls.append(perf_counter() - wall)
        cpus.append(process_time() - cpu)
    return {"wall": min(walls), "cpu": min(cpus)}


def serve(contestant, point, batch):
    """Answer one line after another until the input ends."""
    ready = {}
    for line in sys.stdin:
        request = json.loads(line)
        call, repeat = request["call"], request.get("repeat", 1)
        if call == "answer":
            reply = {"answer": np.asarray(contestant.solve(point)).tolist()}
        elif call == "answers":
            np.save(request["file"], contestant.batch(batch))
            reply = {}
        elif call == "solve":
            reply = timed(contestant.solve, point, repeat)
        elif call == "execute":
            if not ready:
                ready["point"] = contestant.prepare(point)
                contestant.execute(ready["point"])
            reply = timed(contestant.execute, ready["point"], repeat)
        else:
            reply = timed(contestant.batch, batch, repeat)
        print(json.dumps(reply), file=_OUT, flush=True)


if __name__ == "__main__":
    # What a library prints must not come between the lines.
    _OUT, sys.stdout = sys.stdout, sys.stderr
    warnings.simplefilter("ignore")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    module, function, steps, folder = sys.argv[1:]
    loaded, at_point, at_batch = load(Path(folder))
    make = getattr(importlib.import_module(f"benchmarks.rivals.{module}"), function)
    started = perf_counter()
    own = make(loaded, getattr(channels, steps))
    own.solve(at_point)
    hello = {
        "mode": own.mode, "shots": own.shots, "batch": own.batch is not None,
        "first": perf_counter() - started, "versions": versions(),
    }  # fmt: skip
    print(json.dumps(hello), file=_OUT, flush=True)
    serve(own, at_point, at_batch)
