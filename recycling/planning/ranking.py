"""Rank all placements on a chip by the thermodynamic gain that the exact engine predicts.

The predicted gain is the mean over the sweep, at the shown p_x, of the recycled gain::

    Q_tight(ΔS) - max(ΔQ_B, ΔQ_B of the noiseless protocol)

of the true states, or of the states as tomography records them, whichever is the smaller: a misread
bit of S or B can fake a gain that is not there, or hide one from the verdict.

Neither of the two plain figures is an order, although the table shows both:

- The gain G = Q_tight - Q_ath belongs to the bath before the erasure. A failed erasure lowers ΔS,
  and with it Q_ath more than Q_tight, so that G *rises* with the CZ error between B and S.
- The realised gain Q_tight - ΔQ_B = G - (ΔQ_B - Q_ath) pays for the erasure. But gate errors heat
  the bath; then S dumps no heat in it because nothing is erased, and the figure *rises* with the
  CZ error between C_I and the clock.

Less heat than the noiseless protocol dissipates is owed to such faults, or to a bath that leaks
during the erasure, and not to recycling: it is not credited. What is left falls with the error of
every CZ gate. It says little about the success branch, which a failure flagged as a success spoils
without touching the bath. So the success fidelity stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import tomlkit
from numpy.typing import NDArray

from circuits.design import Design, Setting
from recycling.compilation.route import route_algorithm
from recycling.devices.placement import check_layout, expected_errors, placements
from recycling.devices.profiles import ideal_device
from recycling.devices.shape import Shape
from recycling.devices.together import devices_together
from recycling.errors import BadInput
from recycling.extras import need
from recycling.inference.bath.quantities import (
    bloch_of,
    excess,
    fidelity,
    thermodynamic_quantities,
)
from recycling.inference.states.records import Layout
from recycling.inference.states.tomography import mix, project
from recycling.jobs.sizes import check_engine
from recycling.planning.branches import BranchStates, branch_states, predicted_settings
from recycling.planning.chips import Chip, chip, circuit_work
from recycling.planning.circuits import (
    channel_on,
    compile_as_executed,
    compile_unscheduled,
    decoupling_on,
    protocol_circuits,
)
from recycling.simulation.numbers import LATENCY
from recycling.spec.experiment import Experiment, shown_p_x
from recycling.thermodynamics import Bath

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2

    from circuits.algorithms.algorithm import Algorithm
    from recycling.devices.device import Device

Real = NDArray[np.float64]

#: Points of the sweep, of all placements together, that are evolved at once: some 50 MB.
_TOGETHER = 400


@dataclass(frozen=True)
class ScoredLayout:
    """A placement and the predictions of the engine on it, without sampling noise.

    ``layout`` is the physical qubit of each role of the ``shape``, in its order. Energies are means
    over all points of the sweep at the shown p_x, in J; -inf where no process exists.
    """

    layout: tuple[int, ...]
    recycled_gain: float
    """Q_tight - max(ΔQ_B, noiseless ΔQ_B) of the true states."""
    recorded_gain: float
    """The same of the states as they are recorded, misread bits of S and B not corrected."""
    realised_gain: float
    """Q_tight - ΔQ_B of the true states: how far the heat is below any thermal bath's bound."""
    gain: float
    """G = Q_tight - Q_ath of the true state of the bath before the erasure."""
    success_fidelity: float
    """Fidelity of the recycled qubit with the known state of the success branch, mean over all
    points of the sweep; NaN where no state is known."""
    expected_errors: float
    """For comparison, the criterion of layout = "best": expected number of errors in a shot."""
    shape: Shape = field(repr=False, compare=False)
    """Roles of the layout, and which of them are coupled."""

    @property
    def predicted_gain(self) -> float:
        """Criterion of the ranking: the recycled gain that is both true and recorded, J."""
        return min(self.recycled_gain, self.recorded_gain)


