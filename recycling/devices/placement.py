"""Placements of an experiment's qubits on a chip: all of its shape, and the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from recycling.devices.shape import Shape, embeddings
from recycling.errors import BadInput

if TYPE_CHECKING:
    from qiskit.transpiler import Target


def cz_errors(target: Target) -> dict[frozenset[int], float]:
    """CZ error of each working edge; a dead gate (error 1, or none reported) is left out.

    Raises:
        BadInput: the device has no CZ gate at all.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> 0 < cz_errors(target)[frozenset((0, 1))] < 0.01
        True
    """
    if "cz" not in target.operation_names:
        raise BadInput("the device has no CZ gate: give one with x, sx, rz and cz")
    errors: dict[frozenset[int], float] = {}
    for qubits, properties in target["cz"].items():
        error = getattr(properties, "error", None)
        if error is not None and error < 1:
            pair = frozenset(qubits)
            errors[pair] = max(error, errors.get(pair, 0.0))
    return errors


def working_qubits(target: Target) -> frozenset[int]:
    """Qubits with a T1, a T2, and working single-qubit gates and measurement.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> len(working_qubits(target)) <= target.num_qubits
        True
    """
    working = set()
    for qubit in range(target.num_qubits):
        properties = target.qubit_properties[qubit] if target.qubit_properties else None
        times = (getattr(properties, "t1", None), getattr(properties, "t2", None))
        errors = [
            getattr(target[name].get((qubit,)), "error", None) for name in ("sx", "x", "measure")
        ]
        if all(times) and all(error is not None and error < 1 for error in errors):
            working.add(qubit)
    return frozenset(working)


def check_layout(layout: tuple[int, ...], target: Target, shape: Shape) -> None:
    """Check that a layout has the shape on working gates.

    Args:
        layout: physical qubit of each role, in the order of the shape's roles.
        target: the device.
        shape: coupled roles.

    Raises:
        BadInput: a qubit is repeated, unknown or dead, or no working CZ connects two roles.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> from circuits import HHL
        >>> from recycling.devices.shape import shape_of
        >>> algorithm = HHL([[2, -1], [-1, 2]])
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> check_layout((0, 1, 2, 3, 4, 5), target, shape)
        Traceback (most recent call last):
        recycling.errors.BadInput: device.layout: C_I = 0 and C_C1 = 2 are not connected: give ...
    """
    if len({*layout}) != len(layout) or len(layout) != len(shape.roles):
        raise BadInput(f"device.layout = {list(layout)}: give {len(shape.roles)} different qubits")
    place = dict(zip(shape.roles, layout, strict=True))
    working, errors = working_qubits(target), cz_errors(target)
    for role, qubit in place.items():
        if qubit not in working:
            raise BadInput(
                f"device.layout: {role} = {qubit} is not a working qubit of this device: give "
                "another, or layout = 'best'"
            )
    for first, second in shape.couplings:
        pair = frozenset((place[first], place[second]))
        if pair not in errors:
            dead = any(frozenset(qubits) == pair for qubits in target["cz"])
            why = "joined by a dead gate" if dead else "not connected"
            raise BadInput(
                f"device.layout: {first} = {place[first]} and {second} = {place[second]} are "
                f"{why}: give neighbours, or layout = 'best'"
            )


def placements(target: Target, shape: Shape) -> Iterator[tuple[int, ...]]:
    """Find all placements of a shape on working qubits and gates, in the order of its roles.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> from circuits import HHL
        >>> from recycling.devices.shape import shape_of
        >>> algorithm = HHL([[2, -1], [-1, 2]])
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> len(next(placements(target, shape)))
        6
    """
    working = working_qubits(target)
    neighbours: dict[int, list[int]] = {}
    for pair in cz_errors(target):
        if pair <= working:
            first, second = sorted(pair)
            neighbours.setdefault(first, []).append(second)
            neighbours.setdefault(second, []).append(first)
    yield from embeddings(shape, neighbours)


def expected_errors(
    layout: tuple[int, ...],
    target: Target,
    shape: Shape,
    cz_counts: Mapping[frozenset[str], int],
    busy: Mapping[str, float],
) -> float:
    """Compute the expected number of errors in a shot: the score of a placement, lower is better.

    Args:
        layout: physical qubit of each role, in the order of the shape's roles.
        target: the device.
        shape: coupled roles.
        cz_counts: CZ gates of the compiled circuit by pair of roles.
        busy: time from first gate to last operation by role, s: over it a qubit decays with rate
            (1/T1 + 1/T2)/2.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> from circuits import HHL
        >>> from recycling.devices.shape import shape_of
        >>> algorithm = HHL([[2, -1], [-1, 2]])
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> counts = {frozenset(("C_I", "B")): 3, frozenset(("B", "S")): 3}
        >>> busy = dict.fromkeys(shape.roles, 5e-6)  # s
        >>> layout = next(placements(target, shape))
        >>> 0 < expected_errors(layout, target, shape, counts, busy) < 1
        True
    """
    place = dict(zip(shape.roles, layout, strict=True))
    readout = readout_errors(layout, target, shape)
    gates = sum(
        count * _cz_error(target, *(place[role] for role in pair))
        for pair, count in cz_counts.items()
    )
    decay = sum(
        busy[role] * (1 / target.qubit_properties[q].t1 + 1 / target.qubit_properties[q].t2) / 2
        for role, q in place.items()
    )
    return float(gates + readout + decay)


def readout_errors(layout: tuple[int, ...], target: Target, shape: Shape) -> float:
    """Expected number of readout errors in a shot; see ``expected_errors`` for the arguments.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> from circuits import HHL
        >>> from recycling.devices.shape import shape_of
        >>> algorithm = HHL([[2, -1], [-1, 2]])
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> 0 < readout_errors(next(placements(target, shape)), target, shape) < 1
        True
    """
    place = dict(zip(shape.roles, layout, strict=True))
    return float(sum(target["measure"][(place[role],)].error for role in shape.recorded))


def best_layout(
    target: Target,
    shape: Shape,
    cz_counts: Mapping[frozenset[str], int],
    busy: Mapping[str, float],
    *,
    by_readout: bool = False,
) -> tuple[int, ...]:
    """Find the placement with the fewest expected errors; see ``expected_errors`` for arguments.

    With ``by_readout`` it is one with the fewest errors of readout, whatever the other errors.

    Raises:
        BadInput: the device has no placement of the shape on working gates.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> target = FakeTorino().target
        >>> from circuits.algorithms.repeat_until_success import repeat_until_success
        >>> from recycling.devices.shape import shape_of
        >>> algorithm = repeat_until_success()
        >>> shape = shape_of(algorithm.design, algorithm)
        >>> counts = {frozenset(("data", "B")): 3, frozenset(("B", "S")): 3}
        >>> busy = dict.fromkeys(shape.roles, 5e-6)  # s
        >>> check_layout(best_layout(target, shape, counts, busy), target, shape)
    """
    candidates = list(placements(target, shape))
    if not candidates:
        raise BadInput(
            "device.layout: the device has no working qubits that are neighbours of each other as "
            f"the experiment needs them ({shape}): choose another device"
        )

    def score(layout: tuple[int, ...]) -> tuple[float, float]:
        first = readout_errors(layout, target, shape) if by_readout else 0.0
        return first, expected_errors(layout, target, shape, cz_counts, busy)

    return min(candidates, key=score)


def _cz_error(target: Target, first: int, second: int) -> float:
    """CZ error of a pair, the worse of its directions; 1 where the two are not coupled."""
    gates = target["cz"]
    reported = [gates[pair].error for pair in ((first, second), (second, first)) if pair in gates]
    return float(max(reported, default=1.0))
