"""Forecast of both arms of an experiment by the exact engine, also for a worse device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recycling.inference.states.records import Layout, RecordMap
from recycling.inference.states.samples import linear_inversion
from recycling.planning.influence import predicted_values, setting_variances, tables_of_arm
from recycling.planning.lengthening import lengthening
from recycling.simulation.probabilities import protocol_table
from recycling.spec.allocation import tomography_axes
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from recycling.devices.device import Device
    from recycling.jobs.job import Pub
    from recycling.spec.experiment import Experiment

Real = NDArray[np.float64]

#: Largest probability of an error: beyond it a gate or a readout says nothing.
_MOST = 0.49


@dataclass(frozen=True)
class Numbers:
    """Values and variances of both arms of a forecast, at a p_x.

    Attributes:
        values: quantities by arm and name (arrays of shape (point,)), in nats and J.
        variances: contributions of a shot of each setting to their variances (arrays of shape
            (stage, preparation, point, basis)).
        room: entropy that the thermal bath can still take up, nats.
        lengthening: contributions to the variance of ΔS of second order, by arm; empty for none.

    Example:
        >>> heat = {"heat": np.array([1e-25])}
        >>> numbers = Numbers({"arm": heat}, {"arm": {"heat": np.ones((2, 2, 1, 3))}}, room=0.6)
        >>> value, variances = numbers.at("arm", point=0)["heat"]
        >>> value, variances.shape
        (1e-25, (2, 2, 3))
    """

    values: Mapping[str, Mapping[str, Real]]
    variances: Mapping[str, Mapping[str, Real]]
    room: float
    lengthening: Mapping[str, Real] = field(default_factory=dict)

    def at(self, arm: str, point: int) -> dict[str, tuple[float, Real]]:
        """Value and variances of each quantity of an arm at a point."""
        variances = self.variances[arm]
        return {
            name: (float(own[point]), variances[name][:, :, point])
            for name, own in self.values[arm].items()
        }


@dataclass(frozen=True)
class Forecast:
    """Exact probabilities of the protocol on a device, and what follows for each arm.

    Attributes:
        experiment: the experiment, whose frames the tables are measured in.
        tables: probabilities of the records by arm (arrays of shape (stage, preparation, point,
            basis, record)).

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> algorithm = {"name": "repeat-until-success"}
        >>> experiment = Experiment(name="tiny", algorithm=algorithm)
        >>> tables = dict.fromkeys(experiment.design.arm_names, np.full((2, 2, 1, 3, 16), 1 / 16))
        >>> forecast = Forecast(experiment, tables)
        >>> [forecast.share(arm) for arm in tables]
        [0.5, 0.5]
    """

    experiment: Experiment
    tables: Mapping[str, Real]

    def values(self, arm: str, p_x: float) -> dict[str, Real]:
        """Quantities of an arm (arrays of shape (point,)), in nats and J."""
        return self._estimate(arm, p_x)(self.tables[arm])

    def variances(self, arm: str, p_x: float) -> dict[str, Real]:
        """Contributions of each setting to their variances; see ``setting_variances``."""
        return setting_variances(self.tables[arm], self._estimate(arm, p_x))

    def error(self, arm: str, variances: Real) -> Real:
        """Standard error of a quantity that the repeats of the spec leave of one shot each.

        Args:
            arm: name of the arm.
            variances: contributions of each setting, of ``variances``.

        Returns:
            Array of shape (point,); +inf where a setting that counts is not measured.
        """
        allocation = self.experiment.allocation
        if allocation is not None:
            repeats = allocation.repeats[self._place(arm)]
            measured, counts = repeats > 0, variances > 0
            variances = np.where(measured, variances / np.maximum(repeats, 1), 0)
            variances[counts & ~measured] = np.inf
        return np.asarray(np.sqrt(variances.sum(axis=(0, 1, 3))))

    def bloch(self, arm: str, p_x: float) -> Real:
        """Bloch vectors in the frames of the tables (array of shape (stage, point, qubit, 3))."""
        # (stage, preparation, point, basis, record) → (preparation, basis, point, stage, record)
        tables = np.moveaxis(self.tables[arm], (1, 3, 2, 0), (0, 1, 2, 3))
        ground, excited = linear_inversion(tables, self._records(arm))[0]
        mixed = (1 - p_x) * ground + p_x * excited  # basis, point, stage, qubit
        return np.asarray(np.transpose(mixed, (2, 1, 3, 0)))

    def numbers(self, p_x: float) -> Numbers:
        """Values and variances of both arms."""
        room = float(np.log(len(self._bath.energies)) - self._bath.entropy())
        return Numbers(
            {arm: self.values(arm, p_x) for arm in self.tables},
            {arm: self.variances(arm, p_x) for arm in self.tables},
            room,
            {arm: lengthening(self, arm, p_x) for arm in self.tables},
        )

    def share(self, arm: str) -> float:
        """Smallest probability that a shot falls into the branch that the arm analyses."""
        return float((self.tables[arm] @ self._records(arm).weights).min())

    @property
    def _bath(self) -> Bath:
        spec = self.experiment.bath
        return Bath.qubit(spec.frequency, spec.temperature)

    def _records(self, arm: str) -> RecordMap:
        design = self.experiment.design
        return RecordMap.raw(Layout.of(design), design.arm(arm).records)

    def _estimate(self, arm: str, p_x: float) -> partial[dict[str, Real]]:
        records, turned = self._records(arm), tomography_axes(self.experiment)
        axes = None if turned is None else turned[self._place(arm)]
        return partial(predicted_values, records=records, bath=self._bath, p_x=p_x, axes=axes)

    def _place(self, arm: str) -> int:
        return self.experiment.design.arm_names.index(arm)


def forecast_of(experiment: Experiment, device: Device, pubs: Sequence[Pub]) -> Forecast:
    """Forecast both arms of an experiment by the exact engine.

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
        >>> arm = experiment.design.arm_names[1]
        >>> forecast_of(experiment, planned.device, pubs).bloch(arm, 0.1).shape
        (2, 2, 3, 3)
    """
    design = experiment.design
    table = protocol_table(pubs, device, design)
    return Forecast(
        experiment, {arm: tables_of_arm(table, design, arm) for arm in design.arm_names}
    )


def scaled_noise(device: Device, factor: float) -> Device:
    """Scale the noise of a device: all errors by a factor, T1 and T2 by its inverse.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> device = override_device(ideal, t1=100e-6, t2=90e-6, readout_error=0.01)
        >>> worse = scaled_noise(device, 2)
        >>> [f"{number:.3g}" for number in (worse.t1[0], worse.false_excited[0])]
        ['5e-05', '0.02']
    """
    return device.replace(
        f"{device.name}, noise × {factor:g}",
        t1=device.t1 / factor,
        t2=device.t2 / factor,
        false_excited=np.minimum(device.false_excited * factor, _MOST),
        false_ground=np.minimum(device.false_ground * factor, _MOST),
        gates=replace(device.gates, errors=np.minimum(device.gates.errors * factor, _MOST)),
    )
