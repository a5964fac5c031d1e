"""CPU and wall times of calls on one core, and fixed work that they are compared with."""

import os
import platform
from pathlib import Path
from time import perf_counter, process_time

import numpy as np


def on_one_core():
    """Keep this process on one core, so that CPU and wall time mean the same work."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def shortest(function, repeats):
    """Shortest wall and CPU time (s) of a call, each over all repeats."""
    times = []
    for _ in range(repeats):
        wall, cpu = perf_counter(), process_time()
        function()
        times.append((perf_counter() - wall, process_time() - cpu))
    return tuple(min(column) for column in zip(*times, strict=True))


def machine():
    """What figures are taken on."""
    model = platform.processor() or "unknown"
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
    return {
        "processor": model, "cores": os.cpu_count(), "system": platform.system(),
        "python": platform.python_version(), "numpy": np.__version__, "load": os.getloadavg()[0],
    }  # fmt: skip


def small_work():
    """Fixed work of many small steps: Python, and NumPy on arrays of 16 entries."""
    matrix, vector, total = np.eye(4), np.ones(4), {}
    for index in range(2000):
        vector = matrix @ vector
        total[index % 7] = total.get(index % 7, 0.0) + float(vector[0])
    return total


def array_work():
    """Fixed work of few large steps: products and sums of arrays of 512 numbers at a time."""
    state, factor = np.ones((256, 512)), np.full(512, 0.999)
    for _ in range(20):
        state = np.stack([row * factor + state[0] for row in state])
    return state
