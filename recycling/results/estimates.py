"""Estimates of each arm from its tables: of trials, of all trials together, and bands."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import pairwise
from os import cpu_count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.inference.bath.link import NO_LINK, LinkChannel
from recycling.inference.readout.correction import Readout, check_unmixed_axes, record_maps
from recycling.inference.states.estimates import (
    QUANTILE,
    Estimate,
    Observed,
    Question,
    Weighted,
    plain_values,
)
from recycling.inference.states.records import Layout
from recycling.inference.statistics.resampling import banded, resample, simultaneous_quantile
from recycling.inference.statistics.trials import Scatter, scatter, with_drift
from recycling.results.schema import ESTIMATES, ArmEstimates
from recycling.spec.allocation import tomography_axes
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from recycling.inference.readout.assignment import Assignment
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]
Progress = Callable[[float], None]

_RATIO = "dissipation_ratio"
#: Steps of each arm that are reported as progress, beside its blocks of p_x.
_STEPS = 2
#: States that are estimated together: their arrays stay in the processor's cache.
_TOGETHER = 32_768


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
    arms: Collection[str] | None = None,
) -> Iterator[tuple[slice, dict[str, ArmEstimates]]]:
    """Estimate each arm, block by block of the p_x, so that memory does not grow with their number.

    Each arm has another stream of random numbers, so their order is free.

    Args:
        experiment: validated spec.
        tables: counts (array of shape (arm, point, trial, stage, preparation, basis, record)).
        bath: bath at the temperature of the bounds.
        reference: Bloch vectors that the output is compared with (array of shape (point, 3)).
        readout: how records are read.
        assignment: assignment matrices, unless the readout is raw.
        progress: called with the fraction done.
        link: that recycled states cross; None for an experiment without links.
        arms: names of the arms to estimate; None takes all.

    Yields:
        Places of the p_x of a block, in order, and the estimates of each arm there.

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
        >>> ((weights, arms),) = estimate_arms(experiment, tables, Bath.qubit(), None, **raw)
        >>> arms[experiment.design.arm_names[-1]].combined["heat"].value.shape  # point, p_x
        (2, 2)
    """
    layout = Layout.of(experiment.design)
    estimator = experiment.inference.estimator
    axes, questions = tomography_axes(experiment), {}
    for own, arm in enumerate(experiment.design.arms):
        if arms is not None and arm.name not in arms:
            continue
        records, moved = record_maps(arm, readout, assignment, layout)
        frames = None if axes is None else axes[own]
        if readout == "unmixed" and frames is not None:
            check_unmixed_axes(arm, frames, layout)
        crossed = link if link is None or arm.resets else NO_LINK
        questions[own] = Question(
            records, moved, experiment.p_x, bath, reference, estimator, crossed, frames
        )
    yield from _by_block(experiment, tables, questions, progress)


def _by_block(
    experiment: Experiment,
    tables: NDArray[Any],
    questions: Mapping[int, Question],
    progress: Progress,
) -> Iterator[tuple[slice, dict[str, ArmEstimates]]]:
    """Estimates of each arm by its place and its question; see ``estimate_arms``."""
    names = [experiment.design.arm_names[own] for own in questions]
    layout = next(iter(questions.values())).records.layout
    states = tables[0, ..., 0, 0, 0].size * len(layout.measured)
    blocks = _blocks(len(experiment.p_x), states)
    steps: list[str] = []

    def step(name: str) -> None:
        steps.append(name)
        progress(len(steps) / ((_STEPS + len(blocks)) * len(names)))

    def of_arm(own: int) -> Callable[[slice], ArmEstimates]:
        if experiment.measurement.shots == "exact":
            return lambda weights: _exact(tables[own], questions[own], weights)
        seed = np.random.SeedSequence(experiment.seed, spawn_key=(1, own))
        generator, resamples = np.random.default_rng(seed), experiment.inference.resamples
        return _Sampled.of(tables[own], questions[own], resamples, generator, step).at

    with ThreadPoolExecutor(min(len(names), cpu_count() or 1)) as pool:
        estimators = list(pool.map(of_arm, questions))
        for weights in blocks:
            of_block = pool.map(lambda estimator, weights=weights: estimator(weights), estimators)
            yield weights, dict(zip(names, of_block, strict=True))
            for name in names:
                step(name)
    progress(1.0)


def _blocks(number: int, states: int) -> list[slice]:
    """Blocks of p_x whose states fit the processor's cache, each of two p_x or more.

    A sum over points takes its terms in another order where there is a single p_x.

    Args:
        number: of the p_x.
        states: states at each of them.
    """
    size = max(2, _TOGETHER // max(states, 1))
    ends = np.linspace(0, number, max(1, number // size) + 1).astype(int)
    return [slice(int(start), int(stop)) for start, stop in pairwise(ends)]


def _exact(table: NDArray[Any], question: Question, weights: slice) -> ArmEstimates:
    """Estimates of infinitely many shots."""
    some = replace(question, p_x=question.p_x[weights])
    trials = {name: Estimate.exact(own) for name, own in plain_values(table, some).items()}
    combined = {name: _trials(name, own, 0) for name, own in trials.items()}
    none = {name: Scatter.none(own.value.shape) for name, own in combined.items()}
    bands = {name: combined[name] for name in banded(combined)}
    return ArmEstimates(trials, combined, none, bands, QUANTILE)


@dataclass(frozen=True)
class _Sampled:
    """Counts of an arm: of the trials and, as another trial, of all of them together.

    Attributes:
        together: counts with all trials together as the last trial.
        wide: all trials together, for limits that hold over the sweep at once.
        fixed: estimates without an axis for p_x.
    """

    together: Observed
    wide: Observed
    fixed: dict[str, Estimate]

    @classmethod
    def of(
        cls,
        table: NDArray[Any],
        question: Question,
        resamples: int,
        generator: np.random.Generator,
        step: Callable[[str], None],
    ) -> _Sampled:
        """Counts of an arm (array of shape (point, trial, stage, preparation, basis, record))."""
        pooled = table.sum(axis=1, keepdims=True)
        together = Observed.of(np.concatenate([table, pooled], axis=1), question)
        step("samples")
        draws = resample(table, question.records, resamples, generator)
        quantile = simultaneous_quantile(draws, question)
        step("resamples")
        wide = Observed.of(pooled, question, quantile, output=False)
        return cls(together, wide, together.of_all_weights())

    def at(self, weights: slice) -> ArmEstimates:
        """Estimates at some of the p_x."""
        weighted, quantile = self.together.at(weights), self.wide.quantile
        every = weighted.estimates() | self.fixed
        trials = {name: _trials(name, own, slice(0, -1)) for name, own in every.items()}
        last = {name: _trials(name, own, slice(-1, None)) for name, own in every.items()}
        together = {name: _trials(name, own, 0) for name, own in last.items()}
        scatters = {name: _scatter(name, own) for name, own in trials.items()}

        def with_ratio(found: Weighted) -> dict[str, Estimate]:
            """Limits of all trials together by shots alone, but for those of the ratio."""
            stretch = _stretch(scatters, found.quantile)[..., None]
            return {
                name: _trials(name, Estimate.of(own, last[name].value, found.quantile), 0)
                for name, own in found.erasure(stretch).items()
            }

        def drifting(name: str, own: Estimate, quantile: float) -> Estimate:
            return with_drift(own, scatters[name], quantile, tested=ESTIMATES[name].tested)

        combined = {name: drifting(name, own, QUANTILE) for name, own in together.items()}
        combined[_RATIO] = with_ratio(weighted.of_last_trial())[_RATIO]
        band = with_ratio(self.wide.at(weights))
        bands = {name: drifting(name, band[name], quantile) for name in banded(band)}
        bands[_RATIO] = band[_RATIO]
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