def score_layouts(
    experiment: Experiment,
    backend: BackendV2 | None = None,
    *,
    candidates: Iterable[tuple[int, ...]] | None = None,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> list[ScoredLayout]:
    """Score all placements of the experiment's shape on its chip.

    Args:
        experiment: validated spec; its layout is ignored.
        backend: the chip to run on; None takes the device profile of the spec.
        candidates: placements to score, each the physical qubits in the order of the roles; None
            takes all that use no dead qubit and no dead gate.
        progress: called with the fraction done.

    Returns:
        Placements, the largest predicted gain first.

    Raises:
        BadInput: no chip, no placement on working gates, or too little memory for the engine.

    Example:
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> places = [(1, 0, 2, 3), (2, 1, 3, 4)]  # data, ancilla, B, S
        >>> scored = score_layouts(experiment, candidates=places)
        >>> scored[0].predicted_gain > scored[1].predicted_gain
        True
    """
    need("qiskit")
    if backend is None and experiment.device.profile == "ideal":
        raise BadInput("device.profile = 'ideal' has no chip: give 'paper' or a snapshot")
    whole = chip(experiment, backend)
    everywhere = _everywhere(whole)
    layouts = everywhere if candidates is None else list(candidates)
    if candidates is not None:
        for layout in layouts:
            check_layout(layout, whole.target, whole.shape)
    noiseless = _noiseless_heat(experiment)
    work = circuit_work(experiment, whole.device_on(everywhere[0]))
    scored: list[ScoredLayout] = []
    for device, states in _states_on(experiment, [whole.device_on(layout) for layout in layouts]):
        assert device.layout is not None
        errors = expected_errors(device.layout, whole.target, whole.shape, *work)
        scored.append(_score(experiment, device, states, noiseless, errors, whole.shape))
        progress(len(scored) / len(layouts))
    return sorted(scored, key=lambda each: (-each.predicted_gain, each.layout))


def _everywhere(whole: Chip) -> list[tuple[int, ...]]:
    """All placements on the working gates of a chip."""
    found = list(placements(whole.target, whole.shape))
    if not found:
        raise BadInput("device.layout: no placement on working gates; choose another device")
    return found


def with_layout(spec_text: str, layout: Sequence[int]) -> str:
    r"""Put a layout into a spec, and leave its other lines and its comments as they are.

    Args:
        spec_text: text of the spec.
        layout: physical qubit of each role, in the order of the device's qubits.

    Returns:
        TOML text of the same experiment on this layout.

    Raises:
        BadInput: the text is no spec.

    Example:
        >>> text = 'name = "tiny"  # a comment\nalgorithm.name = "repeat-until-success"'
        >>> print(with_layout(text, [1, 0, 2, 3]))
        name = "tiny"  # a comment
        algorithm.name = "repeat-until-success"
        [device]
        layout = { data = 1, ancilla = 0, B = 2, S = 3 }
        <BLANKLINE>
    """
    roles = Experiment.parse(spec_text).design.roles
    document = tomlkit.parse(spec_text)
    places = dict(zip(roles, (int(qubit) for qubit in layout), strict=True))
    device = document.setdefault("device", tomlkit.table())
    given = device.get("layout")
    if isinstance(given, MutableMapping):  # as a table or inline: it keeps its form
        for role in set(given) - set(places):
            del given[role]
        given.update(places)
    else:
        inside = ", ".join(f"{role} = {qubit}" for role, qubit in places.items())
        device["layout"] = tomlkit.value(f"{{ {inside} }}")
    return tomlkit.dumps(document)


def _states_on(
    experiment: Experiment, devices: Iterable[Device]
) -> Iterator[tuple[Device, BranchStates]]:
    """States on each device; those that the same circuits are compiled for are evolved at once."""
    alike: dict[tuple[object, ...], list[Device]] = {}
    for device in devices:
        gates = (frozenset(device.gates.position), device.dt)
        waits = (channel_on(experiment, device).wait, device.feedforward_latency > 0)
        # From level 2 on Qiskit chooses gates by their errors; below, all placements get the same.
        own = device.gates if experiment.device.optimization_level > 1 else None
        # Which pulses fit depends on every duration.
        times = None if experiment.decoupling.sequence == "none" else _timing(device)
        alike.setdefault((own, gates, waits, times), []).append(device)
    routed: dict[object, Algorithm] = {}
    for (chosen, *_), some in alike.items():
        if chosen not in routed:
            routed[chosen] = _route(experiment, some[0])
        yield from _states_together(experiment, some, routed[chosen])


def _states_together(
    experiment: Experiment, devices: Sequence[Device], routed: Algorithm
) -> Iterator[tuple[Device, BranchStates]]:
    """States on devices with the same circuits, whose idle times differ, some at a time."""
    design, points = experiment.design, experiment.points
    if len(devices) == 1:
        (device,) = devices
        yield device, branch_states(_compile(experiment, routed, device), device, design, points)
        return
    is_open = experiment.decoupling.sequence == "none"
    circuits = _compile(experiment, routed, devices[0], open_times=is_open)
    step = max(1, _TOGETHER // experiment.num_points)
    for some in (devices[start : start + step] for start in range(0, len(devices), step)):
        together = devices_together(some)
        if not is_open:  # equal times, so that they are no sweep
            times = ("measure_duration", "feedforward_latency")
            together = together.replace("equal", **{t: getattr(devices[0], t) for t in times})
        states = branch_states(circuits, together, design, points, scheduled=not is_open)
        parts = (states.ground, states.excited, states.success)
        yield from zip(some, map(BranchStates, *parts), strict=True)


def _score(
    experiment: Experiment,
    device: Device,
    states: BranchStates,
    noiseless_heat: Real,
    errors: float,
    shape: Shape,
) -> ScoredLayout:
    assert device.layout is not None
    true = _quantities(experiment, states.ground, states.excited)
    recorded = _quantities(
        experiment,
        *(
            _as_recorded(bloch, device, experiment.design)
            for bloch in (states.ground, states.excited)
        ),
    )
    return ScoredLayout(
        layout=device.layout,
        recycled_gain=_recycled_gain(true, noiseless_heat),
        recorded_gain=_recycled_gain(recorded, noiseless_heat),
        realised_gain=-float(true["excess_tight"].mean()),
        gain=float(true["gain"].mean()),
        success_fidelity=_success_fidelity(experiment, states.success),
        expected_errors=errors,
        shape=shape,
    )


def _success_fidelity(experiment: Experiment, success: Real) -> float:
    """Fidelity of Bloch vectors (point, 3) with the known states, mean over all points, or NaN."""
    solution = experiment.algorithm.build().solution
    if solution is None:
        return float("nan")
    reference = bloch_of(solution(*experiment.points.values()))
    return float(fidelity(success, reference).mean())


def _recycled_gain(quantities: Mapping[str, Real], noiseless_heat: Real) -> float:
    """Q_tight - max(ΔQ_B, noiseless ΔQ_B), mean over all points, J."""
    credited = np.maximum(quantities["heat"], noiseless_heat)
    return -float(excess(credited, quantities["bound_tight"]).mean())


def _noiseless_heat(experiment: Experiment) -> Real:
    """ΔQ_B of the protocol without noise, all qubits thermal at the start (point,), J."""
    check_engine(experiment, together=True)
    device = ideal_device(
        temperature=experiment.bath.temperature,
        frequency=experiment.bath.frequency,
        roles=experiment.design.roles,
    )
    ideal = experiment.without_waiting
    circuits = _compile(ideal, _route(ideal, device), device)
    states = branch_states(circuits, device, ideal.design, ideal.points)
    return _quantities(ideal, states.ground, states.excited)["heat"]


def _quantities(experiment: Experiment, ground: Real, excited: Real) -> dict[str, Real]:
    """Thermodynamic quantities at the shown p_x; see ``thermodynamic_quantities``."""
    bath = Bath.qubit(experiment.bath.frequency, experiment.bath.temperature)
    bloch = project(mix(ground, excited, shown_p_x(experiment.p_x)))
    length, layout = np.linalg.norm(bloch, axis=-1), Layout.of(experiment.design)
    return thermodynamic_quantities(length, bloch[..., 2], bath, layout)


def _as_recorded(bloch: Real, device: Device, design: Design) -> Real:
    """Bloch vectors (..., qubit, 3) as tomography records them, through misread bits."""
    assignment = device.assignment[[device.roles.index(role) for role in design.measured]]
    ground, excited = 1 - 2 * assignment[:, 1, 0], 1 - 2 * assignment[:, 1, 1]
    return ((ground + excited)[:, None] + (ground - excited)[:, None] * bloch) / 2


def _route(experiment: Experiment, device: Device) -> Algorithm:
    level = experiment.device.optimization_level
    return route_algorithm(experiment.algorithm.build(), device, optimization_level=level)


def _compile(
    experiment: Experiment, algorithm: Algorithm, device: Device, *, open_times: bool = False
) -> dict[Setting, QuantumCircuit]:
    """Compile the predicted settings, up to the tomography.

    ``open_times``: the latency stays a parameter, and no idle time is written into the circuits.
    """
    from qiskit.circuit import Parameter

    settings, level = predicted_settings(experiment.design), experiment.device.optimization_level
    latency = Parameter(LATENCY) if open_times and device.feedforward_latency > 0 else None
    circuits = protocol_circuits(
        experiment, algorithm, settings, device, tomography=False, latency=latency
    )
    if open_times:
        compiled = compile_unscheduled(circuits, device, optimization_level=level)
    else:
        compiled = compile_as_executed(
            circuits,
            device,
            optimization_level=level,
            decoupling=decoupling_on(experiment, device),
        )
    return dict(zip(settings, compiled, strict=True))


def _timing(device: Device) -> tuple[object, ...]:
    """Durations of a device's gates and measurements, and its latency."""
    durations = zip(device.gates.position, device.gates.durations.tolist(), strict=True)
    measured = tuple(device.measure_duration.tolist())
    return frozenset(durations), measured, device.feedforward_latency
