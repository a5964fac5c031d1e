"""A run becomes one xarray Dataset: states, heat, bounds, and an interval on each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ANALYSED_FLAG, ARMS, MEASURED_QUBITS, PREPARATIONS, STAGES, Arm
from circuits.tomography import BASIS_ANGLES
from recycling.errors import BadInput
from recycling.inference.bath.thermometry import Thermometry
from recycling.inference.readout.correction import READOUTS, Readout, record_maps
from recycling.inference.states.checks import check_counts, masked_settings
from recycling.inference.states.estimates import (
    QUANTILE,
    Estimate,
    Question,
    estimate,
    estimate_erasure,
    plain_values,
)
from recycling.inference.states.samples import RecordMap
from recycling.inference.statistics.resampling import BANDED, resample, simultaneous_quantile
from recycling.inference.statistics.trials import Scatter, scatter, with_drift
from recycling.jobs.sizes import check_size
from recycling.results.assignment import stored_assignment
from recycling.results.schema import LIMITS, RESULTS_SCHEMA_VERSION, ArmEstimates, variables
from recycling.results.temperature import bath_temperatures, temperature_of_bounds
from recycling.store.files import write_whole
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    import xarray as xr

    from recycling.devices.device import Device
    from recycling.inference.readout.assignment import Assignment
    from recycling.spec.experiment import Experiment
    from recycling.store.directory import Run

Real = NDArray[np.float64]
Progress = Callable[[float], None]

_RATIO = "dissipation_ratio"


def analyse(
    run: Run,
    progress: Progress = lambda _fraction: None,
    *,
    readout: Readout | None = None,
    folder: Path | None = None,
) -> xr.Dataset:
    """Analyse a run and store the result in its directory, or elsewhere.

    Args:
        run: opened run.
        progress: called with the fraction done.
        readout: "raw", "corrected" or "unmixed"; by default the spec's, whose result becomes
            results.nc. Others become results-<readout>.nc beside it.
        folder: where to write, by default the run's directory; created where there is none.

    Returns:
        Dataset with the dims arm, theta_b (rad), p_x and trial, and stage and qubit where they
        apply. SI units, entropies in nats. ``<name>_low`` and ``<name>_high`` are the ends of the
        95 % interval, ``<name>_z`` is ΔS or an excess in standard errors. ``<name>_combined`` is
        of all trials together and ``<name>_band`` holds over the whole sweep at once; both have the
        dim limit (value, low, high), and both allow for drift between trials.

    Raises:
        BadInput: more than this machine can analyse; counts that cannot be; a readout that cannot
            be corrected; no such temperature.
    """
    dataset = analysed(run, progress, readout=readout)
    chosen = dataset.attrs["readout"]
    own = chosen == run.experiment.inference.readout
    name = results_name(None if own else chosen)
    folder = run.path if folder is None else folder
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / name, dataset_bytes(dataset))
    return dataset


def analysed(
    run: Run,
    progress: Progress = lambda _fraction: None,
    *,
    readout: Readout | None = None,
) -> xr.Dataset:
    """Analyse a run without writing anything; see ``analyse``."""
    check_size(run.experiment, None)
    chosen = readout or run.experiment.inference.readout
    if chosen not in READOUTS:
        raise BadInput(f"readout = {chosen!r}: give one of {', '.join(READOUTS)}")
    return analyse_counts(
        run.experiment,
        run.counts,
        _attributes(run),
        progress,
        readout=chosen,
        assignment=None if chosen == "raw" else stored_assignment(run),
    )


def results_name(readout: Readout | None = None) -> str:
    """Name of the file of results: of the spec's own readout, or of another one."""
    return "results.nc" if readout is None else f"results-{readout}.nc"


