"""Time the analysis of the paper's run, and qiskit-experiments on the same counts, in one run."""

import argparse
import os
import tempfile
import tracemalloc
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter, process_time

import numpy as np
import xarray  # noqa: F401  (its import is no part of the analysis)
from of_hhl import DESIGN, raw
from qiskit.quantum_info import DensityMatrix
from qiskit_experiments.framework import ExperimentData
from qiskit_experiments.library.tomography import StateTomographyAnalysis
from qiskit_experiments.library.tomography.basis import PauliMeasurementBasis

from circuits.tomography import BASIS_ANGLES
from recycling.inference.states.samples import mixture
from recycling.inference.states.tomography import bloch_to_density_matrix
from recycling.results.analysis import analyse, analyse_counts
from recycling.spec.experiment import preset
from recycling.spec.sweep import Range
from recycling.studies.protocol import run as simulate
from recycling.studies.stored import open_run

REPEATS = 5
#: Promises: wall time on two quiet cores (s), ratio, and largest deviation of a state.
SECONDS, RATIO, DEVIATION = 2.0, 300, 1e-9
#: Numbers of p_x between which the memory of the analysis may grow by a factor, less the Dataset's.
WEIGHTS, GROWTH = (200, 1000), 1.5
MORE = WEIGHTS[1] / WEIGHTS[0]
#: Index of each basis among those of qiskit-experiments.
PAULI_INDEX = {"Z": 0, "X": 1, "Y": 2}


