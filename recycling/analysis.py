"""A run becomes one xarray Dataset: states, heat, bounds, and an interval on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ANALYSED_FLAG, ARMS, MEASURED_QUBITS, PREPARATIONS, STAGES
from circuits.tomography import BASIS_ANGLES
from recycling.inference.bootstrap import Estimate, estimate_trial
from recycling.store.files import write_whole
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.device import Device
    from recycling.experiment import Experiment
    from recycling.store.directory import Run

RESULTS_SCHEMA_VERSION = 1
_GRID = ("arm", "theta_b", "p_x", "trial")
_STATES = (*_GRID, "stage", "qubit")
_BOUND_NOTE = "+inf where no process exists; an excess over it is +inf, never below the bound"

#: Variable: dims, units, long name.
VARIABLES: dict[str, tuple[tuple[str, ...], str, str]] = {
    "branch_probability": (
        ("arm", "theta_b", "trial"), "1", "probability of the branch that the arm analyses"),
    "entropy": (_STATES, "nat", "von Neumann entropy"),
    "excited_population": (_STATES, "1", "excited population"),
    "entropy_decrease": (_GRID, "nat", "entropy decrease ΔS of S by the erasure"),
    "heat": (_GRID, "J", "heat ΔQ_B into the bath"),
    "bound_landauer": (_GRID, "J", "Landauer bound k_B T0 ΔS"),
    "bound_tight": (_GRID, "J", "tight finite-bath bound Q_tight, Eq. (8)"),
    "bound_athermal": (_GRID, "J", "athermal bound Q_ath, Eq. (13)"),
    "gain": (_GRID, "J", "gain G = Q_tight - Q_ath, Eq. (3)"),
    "excess_tight": (_GRID, "J", "heat above the tight bound"),
    "excess_landauer": (_GRID, "J", "heat above the Landauer bound"),
    "excess_athermal": (_GRID, "J", "heat above the athermal bound"),
    "success_fidelity": (
        ("theta_b", "trial"), "1", "fidelity of C_I with A⁻¹b in the success branch"),
}  # fmt: skip
#: Estimates that the equilibrium arm alone yields, by their name in the estimator.
_SUCCESS = {"success_fidelity": "fidelity"}


def analyse(run: Run, progress: Callable[[float], None] = lambda _fraction: None) -> xr.Dataset:
    """Analyse a run and store the result as results.nc in its directory.

    Args:
        run: opened run.
        progress: called with the fraction done.

    Returns:
        Dataset with the dims arm, theta_b (rad), p_x and trial, and stage and qubit where they
        apply. SI units, entropies in nats. ``<name>_low`` and ``<name>_high`` are the ends of the
        95 % interval, ``<name>_z`` is an excess in standard errors.
    """
    dataset = analyse_counts(run.experiment, run.counts, _attributes(run), progress)
    write_whole(run.path / "results.nc", dataset_bytes(dataset))
    return dataset


def analyse_counts(
    experiment: Experiment,
    counts: xr.DataArray,
    attributes: Mapping[str, Any],
    progress: Callable[[float], None] = lambda _fraction: None,
) -> xr.Dataset:
    """Analyse counts without a run directory; see ``analyse`` for the Dataset."""
    import xarray as xr

    estimates = _estimate_all(experiment, counts, progress)
    trials = counts.sizes["trial"]
    coordinates: dict[str, Any] = {
        "arm": list(ARMS),
        "theta_b": ("theta_b", experiment.theta_b, {"units": "rad", "long_name": "angle of b"}),
        "p_x": ("p_x", experiment.p_x, {"units": "1", "long_name": "excited weight of the target"}),
        "trial": counts["trial"].values,
        "stage": list(STAGES),
        "qubit": list(MEASURED_QUBITS),
    }
    variables: dict[str, Any] = {}
    for name, (dims, units, long_name) in VARIABLES.items():
        values = _collect(estimates, _SUCCESS.get(name, name), trials, arms="arm" in dims)
        described = {"units": units, "long_name": long_name}
        if name.startswith(("bound", "excess")):
            described["comment"] = _BOUND_NOTE
        variables[name] = (dims, values.value, described)
        for end in ("low", "high"):
            note = {"units": units, "long_name": f"{long_name}, {end} end of the 95 % interval"}
            variables[f"{name}_{end}"] = (dims, getattr(values, end), note)
        if name.startswith("excess"):
            note = {"units": units, "long_name": f"standard error of: {long_name}"}
            variables[f"{name}_stderr"] = (dims, values.stderr, note)
            variables[f"{name}_z"] = (dims, z_score(values.value, values.stderr), {
                "units": "1",
                "long_name": f"{long_name}, in standard errors",
                "comment": "NaN where there is no sampling error (shots = 'exact')",
            })  # fmt: skip
    # Of a run under way only whole trials are analysed; that must be seen.
    complete = {"trials": f"{trials} of {experiment.measurement.trials}"}
    return xr.Dataset(variables, coordinates, complete | dict(attributes))


def z_score(excess: NDArray[np.float64], stderr: NDArray[np.float64]) -> NDArray[np.float64]:
    """Excess in standard errors; +inf where the bound is +inf, NaN where nothing was sampled."""
    sampled = (stderr > 0) & np.isfinite(excess)
    z = np.divide(excess, stderr, out=np.full_like(excess, np.nan), where=sampled)
    return np.where(np.isposinf(excess), np.inf, z)


def dataset_bytes(dataset: xr.Dataset) -> bytes:
    """Dataset as a netCDF file that ``xarray.open_dataset`` reads without this package."""
    return bytes(dataset.to_netcdf(engine="h5netcdf"))


def _estimate_all(
    experiment: Experiment, counts: xr.DataArray, progress: Callable[[float], None]
) -> dict[tuple[str, int], dict[str, Estimate]]:
    """Estimates of each arm and trial; each has random numbers of its own, so order is free."""
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    solution = experiment.algorithm.build().solution(experiment.theta_b)
    ordered = counts.transpose(
        "arm", "trial", "stage", "preparation", "theta_b", "basis", "flag", *MEASURED_QUBITS
    ).sel(
        arm=list(ARMS),
        stage=list(STAGES),
        preparation=list(PREPARATIONS),
        basis=list(BASIS_ANGLES),
    )
    exact = experiment.measurement.shots == "exact"
    resamples = 0 if exact else experiment.inference.resamples
    jobs = list(product(range(len(ARMS)), range(ordered.sizes["trial"])))
    done = []

    def estimate(job: tuple[int, int]) -> tuple[tuple[str, int], dict[str, Estimate]]:
        arm, trial = job
        number = int(ordered["trial"].values[trial])
        seed = np.random.SeedSequence(experiment.seed, spawn_key=(1, arm, number))
        estimates = estimate_trial(
            ordered.values[arm, trial],
            ANALYSED_FLAG[ARMS[arm]],
            experiment.p_x,
            bath,
            solution,
            resamples=resamples,
            generator=np.random.default_rng(seed),
        )
        done.append(job)
        progress(len(done) / len(jobs))
        return (ARMS[arm], trial), estimates

    with ThreadPoolExecutor(min(2, cpu_count() or 1)) as pool:
        return dict(pool.map(estimate, jobs))


def _collect(
    estimates: dict[tuple[str, int], dict[str, Estimate]], name: str, trials: int, *, arms: bool
) -> Estimate:
    """Stack one quantity over arms and trials: (arm, theta_b[, p_x], trial, …)."""

    def stacked(part: str) -> NDArray[np.float64]:
        by_arm = []
        for arm in ARMS if arms else ("equilibrium",):
            own = [getattr(estimates[arm, trial][name], part) for trial in range(trials)]
            by_arm.append(np.stack(own, axis=1 if own[0].ndim == 1 else 2))
        return np.stack(by_arm) if arms else by_arm[0]

    return Estimate(*(stacked(part) for part in ("value", "low", "high", "stderr")))


def _attributes(run: Run) -> dict[str, Any]:
    versions = {f"version_{name}": text for name, text in run.record["software"].items()}
    kind = "simulated" if run.simulated else "measured"
    return {"data_kind": kind, **experiment_attributes(run.experiment, run.device), **versions}


def experiment_attributes(experiment: Experiment, device: Device) -> dict[str, Any]:
    """Attributes of a Dataset that follow from the experiment and its device."""
    exact = experiment.measurement.shots == "exact"
    return {
        "title": f"thermodynamic recycling: {experiment.name}",
        "schema_version": RESULTS_SCHEMA_VERSION,
        "spec_hash": experiment.hash,
        "device": device.name,
        "temperature_K": experiment.bath.temperature,
        "temperature_source": device.source("temperature", "B"),
        "frequency_Hz": experiment.bath.frequency,
        "seed": experiment.seed,
        "shots": str(experiment.measurement.shots),
        "interval": "none: infinitely many shots"
        if exact
        else f"95 % percentile bootstrap over shots, {experiment.inference.resamples} resamples",
    }
