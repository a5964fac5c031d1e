"""What a design pays for: executions of each setting, trials, and calibrations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.compilation.structure import duration_of_circuit
from recycling.jobs.interleaved import INTERLEAVED
from recycling.planning.cost import USUAL_PRICE
from recycling.planning.search import Economy

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.execution.machine import Price
    from recycling.planning.forecast import Forecast
    from recycling.planning.plan import Plan
    from recycling.spec.sections import HardwareSpec, InferenceSpec

#: Fewest shots of a calibration that a spec may give.
FEWEST = 100
#: Share of a verdict's error that a calibration may have, and its times: before and after.
_SHARE, _TIMES = 0.25, 2


@dataclass(frozen=True)
class Calibrations:
    """Shots of each circuit of the brackets and of the readout's assignment; 0 for none.

    ``interleaved`` assignment circuits are part of the trials, and need no jobs.

    Example:
        >>> Calibrations(brackets=100, assignment=300, interleaved=True).changes["assignment"]
        'interleaved'
    """

    brackets: int
    assignment: int
    interleaved: bool = False

    @classmethod
    def of(cls, hardware: HardwareSpec) -> Calibrations:
        """Those of a spec."""
        return cls(
            hardware.bracket_shots if hardware.brackets else 0,
            hardware.assignment_shots if hardware.assignment else 0,
            hardware.assignment == INTERLEAVED,
        )

    @property
    def changes(self) -> dict[str, Any]:
        """Keys of [hardware] that say so."""
        keys: dict[str, Any] = {"brackets": self.brackets > 0, "assignment": self.assignment > 0}
        if self.interleaved and self.assignment:
            keys["assignment"] = INTERLEAVED
        shots = {"bracket_shots": self.brackets, "assignment_shots": self.assignment}
        return keys | {key: count for key, count in shots.items() if count}

    def fewer(self, inference: InferenceSpec) -> list[Calibrations]:
        """These, and fewer, as far as the inference can do without."""
        found = [self]
        if inference.temperature != "calibration":
            found.append(replace(self, brackets=0))
        if inference.readout == "raw":
            found.append(replace(found[-1], assignment=0))
        return list(dict.fromkeys(found))

    def lean(self, inference: InferenceSpec, error: float, precision: float) -> Calibrations:
        """As few shots as a verdict needs, the assignment circuits in the trials.

        Args:
            inference: brackets keep their shots where T0 comes from them.
            error: largest readout error, which is then known to a quarter of the precision.
            precision: standard error of an excited population that a verdict needs.
        """
        needed = max(FEWEST, int(np.ceil(error * (1 - error) / (_SHARE * precision) ** 2)))
        brackets = self.brackets if inference.temperature == "calibration" else FEWEST
        return Calibrations(min(self.brackets, brackets), min(self.assignment, needed), True)


def economy_of(plan: Plan, forecasts: Sequence[Forecast], calibrations: Calibrations) -> Economy:
    """Price of a plan's executions and calibrations, by the price of its machine.

    Example:
        >>> import recycling
        >>> from recycling.jobs.cut import protocol_pubs
        >>> from recycling.planning.forecast import forecast_of
        >>> experiment = recycling.preset("theory")
        >>> planned = recycling.plan(experiment)
        >>> pubs = protocol_pubs(experiment, planned.circuits)
        >>> forecast = forecast_of(experiment, planned.device, pubs)
        >>> economy = economy_of(planned, [forecast], Calibrations(0, 0))
        >>> economy.overhead, economy.fixed, economy.prices.shape  # s
        (2.0, 0.0, (2, 2, 2, 3))
    """
    design, price = plan.experiment.design, _price_of(plan)
    lengths = [duration_of_circuit(plan.circuits[each], plan.device) for each in design.settings]
    shape = (len(design.arm_names), len(design.stages), len(design.preparations), 1)
    prices = np.array(lengths).reshape(shape) + plan.rep_delay + price.shot_overhead
    shares = np.array([min(f.share(arm) for f in forecasts) for arm in design.arm_names])
    return Economy(
        prices=np.repeat(prices, 3, axis=-1),
        overhead=price.job_overhead,
        fixed=_calibrations(plan, calibrations),
        shares=shares,
    )


def _calibrations(plan: Plan, calibrations: Calibrations) -> float:
    """QPU time of the calibrations before and after the trials, or within them, s."""
    brackets = _seconds(plan, plan.brackets, calibrations.brackets)
    assignment = _seconds(plan, plan.assignment, calibrations.assignment)
    if calibrations.interleaved and calibrations.assignment and plan.assignment:
        return _TIMES * brackets + assignment - _price_of(plan).job_overhead
    return _TIMES * (brackets + assignment)


def _price_of(plan: Plan) -> Price:
    """Price of the machine of a plan, or the usual one."""
    return USUAL_PRICE if plan.hardware is None else plan.hardware.price


def _seconds(plan: Plan, circuits: Sequence[QuantumCircuit], shots: int) -> float:
    """QPU time of a job of some shots of each circuit, s."""
    if not shots or not circuits:
        return 0.0
    length = sum(duration_of_circuit(circuit, plan.device) for circuit in circuits)
    return _price_of(plan).seconds(shots * len(circuits), shots * length, plan.rep_delay)
