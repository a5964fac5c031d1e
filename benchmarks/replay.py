"""Time the replay of the paper, and the same simulation on Aer shot by shot, in one run."""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
from itertools import product
from pathlib import Path
from time import perf_counter

import numpy as np
import xarray  # noqa: F401  (its import is no part of the simulation)

from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.execution.aer import noise_model, simulate_shots
from recycling.planning.plan import plan
from recycling.planning.rehearsal import simulate_counts
from recycling.spec.experiment import preset

SEED = 7


def full_replay():
    """Wall time (s) and peak memory (bytes) of the command, imports and report included."""
    command = [sys.executable, "-c", "from recycling.cli.app import main; main()", "replay"]
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["--seed", str(SEED), "--out", str(Path(folder) / "run")]
        started = perf_counter()
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
        elapsed = perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"the replay failed:\n{done.stderr}")
    # The one child so far. Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == "darwin" else 1024
    return elapsed, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit


def exact_simulation(planned):
    """Wall time (s) of the exact engine on a plan: all probabilities, and all shots sampled."""
    started = perf_counter()
    counts = simulate_counts(planned)
    return perf_counter() - started, counts


def aer_simulation(planned, shots, circuits):
    """Wall time (s) of each of some circuits on Aer, and of the noise model that they share.

    The circuits are spread evenly over all settings, angles and bases.
    """
    started = perf_counter()
    noise = noise_model(planned.device)
    preparing = perf_counter() - started
    experiment = planned.experiment
    swept = [
        dict(zip(experiment.points, values, strict=True))
        for values in zip(*experiment.points.values(), strict=True)
    ]
    points = list(product(experiment.design.settings, swept, BASIS_ANGLES.values()))
    chosen = np.linspace(0, len(points) - 1, circuits).round().astype(int)
    times = []
    for seed, index in enumerate(chosen):
        setting, values, angles = points[index]
        parameters = values | dict(zip(BASIS_PARAMETERS, angles, strict=True))
        started = perf_counter()
        simulate_shots(
            planned.circuits[setting], planned.device, parameters, shots, seed, noise=noise
        )
        times.append(perf_counter() - started)
    return times, preparing


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shots", type=int, default=8000, help="shots of each Aer circuit")
    parser.add_argument("--circuits", type=int, default=3, help="how many Aer circuits to time")
    options = parser.parse_args()
    if options.shots < 1 or options.circuits < 1:
        parser.error("--shots and --circuits: give 1 or more")

    replay, memory = full_replay()
    planned = plan(preset("paper"))
    exact, counts = exact_simulation(planned)
    times, preparing = aer_simulation(planned, options.shots, options.circuits)

    executions = counts.size // 16
    shots = planned.experiment.measurement.shots
    per_circuit = float(np.mean(times))
    aer = preparing + executions * per_circuit * shots / options.shots
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    print(f"{executions:,} executions of {shots:,} shots, {cores} cores, other load not excluded\n")
    rows = [
        ("full replay, from the command to the report", f"{replay:.2f} s"),
        ("  its peak memory", f"{memory / 2**20:.0f} MiB"),
        ("exact engine alone: all probabilities, all shots", f"{exact:.3f} s"),
        (f"Aer, one circuit of {options.shots:,} shots", f"{per_circuit:.2f} s"),
        (f"  fastest and slowest of {options.circuits}", f"{min(times):.2f} – {max(times):.2f} s"),
        ("Aer, all executions: EXTRAPOLATED", f"{aer:,.0f} s"),
        ("Aer (extrapolated) / full replay", f"{aer / replay:,.0f}"),
        ("Aer (extrapolated) / exact engine alone", f"{aer / exact:,.0f}"),
    ]
    for label, value in rows:
        print(f"{label:<52}{value:>16}")
    print(
        f"\nAer simulates each shot as a statevector (recycling.execution.aer): the same compiled\n"
        f"circuits, the same {planned.device.num_qubits} qubits, the same noise. Its total is "
        f"extrapolated from {options.circuits} timed circuits\nto {executions:,} executions of "
        f"{shots:,} shots, plus {preparing:.1f} s once for the noise model."
    )


if __name__ == "__main__":
    main()