@contextmanager
def stored_run(path):
    """The run at a path, or one of the exact engine in a folder that is removed."""
    if path:
        yield open_run(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield simulate(preset("paper"), backend="exact", out=Path(folder) / "run")


def tomographies(run):
    """Counts of each qubit in each state, and what the analysis makes of them.

    Returns:
        Counts in the branch that is analysed (array of shape (state, basis, 2)), and Bloch vectors
        after projection (array of shape (state, 3)).
    """
    counts = run.counts.transpose(
        "arm", "theta_b", "trial", "stage", "preparation", "basis", "flag", *DESIGN.measured
    ).sel(preparation=list(DESIGN.preparations), basis=list(BASIS_ANGLES))
    tables, states = [], []
    for arm in DESIGN.arms:
        own = counts.sel(arm=arm.name).values
        of_branch = own[..., arm.records[0], :, :, :]
        qubits = [of_branch.sum(axis=axes) for axes in ((-2, -1), (-3, -1), (-3, -2))]
        tables.append(np.stack(qubits, axis=-3).reshape(-1, len(BASIS_ANGLES), 2))
        # p_x = 0 and 1 are the two preparations.
        records = own.reshape(*own.shape[:-4], -1)
        vector = mixture(records, raw(arm.name), np.array([0.0, 1.0])).vector()
        # (basis, theta_b, preparation, trial, stage, qubit) in the order of the tables.
        ordered = vector.transpose(1, 3, 4, 2, 5, 0).reshape(-1, 3)
        states.append(ordered / np.maximum(np.linalg.norm(ordered, axis=1, keepdims=True), 1))
    return np.concatenate(tables), np.concatenate(states)


def reference(table, resamples):
    """State of qiskit-experiments, with its bootstrap; its default fitter and rescaling."""
    data = ExperimentData()
    for basis, (zeros, ones) in zip(BASIS_ANGLES, table, strict=True):
        metadata = {
            "clbits": [0], "cond_clbits": None, "m_idx": [PAULI_INDEX[basis]], "p_idx": [],
        }  # fmt: skip
        outcome = {"0": int(zeros), "1": int(ones)}
        data.add_data({"counts": outcome, "shots": int(zeros + ones), "metadata": metadata})
    analysis = StateTomographyAnalysis()
    analysis.set_options(measurement_basis=PauliMeasurementBasis(), measurement_qubits=[0])
    if resamples:
        # It resamples for the fidelity with a target alone.
        target = DensityMatrix.from_label("0")
        analysis.set_options(
            target=target, target_bootstrap_samples=resamples, target_bootstrap_seed=7
        )
    analysis.run(data).block_for_results()
    if data.errors():
        raise RuntimeError(data.errors())
    return data.analysis_results("state", dataframe=True)["value"].iloc[0].data


def timed(function):
    """Wall and CPU time (s) of a call, and what it returns."""
    wall, cpu = perf_counter(), process_time()
    found = function()
    return perf_counter() - wall, process_time() - cpu, found


def memory_beyond_the_dataset(run, weights):
    """Peak memory (bytes) of the analysis at so many p_x, without the Dataset that it makes."""
    p_x = Range(start=0.01, stop=0.99, points=weights)
    sweep = run.experiment.sweep.model_copy(update={"p_x": p_x})
    experiment, counts = run.experiment.model_copy(update={"sweep": sweep}), run.counts
    tracemalloc.start()
    _, cpu, dataset = timed(lambda: analyse_counts(experiment, counts, {}))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak - dataset.nbytes, cpu


def spread(number, some):
    """Indices of some of a number of things, evenly spread."""
    return np.unique(np.linspace(0, number - 1, some).round().astype(int))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", nargs="?", type=Path, help="directory of a run of the preset paper")
    parser.add_argument("--states", type=int, default=12, help="how many to time with bootstrap")
    parser.add_argument("--compare", type=int, default=200, help="how many states to compare")
    options = parser.parse_args()
    if options.states < 1 or options.compare < 1:
        parser.error("--states and --compare: give 1 or more")

    with stored_run(options.run) as run:
        # Made just now it still holds what reading would bring.
        run = open_run(run.path)
        reading, _, _ = timed(lambda: run.counts)
        times = [timed(lambda: analyse(run))[:2] for _ in range(REPEATS)]
        resamples = run.experiment.inference.resamples
        tables, vectors = tomographies(run)
        few, many = (memory_beyond_the_dataset(run, weights) for weights in WEIGHTS)
    quickest, cpu = min(times)
    states = bloch_to_density_matrix(vectors)
    chosen = spread(len(tables), options.compare)
    deviation = max(np.abs(reference(tables[i], 0) - states[i]).max() for i in chosen)
    bootstraps = [
        timed(lambda index=index: reference(tables[index], resamples))[:2]
        for index in spread(len(tables), options.states)
    ]
    per_state, cpu_per_state = np.median(bootstraps, axis=0)
    whole, ratio = per_state * len(tables), per_state * len(tables) / quickest
    cpu_ratio = cpu_per_state * len(tables) / min(own for _, own in times)

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(
        f"{len(tables):,} states of a qubit ({len(tables) // 3} tomographies), {resamples:,} "
        f"resamples; {cores} cores, load {os.getloadavg()[0]:.1f}\n"
    )
    rows = [
        (f"analysis, quickest of {REPEATS}", f"{quickest:.2f} s", quickest <= SECONDS),
        ("  slowest", f"{max(times)[0]:.2f} s", None),
        ("  CPU time of the quickest, all threads", f"{cpu:.2f} s", None),
        *[
            (f"  memory at {weights} p_x beyond the Dataset", f"{peak / 1e6:.0f} MB", None)
            for weights, (peak, _) in zip(WEIGHTS, (few, many), strict=True)
        ],
        ("  their ratio: memory is flat", f"{many[0] / few[0]:.2f}", many[0] <= GROWTH * few[0]),
        ("  CPU time of a p_x, many over few", f"{many[1] / few[1] / MORE:.2f}", None),
        ("reading the raw bits of all shots, once before", f"{reading:.2f} s", None),
        (f"qiskit-experiments, one state, median of {len(bootstraps)}", f"{per_state:.2f} s", None),
        (f"qiskit-experiments, all {len(tables):,} states: EXTRAPOLATED", f"{whole:,.0f} s", None),
        ("qiskit-experiments (extrapolated) / analysis", f"{ratio:,.0f}", ratio >= RATIO),
        ("  ratio of their CPU times, which other load hardly changes", f"{cpu_ratio:,.0f}", None),
        (f"largest deviation of {len(chosen)} states", f"{deviation:.0e}", deviation <= DEVIATION),
    ]
    for label, value, passed in rows:
        verdict = "" if passed is None else "PASS" if passed else "FAIL"
        print(f"{label:<58}{value:>12}  {verdict}".rstrip())
    print(
        f"\nThe analysis gives intervals of all quantities at {len(run.experiment.p_x)} excited "
        f"weights, and bands over the sweep;\nqiskit-experiments resamples the fidelity alone. "
        f"Timings are ratios within one run, other load\nnot excluded. Promised: {SECONDS:g} s on "
        f"two quiet cores, a ratio of {RATIO} or more, {DEVIATION:.0e}."
    )


if __name__ == "__main__":
    main()
