"""Predictions of the exact engine for compiled circuits on a device, without sampling noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from circuits.design import RECYCLING, SweepParameter
from recycling.devices.device import Device
from recycling.inference.statistics.significance import CLAIMED, LEVEL, RESOLUTION, holm
from recycling.inference.statistics.trials import Scatter
from recycling.jobs.job import Pub
from recycling.planning.forecast import forecast_of
from recycling.spec.experiment import shown_p_x
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]


@dataclass(frozen=True)
class Prediction:
    """Expected quantities of the recycling arm and how far shots will scatter about them.

    ``points`` holds the value of each of the swept ``parameters`` at every point of the sweep
    (arrays of shape (point,)), and ``values`` the prediction at every point for each name in
    ``influence.PREDICTED``, in nats or J (likewise).
    ``deviations`` is the standard error that one shot of each basis and preparation would leave,
    each as often as the allocation repeats it, to be divided by √shots; +inf where a setting that
    counts is not measured. ``shots`` are those of each basis, preparation and trial; None stands
    for infinitely many. ``shots_for_verdict`` (array of shape (point,)) are those of one trial from
    which it is expected to find the heat below Q_tight, and an erasure, by 3 standard errors of the
    shots; +inf where it is not.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> prediction = planned.prediction
        >>> prediction.count, prediction.stderr("heat").shape  # J
        (2, (2,))
    """

    parameters: tuple[SweepParameter, ...]
    points: Mapping[str, Real]
    p_x: float
    shots: int | None
    trials: int
    values: Mapping[str, Real]
    deviations: Mapping[str, Real]
    shots_for_verdict: Real

    @property
    def count(self) -> int:
        """Number of points of the sweep."""
        return len(self.shots_for_verdict)

    def stderr(self, name: str) -> Real:
        """Standard error in one trial (array of shape (point,)); 0 for infinitely many shots."""
        shots = np.inf if self.shots is None else self.shots
        return np.asarray(self.deviations[name] / np.sqrt(shots))

    def pooled_stderr(self, name: str) -> Real:
        """Standard error of the mean over all trials (array of shape (point,))."""
        return np.asarray(self.stderr(name) / np.sqrt(self.trials))

    def distance(self, name: str = "excess_tight") -> Real:
        """Expected value in standard errors, all trials together (array of shape (point,)).

        Infinite where infinitely many shots leave no error, and where no process exists.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = self.values[name] / self.pooled_stderr(name)
        return np.where(np.isposinf(self.values[name]), np.inf, distance)

    def z(self, name: str = "excess_tight") -> Real:
        """Expected significance of the distance by a verdict (array of shape (point,)).

        It is less than the distance: only the scatter of trials shows that they do not drift.
        """
        return Scatter.expected(self.trials, self.count).significance(self.distance(name))

    def below(self) -> NDArray[np.bool_]:
        """Whether the verdict is expected to be "below Q_tight" (array of shape (point,)).

        By the rule of a verdict: an erasure and a heat below the bound, for all points and both
        bounds together.
        """
        no_erasure = -self.z("entropy_decrease")
        p_values = [ndtr(np.maximum(self.z(f"excess_{own}"), no_erasure)) for own in CLAIMED]
        return np.asarray(holm(np.concatenate(p_values))[: self.count] <= LEVEL)


def predict(experiment: Experiment, device: Device, pubs: Sequence[Pub]) -> Prediction:
    """Predict heat, bounds and gain at the shown p_x, and their standard errors.

    The values are exact. The standard errors are to first order in the sampling noise (delta
    method), with the covariance of multinomial counts. With few shots some samples show a state for
    which no process exists, which this order misses: there the bootstrap has no error at all.

    Args:
        experiment: validated spec.
        device: the device, with its calibration.
        pubs: PUBs of the protocol over all points of the experiment, compiled for the device.

    Example:
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> planned = recycling.plan(experiment)
        >>> from recycling.jobs.cut import protocol_pubs
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> predict(experiment, planned.device, pubs).values["gain"].shape  # J
        (2,)
    """
    forecast, p_x = forecast_of(experiment, device, pubs), shown_p_x(experiment.p_x)
    values, variances = forecast.values(RECYCLING, p_x), forecast.variances(RECYCLING, p_x)
    deviations = {name: forecast.error(RECYCLING, own) for name, own in variances.items()}
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    shots = experiment.measurement.shots
    return Prediction(
        parameters=experiment.design.parameters,
        points=experiment.points,
        p_x=p_x,
        shots=None if shots == "exact" else shots,
        trials=experiment.measurement.trials,
        values=values,
        deviations=deviations,
        shots_for_verdict=_shots_for_verdict(values, deviations, bath),
    )


def _shots_for_verdict(
    values: Mapping[str, Real], deviations: Mapping[str, Real], bath: Bath
) -> Real:
    """Shots that put 3 standard errors between the heat and the bound.

    And as many between the entropy decrease and zero, where nothing is erased, and the most that
    the bath can take up: beyond it there is no bound to compare with.
    """
    decrease = values["entropy_decrease"]
    room = np.log(len(bath.energies)) - float(bath.entropy()) - decrease
    gaps = {
        "excess_tight": -values["excess_tight"], "entropy_decrease": np.minimum(room, decrease)
    }  # fmt: skip
    expected = (decrease > 0) & np.all([gap > 0 for gap in gaps.values()], axis=0)
    shots = np.full_like(decrease, np.inf)
    shots[expected] = np.ceil(
        np.max(
            [
                (RESOLUTION * deviations[name][expected] / gap[expected]) ** 2
                for name, gap in gaps.items()
            ],
            axis=0,
        )
    )
    return shots
