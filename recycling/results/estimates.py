"""Estimates of each arm from its tables: of trials, of all trials together, and bands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import NO_LINK, LinkChannel
from recycling.inference.readout.correction import Readout, record_maps
from recycling.inference.states.estimates import (
    QUANTILE,
    Estimate,
    Question,
    estimate,
    estimate_erasure,
    plain_values,
)
from recycling.inference.states.records import Layout
from recycling.inference.statistics.resampling import banded, resample, simultaneous_quantile
from recycling.inference.statistics.trials import Scatter, scatter, with_drift
from recycling.results.schema import ESTIMATES, ArmEstimates
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from circuits.design import Arm
    from recycling.inference.readout.assignment import Assignment
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
Progress = Callable[[float], None]

_RATIO = "dissipation_ratio"
#: Steps of each arm that are reported as progress.
_STEPS = 3


def estimate_arms(
    experiment: Experiment,
    tables: NDArray[Any],
    bath: Bath,
    reference: Real | None,
    *,
    readout: Readout,
    assignment: Assignment | None,
    progress: Progress,
    link: LinkChannel | None = None,
) -> dict[str, ArmEstimates]:
    """Estimate each arm; each has another stream of random numbers, so their order is free.

    Args:
        experiment: validated spec.
        tables: counts (array of shape (arm, point, trial, stage, preparation, basis, record)).
        bath: bath at the temperature of the bounds.
        reference: Bloch vectors that the output is compared with (array of shape (point, 3)).
        readout: how records are read.
        assignment: assignment matrices, unless the readout is raw.
        progress: called with the fraction done.
        link: that recycled states cross; None for an experiment without links.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        ...     measurement={"shots": "exact", "trials": 1},
        ... )
        >>> tables = np.full((2, 2, 1, 2, 2, 3, 16), 1 / 16)
        >>> raw = {"readout": "raw", "assignment": None, "progress": lambda _fraction: None}
        >>> arms = estimate_arms(experiment, tables, Bath.qubit(), None, **raw)
        >>> arms[experiment.design.arm_names[-1]].combined["heat"].value.shape  # point, p_x
        (2, 2)
    """
    design, layout = experiment.design, Layout.of(experiment.design)
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        progress(len(steps) / (_STEPS * len(design.arms)))

    def of_arm(arm: Arm) -> ArmEstimates:
        own = design.arms.index(arm)
        records, moved = record_maps(arm, readout, assignment, layout)
        crossed = link if link is None or arm.resets else NO_LINK
        estimator = experiment.inference.estimator
        question = Question(records, moved, experiment.p_x, bath, reference, estimator, crossed)
        if experiment.measurement.shots == "exact":
            return _exact(tables[own], question)
        seed = np.random.SeedSequence(experiment.seed, spawn_key=(1, own))
        resamples = experiment.inference.resamples
        return _sampled(tables[own], question, resamples, np.random.default_rng(seed), step)

    with ThreadPoolExecutor(min(len(design.arms), cpu_count() or 1)) as pool:
        found = dict(zip(design.arm_names, pool.map(of_arm, design.arms), strict=True))
    progress(1.0)
    return found


def _exact(table: NDArray[Any], question: Question) -> ArmEstimates:
    """Estimates of infinitely many shots."""
    trials = {name: Estimate.exact(own) for name, own in plain_values(table, question).items()}
    combined = {name: _trials(name, own, 0) for name, own in trials.items()}
    none = {name: Scatter.none(own.value.shape) for name, own in combined.items()}
    bands = {name: combined[name] for name in banded(combined)}
    return ArmEstimates(trials, combined, none, bands, QUANTILE)


def _sampled(
    table: NDArray[Any],
    question: Question,
    resamples: int,
    generator: np.random.Generator,
    step: Callable[[str], None],
) -> ArmEstimates:
    """Estimates of (point, trial, stage, preparation, basis, record) counts."""
    pooled = table.sum(axis=1, keepdims=True)
    # All trials together come last, as another trial.
    whole = estimate(np.concatenate([table, pooled], axis=1), question)
    step("estimates")
    draws = resample(table, question.records, resamples, generator)
    quantile = simultaneous_quantile(draws, question)
    step("resamples")
    trials = {name: _trials(name, own, slice(0, -1)) for name, own in whole.items()}
    last = {name: _trials(name, own, slice(-1, None)) for name, own in whole.items()}
    together = {name: _trials(name, own, 0) for name, own in last.items()}
    scatters = {name: _scatter(name, own) for name, own in trials.items()}

    def at(quantile: float) -> dict[str, Estimate]:
        """Limits of all trials together at a normal quantile, by shots alone."""
        stretch = _stretch(scatters, quantile)[..., None]
        found = estimate_erasure(pooled, question, quantile, stretch)
        return {
            name: _trials(name, Estimate.of(own, last[name].value, quantile), 0)
            for name, own in found.items()
        }

    combined = {name: with_drift(own, scatters[name], QUANTILE) for name, own in together.items()}
    combined[_RATIO] = at(QUANTILE)[_RATIO]
    band = at(quantile)
    bands = {name: with_drift(band[name], scatters[name], quantile) for name in banded(band)}
    bands[_RATIO] = band[_RATIO]
    step("bands")
    return ArmEstimates(trials, combined, scatters, bands, quantile)


def _scatter(name: str, trials: Estimate) -> Scatter:
    """Scatter of the trials of an estimate."""
    axis = ESTIMATES[name].axis("trial")
    return scatter(*(np.moveaxis(x, axis, -1) for x in (trials.value, trials.stderr)))


def _stretch(scatters: Mapping[str, Scatter], quantile: float) -> Real:
    """Factor by drift of the deviations of heat and bound in their ratio (point, p_x).

    A single trial has no meaningful ratio where its bound is close to zero. So the factor is the
    largest of those of the quantities that it depends on.
    """
    parts = [scatters[name] for name in ("entropy_decrease", "heat", "excess_tight")]
    return np.asarray(np.max([part.deviation(quantile) / quantile for part in parts], axis=0))


def _trials(name: str, estimate: Estimate, index: int | slice) -> Estimate:
    """Some trials of an estimate."""
    return estimate.at(index, ESTIMATES[name].axis("trial"))
