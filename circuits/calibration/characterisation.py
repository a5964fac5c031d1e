"""Circuits that characterise a qubit: relaxation, coherence, readout and thermal population.

::

    T1        x ─ delay t ──────────────────────────┐
    T2        sx ─ delay t/2 ─ x ─ delay t/2 ─ sx ──┼─ measure ─ delay 1 µs ─ measure again
    readout   nothing, or x ────────────────────────┤
    thermal   delay 5 T1 ───────────────────────────┘

The first three are those of qiskit-experiments. Nothing there measures a thermal population, and
no preparation by x alone can: excitations of the prepared |0⟩ look like readout errors. Measuring
twice tells them apart, since an excitation is recorded twice and a readout error once. Only the
circuit "thermal" needs it; the others do the same, so that all results have the same shape.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from circuits.transpiler import preset_pass_manager

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import PassManager

#: Name of the classical register of every circuit: both records in their order.
REGISTER = "record"
#: Longest delay in units of T1 or T2. With the shots spread evenly from zero delay up to here, the
#: standard error of the decay time is within 12 % of the least that any span gives.
SPAN = 4.0
#: Wait in units of T1, after which e⁻⁵ = 0.7 % of any previous excitation is left.
THERMALISATION = 5.0
#: Wait between the two measurements, s, for the readout resonator to empty.
RING_DOWN = 1e-6


def bracket_circuits(
    *,
    t1: float,
    t2: float,
    dt: float,
    alignment: int = 16,
    points: int = 10,
    qubit: int = 0,
    num_qubits: int = 1,
) -> list[QuantumCircuit]:
    """Build the circuits of a bracket on a qubit.

    Args:
        t1: expected T1, s; it sets the delays.
        t2: expected T2, s.
        dt: sampling time of the device, s.
        alignment: every delay is a multiple of so many dt.
        points: number of delays for T1, and for T2.
        qubit: the qubit that the circuits act on.
        num_qubits: number of qubits of the circuits; the others rest.

    Returns:
        Circuits of x, sx, delay (in dt) and measure, with names that identify them and a
        classical register of two bits, ``REGISTER``. ``metadata["experiment"]`` is "T1", "T2",
        "readout" or "thermal"; ``metadata["xval"]`` is the total delay in s,
        ``metadata["state_label"]`` the prepared state.

    Raises:
        ValueError: a time is not positive and finite, alignment is below 1, there are fewer than 4
            points, or no such qubit.

    Example:
        >>> circuits = bracket_circuits(t1=200e-6, t2=150e-6, dt=4e-9, points=4)
        >>> [circuit.name for circuit in circuits][::4]
        ['bracket T1 0', 'bracket T2 0', 'bracket readout 0']
        >>> circuits[-1].metadata["experiment"]
        'thermal'
    """
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    _check_times(t1=t1, t2=t2, dt=dt)
    if alignment < 1:
        raise ValueError(f"alignment = {alignment}: give 1 or more dt")
    if points < 4:
        raise ValueError(f"points = {points}: give 4 or more, for a fit of three parameters")
    if not 0 <= qubit < num_qubits:
        raise ValueError(f"qubit = {qubit}: give one from 0 to {num_qubits - 1}")
    unit, manager = alignment * dt, _native(dt)
    ring_down = round(whole_multiple(RING_DOWN, unit) / dt)
    circuits = []
    for experiment, index, circuit in _of_one_qubit(t1, t2, points, unit):
        bits = ClassicalRegister(2, REGISTER)
        placed = QuantumCircuit(QuantumRegister(num_qubits, "q"), bits)
        placed.name = f"bracket {experiment} {index}"
        placed.metadata = {"experiment": experiment} | circuit.metadata
        placed.compose(manager.run(circuit), [qubit], [bits[0]], inplace=True)
        placed.delay(ring_down, qubit, unit="dt")
        placed.measure(qubit, bits[1])
        circuits.append(placed)
    return circuits


def bracket_metadata(
    *, t1: float, t2: float, dt: float, alignment: int = 16, points: int = 10
) -> dict[str, dict[str, Any]]:
    """Names and metadata of ``bracket_circuits``, for whom the circuits are not needed.

    Example:
        >>> known = bracket_metadata(t1=200e-6, t2=150e-6, dt=4e-9, points=4)
        >>> known["bracket readout 1"]
        {'experiment': 'readout', 'state_label': '1'}
    """
    unit = alignment * dt
    waits: dict[str, list[dict[str, Any]]] = {
        "T1": [{"xval": delay} for delay in _delays(t1, points, unit)],
        "T2": [{"xval": delay} for delay in _delays(t2, points, 2 * unit)],
        "readout": [{"state_label": label} for label in "01"],
        "thermal": [{"xval": whole_multiple(THERMALISATION * t1, unit)}],
    }
    return {
        f"bracket {name} {index}": {"experiment": name} | each
        for name, all_of_it in waits.items()
        for index, each in enumerate(all_of_it)
    }


def _check_times(**times: float) -> None:
    """Check that times, by their names, are positive and finite."""
    for name, time in times.items():
        if not 0 < time < np.inf:
            raise ValueError(f"{name} = {time} s: give a positive, finite time")


def _of_one_qubit(
    t1: float, t2: float, points: int, unit: float
) -> Iterator[tuple[str, int, QuantumCircuit]]:
    """Circuits of all experiments, each with the experiment's name and its number there."""
    from qiskit_experiments.library import T1, LocalReadoutError, T2Hahn

    experiments = {
        "T1": T1([0], _delays(t1, points, unit)).circuits(),
        "T2": T2Hahn([0], _delays(t2, points, 2 * unit)).circuits(),
        "readout": LocalReadoutError([0]).circuits(),
        "thermal": [_waiting(whole_multiple(THERMALISATION * t1, unit))],
    }
    for name, circuits in experiments.items():
        for index, circuit in enumerate(circuits):
            yield name, index, circuit


def _delays(decay_time: float, points: int, unit: float) -> list[float]:
    """Evenly spaced delays, multiples of a unit; the first is nearly zero, s."""
    return [whole_multiple(delay, unit) for delay in np.linspace(0, SPAN * decay_time, points)]


def whole_multiple(delay: float, unit: float) -> float:
    """Round a delay to the nearest multiple of a unit, at least once the unit, s.

    Example:
        >>> f"{whole_multiple(1e-6, 64e-9):.3e} s"
        '1.024e-06 s'
    """
    return max(1, round(float(delay) / unit)) * unit


def _waiting(wait: float) -> QuantumCircuit:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(1, 1, metadata={"xval": wait})
    circuit.delay(wait, 0, unit="s")
    circuit.measure(0, 0)
    return circuit


def _native(dt: float) -> PassManager:
    """Pass manager to the native gates of a qubit, with delays in dt."""
    from qiskit.circuit import Delay, Measure, Parameter
    from qiskit.circuit.library import RZGate, SXGate, XGate
    from qiskit.transpiler import Target

    target = Target(num_qubits=1, dt=dt)
    angle, duration = Parameter("angle"), Parameter("duration")
    for operation in (XGate(), SXGate(), RZGate(angle), Measure(), Delay(duration)):
        target.add_instruction(operation, {(0,): None})
    # Level 0 would make two sx of every x; level 1 leaves delays where they are.
    return preset_pass_manager(1, target=target)