def analyse_counts(
    experiment: Experiment,
    counts: xr.DataArray,
    attributes: Mapping[str, Any],
    progress: Progress = lambda _fraction: None,
    *,
    readout: Readout = "raw",
    assignment: Assignment | None = None,
) -> xr.Dataset:
    """Analyse counts without a run directory; see ``analyse`` for the Dataset.

    The temperature of the bounds is that of the attributes, or the spec's. Unless the readout is
    raw, ``assignment`` is what corrects it.
    """
    import xarray as xr

    if readout != "raw" and assignment is None:
        raise BadInput(f"readout = {readout!r}: give the assignment matrices that correct it")
    tables = _tables(counts)
    check_counts(tables, experiment, counts["trial"].values)
    temperature = attributes.get("temperature_K", experiment.bath.temperature)
    bath = Bath.qubit(experiment.bath.frequency, temperature)
    estimates = _estimate_all(experiment, tables, bath, readout, assignment, progress)
    trials = counts.sizes["trial"]
    dataset = xr.Dataset(
        variables(estimates),
        {
            "arm": list(ARMS),
            "theta_b": (
                "theta_b", experiment.theta_b, {"units": "rad", "long_name": "angle of b"}),
            "p_x": (
                "p_x", experiment.p_x, {"units": "1", "long_name": "excited weight of the target"}),
            "trial": counts["trial"].values,
            "stage": list(STAGES),
            "qubit": list(MEASURED_QUBITS),
            "limit": list(LIMITS),
        },
    )  # fmt: skip
    # Of a run under way only whole trials are analysed; that must be seen, as what is masked.
    complete = {
        "trials": f"{trials} of {experiment.measurement.trials}",
        "readout": readout,
        "masked": "; ".join(masked_settings(tables, experiment, counts["trial"].values)),
    }
    if assignment is not None and readout != "raw":
        joint = ", joint matrix" if assignment.correlated else ""
        complete["readout_source"] = assignment.source + joint
    return dataset.assign_attrs(complete | dict(attributes))


def dataset_bytes(dataset: xr.Dataset) -> bytes:
    """Dataset as a netCDF file that ``xarray.open_dataset`` reads without this package."""
    return bytes(dataset.to_netcdf(engine="netcdf4"))


def _tables(counts: xr.DataArray) -> NDArray[Any]:
    """Counts of (arm, theta_b, trial, stage, preparation, basis, record)."""
    ordered = counts.transpose(
        "arm", "theta_b", "trial", "stage", "preparation", "basis", "flag", *MEASURED_QUBITS
    ).sel(
        arm=list(ARMS),
        stage=list(STAGES),
        preparation=list(PREPARATIONS),
        basis=list(BASIS_ANGLES),
    )
    return np.ascontiguousarray(ordered.values).reshape(*ordered.shape[:6], 16)


def _estimate_all(
    experiment: Experiment,
    tables: NDArray[Any],
    bath: Bath,
    readout: Readout,
    assignment: Assignment | None,
    progress: Progress,
) -> dict[str, ArmEstimates]:
    """Estimates of each arm; each has random numbers of its own, so order is free."""
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        progress(len(steps) / (3 * len(ARMS)))

    def of_arm(arm: Arm) -> ArmEstimates:
        own = ARMS.index(arm)
        if assignment is None:
            records, moved = RecordMap.raw(ANALYSED_FLAG[arm]), tuple[RecordMap, ...]()
        else:
            records, moved = record_maps(arm, readout, assignment)
        question = Question(
            records,
            moved,
            experiment.p_x,
            bath,
            experiment.algorithm.build().solution(experiment.theta_b),
            experiment.inference.estimator,
        )
        if experiment.measurement.shots == "exact":
            return _exact(tables[own], question)
        seed = np.random.SeedSequence(experiment.seed, spawn_key=(1, own))
        return _sampled(
            tables[own],
            question,
            experiment.inference.resamples,
            np.random.default_rng(seed),
            step,
        )

    with ThreadPoolExecutor(min(len(ARMS), cpu_count() or 1)) as pool:
        found: dict[str, ArmEstimates] = dict(zip(ARMS, pool.map(of_arm, ARMS), strict=True))
    progress(1.0)
    return found


def _exact(table: NDArray[Any], question: Question) -> ArmEstimates:
    """Estimates of infinitely many shots."""
    trials = {name: Estimate.exact(own) for name, own in plain_values(table, question).items()}
    combined = {name: _part(own, 0, _trial_axis(name)) for name, own in trials.items()}
    none = {name: Scatter.none(own.value.shape) for name, own in combined.items()}
    bands = {name: combined[name] for name in BANDED}
    return ArmEstimates(trials, combined, none, bands, QUANTILE)


