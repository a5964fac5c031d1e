"""Search placements, levels of optimization and decoupling together, by the predicted verdict.

A placement that is best without pulses need not be best with them, and a level that saves gates may
leave longer windows. So each combination is compiled and predicted as a run would be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from recycling.compilation.decouple import decoupled
from recycling.compilation.route import route_algorithm
from recycling.errors import BadInput
from recycling.jobs.cut import protocol_pubs
from recycling.planning.chips import chip
from recycling.planning.circuits import compile_as_executed, decoupling_on, protocol_circuits
from recycling.planning.prediction import Prediction, predict
from recycling.planning.ranking import score_layouts
from recycling.spec.experiment import DecouplingSpec, Experiment

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

    from circuits.design import Setting
    from recycling.devices.device import Device

#: Levels of Qiskit's preset pass managers.
LEVELS = (0, 1, 2, 3)
#: The engine tells no sequence of two pulses from another, so XpXm is as XX here.
_TRIED = ("XX", "XY4")


@dataclass(frozen=True)
class Found:
    """A placement, a level and a decoupling, with the prediction of the exact engine."""

    layout: tuple[int, ...]
    level: int
    decoupling: DecouplingSpec
    prediction: Prediction

    @property
    def below(self) -> int:
        """Number of points whose verdict is expected to be "below Q_tight"."""
        return int(self.prediction.below().sum())

    @property
    def shots(self) -> float:
        """Fewest shots of a trial that are expected to show a point below by 3 σ; +inf: none."""
        return float(self.prediction.shots_for_verdict.min())

    @property
    def excess(self) -> float:
        """Least ΔQ_B - Q_tight of all points, J."""
        return float(np.min(self.prediction.values["excess_tight"]))


def search(
    experiment: Experiment,
    backend: BackendV2 | None = None,
    *,
    placements: int = 4,
    levels: Sequence[int] = LEVELS,
    candidates: Iterable[tuple[int, ...]] | None = None,
    progress: Callable[[float], None] = lambda _fraction: None,
    announce: Callable[[int, float], None] = lambda _count, _seconds: None,
) -> list[Found]:
    """Predict all combinations on the best placements of a chip.

    Args:
        experiment: validated spec; its layout, level and decoupling are ignored.
        backend: the chip to run on; None takes the device profile of the spec.
        placements: so many of the best by the predicted gain, at level 1 and without pulses.
        levels: levels of optimization to compile at.
        candidates: placements to score; None takes all.
        progress: called with the fraction done.
        announce: called with the number of combinations and their likely time in s, once known.

    Returns:
        Combinations, most points below Q_tight first, then fewest shots for one, least excess.

    Raises:
        BadInput: as ``score_layouts``.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.6], "p_x": [0.1]},
        ... )
        >>> found = search(experiment, placements=1, levels=[1], candidates=[(1, 0, 2, 3)])
        >>> len(found), sorted({each.decoupling.sequence for each in found})
        (7, ['XX', 'XY4', 'none'])
    """
    plain = _with(experiment, 1, DecouplingSpec())
    scored = score_layouts(plain, backend, candidates=candidates, progress=progress)
    whole, found = chip(plain, backend), list[Found]()
    options, begun = list(decouplings(experiment)), perf_counter()
    total = len(scored[:placements]) * len(levels) * len(options)
    for place, level in product(scored[:placements], levels):
        device = whole.device_on(place.layout)
        try:
            circuits = _scheduled(_with(experiment, level, DecouplingSpec()), device)
        except BadInput:  # no routing of this level keeps the qubits in place
            total -= len(options)
            continue
        for spec in options:
            variant = _with(experiment, level, spec)
            pubs = protocol_pubs(variant, _pulsed(variant, device, circuits))
            found.append(Found(place.layout, level, spec, predict(variant, device, pubs)))
            progress(len(found) / total)
        if len(found) == len(options):
            each = (perf_counter() - begun) / len(options)
            announce(total, each * (total - len(options)))
    return sorted(found, key=lambda each: (-each.below, each.shots, each.excess))


def decouplings(experiment: Experiment) -> Iterator[DecouplingSpec]:
    """List what is tried: nothing; both sequences on more and more of the idling qubits.

    Example:
        >>> [each.qubits for each in decouplings(Experiment(name="a"))][:4]
        [None, ('C_I',), ('C_I', 'S'), ('C_I', 'B', 'S')]
    """
    design, spec = experiment.design, experiment.decoupling
    recycled = design.register(design.recycled).roles
    yield DecouplingSpec()
    for sequence in _TRIED:
        for more in ((), design.target, (*design.bath, *design.target)):
            qubits = (*recycled, *more)
            yield DecouplingSpec(sequence=sequence, qubits=qubits, shortest=spec.shortest)  # type: ignore[arg-type]


def _with(experiment: Experiment, level: int, decoupling: DecouplingSpec) -> Experiment:
    device = experiment.device.model_copy(update={"optimization_level": level})
    return experiment.model_copy(update={"device": device, "decoupling": decoupling})


def _scheduled(experiment: Experiment, device: Device) -> dict[Setting, QuantumCircuit]:
    level, settings = experiment.device.optimization_level, experiment.design.settings
    routed = route_algorithm(experiment.algorithm.build(), device, optimization_level=level)
    circuits = protocol_circuits(experiment, routed, settings, device)
    compiled = compile_as_executed(circuits, device, optimization_level=level)
    return dict(zip(settings, compiled, strict=True))


def _pulsed(
    experiment: Experiment, device: Device, circuits: dict[Setting, QuantumCircuit]
) -> dict[Setting, QuantumCircuit]:
    wanted = decoupling_on(experiment, device)
    if wanted is None:
        return circuits
    return {setting: decoupled(each, device, wanted) for setting, each in circuits.items()}
