"""Brackets: T1, T2, readout and thermal population of a qubit before and after a run."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict
from scipy.constants import h as planck
from scipy.constants import k as boltzmann

from recycling.errors import BadInput
from recycling.extras import command, is_missing
from recycling.inference.readout.readout import QUANTITIES, Counts, disturbance, estimate_readout
from recycling.inference.statistics.significance import RESOLUTION

Metadata = Mapping[str, Mapping[str, Any]]

#: Reduced χ² from which a decay is no single exponential: chance 1e-3 at seven degrees of freedom.
POOR_FIT = 3.5
#: Least number of circuits of each experiment.
_EXPERIMENTS = {"T1": 4, "T2": 4, "readout": 2, "thermal": 1}


class Quantity(BaseModel):
    """Estimate with its standard error; ``note`` says why it is NaN, or holds an objection.

    Example:
        >>> Quantity(value=2e-4, stderr=5e-6).value
        0.0002
        >>> Quantity.missing("the fit failed").note
        'the fit failed'
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    value: float
    stderr: float
    note: str = ""

    @classmethod
    def missing(cls, reason: str) -> Quantity:
        """Quantity without a value."""
        return cls(value=np.nan, stderr=np.nan, note=reason)


class Bracket(BaseModel):
    """Results of a bracket on a qubit: times in s, the rest probabilities.

    ``recycling.inference.readout.readout`` says how populations and readout errors are separated,
    and on which assumptions.

    Example:
        >>> rates = {"false_excited": 0.01, "false_ground": 0.02, "population": 0.004}
        >>> given_bracket(t1=200e-6, t2=150e-6, **rates).t1.value
        0.0002
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    t1: Quantity
    t2: Quantity
    """Of a Hahn echo."""
    false_excited: Quantity
    """P(recorded 1 | prepared 0), residual excitation taken out."""
    false_ground: Quantity
    """P(recorded 0 | prepared 1)."""
    thermal_population: Quantity
    """Excited population after a long wait, readout errors taken out."""
    start_population: Quantity
    """Excited population at the start of a circuit: what the reset before it leaves."""
    recorded_excited: Quantity
    """Raw fraction of records 1 after the long wait."""


def analyse_bracket(counts: Mapping[str, Counts], metadata: Metadata) -> Bracket:
    """Analyse the counts of the circuits of ``circuits.calibration.characterisation``.

    Args:
        counts: counts of the two records by circuit name (arrays of shape (2, 2), the first
            record first); those of other circuits are left alone.
        metadata: ``circuit.metadata`` of the bracket's circuits by circuit name.

    Returns:
        Bracket; what could not be estimated is NaN with a note.

    Raises:
        BadInput: a circuit is missing, or its counts are empty or of another form;
            qiskit-experiments, which fits the decays, is not installed.

    Example:
        >>> from circuits.calibration.characterisation import bracket_circuits
        >>> circuits = bracket_circuits(t1=200e-6, t2=150e-6, dt=4e-9)
        >>> metadata = {circuit.name: circuit.metadata for circuit in circuits}
        >>> analyse_bracket({}, metadata)
        Traceback (most recent call last):
        recycling.errors.BadInput: counts of 'bracket T1 0': none: give those of every circuit ...
    """
    if is_missing("qiskit_experiments"):
        raise BadInput(
            "bracket: qiskit-experiments, which fits decays, is not installed: "
            f"{command('qiskit_experiments')}, or give the archive's calibrations.json"
        )
    from qiskit_experiments.library.characterization import analysis as fits

    names = _names_by_experiment(metadata)
    counts = {name: _checked(name, counts.get(name)) for name in metadata}
    prepared = {str(metadata[name].get("state_label")): counts[name] for name in names["readout"]}
    if set(prepared) != {"0", "1"}:
        raise BadInput(f"bracket: readout of |{'⟩, |'.join(prepared)}⟩: give |0⟩ and |1⟩")
    return Bracket(
        t1=_decay_time(fits.T1Analysis(), names["T1"], counts, metadata),
        t2=_decay_time(fits.T2HahnAnalysis(), names["T2"], counts, metadata),
        **_readout(prepared["0"], prepared["1"], counts[names["thermal"][0]]),
    )


def given_bracket(
    *, t1: float, t2: float, false_excited: float, false_ground: float, population: float
) -> Bracket:
    """Make a bracket, without errors, from a device's snapshot.

    Args:
        t1: relaxation time, s.
        t2: coherence time, s.
        false_excited: P(1|0), which contains the excitation of the |0⟩ that the snapshot was
            calibrated with.
        false_ground: P(0|1).
        population: excited population at the temperature T0 that the snapshot was given.

    Example:
        >>> rates = {"false_excited": 0.01, "false_ground": 0.02, "population": 0.004}
        >>> bracket = given_bracket(t1=200e-6, t2=150e-6, **rates)
        >>> round(bracket.recorded_excited.value, 5)
        0.01388
    """
    recorded = np.array([false_excited, 1 - false_ground]) @ [1 - population, population]
    values = {
        "t1": t1,
        "t2": t2,
        "false_excited": false_excited,
        "false_ground": false_ground,
        "thermal_population": population,
        "recorded_excited": float(recorded),
    }
    quantities = {name: Quantity(value=value, stderr=0) for name, value in values.items()}
    return Bracket(start_population=Quantity.missing("no part of a snapshot"), **quantities)


def effective_temperature(population: Quantity, frequency: float) -> Quantity:
    """Temperature T = hf / (k ln((1 - p)/p)) of a qubit's excited population p.

    Args:
        population: excited population.
        frequency: frequency f of the qubit, Hz.

    Returns:
        Temperature in K, its error to first order; NaN with a note where no positive temperature
        has this population.

    Example:
        >>> population = Quantity(value=0.0038, stderr=0.0005)
        >>> temperature = effective_temperature(population, frequency=5e9)
        >>> f"{temperature.value:.4f} ± {temperature.stderr:.4f} K"
        '0.0431 ± 0.0010 K'
    """
    p, note = population.value, population.note
    if not 0 < p < 0.5:
        return Quantity.missing(note or f"no positive temperature has the population {p:.3g}")
    if p < RESOLUTION * population.stderr:
        note = note or "the population is not resolved from zero"
    temperature = planck * frequency / (boltzmann * np.log((1 - p) / p))
    slope = boltzmann * temperature**2 / (planck * frequency * p * (1 - p))
    return Quantity(value=float(temperature), stderr=float(slope * population.stderr), note=note)


def _names_by_experiment(metadata: Metadata) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {experiment: [] for experiment in _EXPERIMENTS}
    for name, data in metadata.items():
        if data.get("experiment") not in names:
            raise BadInput(
                f"bracket: circuit {name!r} belongs to no experiment of a bracket: leave it out"
            )
        names[data["experiment"]].append(name)
    for experiment, least in _EXPERIMENTS.items():
        if len(names[experiment]) < least:
            raise BadInput(
                f"bracket: {len(names[experiment])} circuits for {experiment}: give {least} or more"
            )
    for experiment in ("T1", "T2"):
        delays = {float(metadata[name].get("xval", np.nan)) for name in names[experiment]}
        if not np.isfinite(list(delays)).all() or len(delays) < _EXPERIMENTS[experiment]:
            raise BadInput(
                f"bracket: xval of {experiment} = {sorted(delays)}: give the total delay of each "
                "circuit in s, 4 different ones or more"
            )
    return names


def _checked(name: str, counts: Counts | None) -> Counts:
    if counts is None:
        raise BadInput(f"counts of {name!r}: none: give those of every circuit of the bracket")
    array = np.asarray(counts)
    if array.shape != (2, 2):
        raise BadInput(f"counts of {name!r} have the shape {array.shape}: give (2, 2)")
    if (array < 0).any() or not array.sum() > 0:
        raise BadInput(f"counts of {name!r} = {array.tolist()}: give shots, 1 or more")
    return array


def _decay_time(
    analysis: Any, names: list[str], counts: Mapping[str, Counts], metadata: Metadata
) -> Quantity:
    """Decay time by an analysis of qiskit-experiments, fed with the first records, s."""
    from qiskit_experiments.framework import ExperimentData

    stored = ExperimentData()
    stored.add_data(
        [
            {
                "counts": dict(zip("01", counts[name].sum(axis=1).tolist(), strict=True)),
                "metadata": {"xval": metadata[name]["xval"]},
            }
            for name in names
        ]
    )
    analysis.set_options(plot=False)
    with _silent("qiskit_experiments.framework.experiment_data"):
        analysis.run(stored, replace_results=True).block_for_results()
    fits = [artifact.data for artifact in stored.artifacts() if artifact.name == "fit_summary"]
    if not fits:
        reason = (stored.errors().strip() or "no reason given").splitlines()[-1]
        return Quantity.missing(f"the fit failed: {reason}")
    fit = fits[0]
    if not fit.success:
        return Quantity.missing(f"the fit did not converge: {fit.message}")
    tau = fit.ufloat_params["tau"]
    if not 0 < tau.std_dev < tau.nominal_value < np.inf:  # false for NaN too
        return Quantity.missing("the counts show no decay that the fit could resolve")
    if fit.reduced_chisq <= POOR_FIT:
        return Quantity(value=tau.nominal_value, stderr=tau.std_dev)
    return Quantity(
        value=tau.nominal_value,
        stderr=tau.std_dev * float(np.sqrt(fit.reduced_chisq)),
        note=f"not one exponential: reduced χ² {fit.reduced_chisq:.1f}, error widened by its root",
    )


@contextmanager
def _silent(logger_name: str) -> Iterator[None]:
    """Keep a logger quiet: a failed fit becomes a note, so its traceback would only alarm."""
    logger = logging.getLogger(logger_name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


def _readout(ground: Counts, excited: Counts, twice: Counts) -> dict[str, Quantity]:
    """Readout errors and populations; the raw fraction last, which needs no separation."""
    values, errors = estimate_readout(ground, excited, twice)
    note = ""
    if not values[0] > RESOLUTION * errors[0]:
        note = "the records do not tell |1⟩ from |0⟩"
        values[1:-1] = errors[1:-1] = np.nan
    elif abs(disturbance(twice)) > RESOLUTION:
        note = f"the measurement changes the state: {disturbance(twice):+.1f} σ in two records"
    notes = (note, note, note, note, "")
    return {
        name: Quantity(value=float(value), stderr=float(error), note=note)
        for name, value, error, note in zip(QUANTITIES, values[1:], errors[1:], notes, strict=True)
    }