def _sampled(
    table: NDArray[Any],
    question: Question,
    resamples: int,
    generator: np.random.Generator,
    step: Callable[[str], None],
) -> ArmEstimates:
    """Estimates of (theta_b, trial, stage, preparation, basis, record) counts."""
    pooled = table.sum(axis=1, keepdims=True)
    whole = estimate(np.concatenate([table, pooled], axis=1), question)
    step("estimates")
    draws = resample(table, question.records, resamples, generator)
    quantile = simultaneous_quantile(draws, question)
    step("resamples")
    trials = {name: _part(own, slice(0, -1), _trial_axis(name)) for name, own in whole.items()}
    scatters = {name: _scatter_of(own, _trial_axis(name)) for name, own in trials.items()}

    def at(quantile: float) -> dict[str, Estimate]:
        """Limits of all trials together at a normal quantile, by shots alone."""
        stretch = _stretch(scatters, quantile)[..., None]
        found = estimate_erasure(pooled, question, quantile, stretch)
        return {
            name: _part(Estimate.of(own, whole[name].value[:, :, -1:], quantile), 0, 2)
            for name, own in found.items()
        }

    together = {name: _part(own, -1, _trial_axis(name)) for name, own in whole.items()}
    combined = {name: with_drift(own, scatters[name], QUANTILE) for name, own in together.items()}
    combined[_RATIO] = at(QUANTILE)[_RATIO]
    band = at(quantile)
    bands = {name: with_drift(band[name], scatters[name], quantile) for name in BANDED}
    bands[_RATIO] = band[_RATIO]
    step("bands")
    return ArmEstimates(trials, combined, scatters, bands, quantile)


def _scatter_of(trials: Estimate, axis: int) -> Scatter:
    """Scatter of estimates with their trials along an axis."""
    return scatter(*(np.moveaxis(x, axis, -1) for x in (trials.value, trials.stderr)))


def _stretch(scatters: Mapping[str, Scatter], quantile: float) -> Real:
    """What drift adds to the deviations of heat and bound in their ratio (theta_b, p_x).

    A single trial has no ratio to speak of where its bound is close to zero. So it is the most
    that any of what it depends on asks for.
    """
    parts = [scatters[name] for name in ("entropy_decrease", "heat", "excess_tight")]
    return np.asarray(np.max([part.deviation(quantile) / quantile for part in parts], axis=0))


def _trial_axis(name: str) -> int:
    """Axis of the trials of an estimate: (theta_b, trial) or (theta_b, p_x, trial, ...)."""
    return 1 if name in ("fidelity", "branch_probability") else 2


def _part(estimate: Estimate, index: int | slice, axis: int) -> Estimate:
    """Some trials of an estimate."""
    where = (slice(None),) * axis + (index,)
    return Estimate(
        value=estimate.value[where],
        low=estimate.low[where],
        high=estimate.high[where],
        stderr=estimate.stderr[where],
        z=estimate.z[where],
        median=estimate.median[where],
    )


def _attributes(run: Run) -> dict[str, Any]:
    versions = {f"version_{name}": text for name, text in run.record["software"].items()}
    kind = "simulated" if run.simulated else "measured"
    attributes = {
        "data_kind": kind,
        "warnings": "; ".join(run.warnings),
        **experiment_attributes(run.experiment, run.device),
        **versions,
    }
    found = bath_temperatures(run)
    chosen = temperature_of_bounds(run.experiment, found)
    if chosen is not found["given"]:
        attributes |= _named_temperature("temperature", chosen)
        attributes["temperature_source"] = chosen.source
    if np.isfinite(found["measured"].temperature):
        attributes |= _named_temperature("temperature_measured", found["measured"])
    return attributes


def _named_temperature(name: str, found: Thermometry) -> dict[str, float]:
    return {
        f"{name}_K": found.temperature,
        f"{name}_low_K": found.low,
        f"{name}_high_K": found.high,
    }


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
        "estimator": experiment.inference.estimator,
        "interval": "none: infinitely many shots"
        if exact
        else "95 % by test inversion, of all trials with the drift between them; bands by "
        f"{experiment.inference.resamples} resamples",
    }
