"""The schedule of a service beside the planned one: latency, idle time and order, in numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recycling.compilation.schedules import Schedule, instances
from recycling.compilation.timeline import Operation

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

#: Operations that take no time, or only wait.
_TIMELESS = frozenset({"delay", "rz", "barrier"})


@dataclass(frozen=True)
class Comparison:
    """A circuit as it was planned and as the service scheduled it; times in s.

    Attributes:
        planned: operations of the plan.
        true: operations of the service's schedule, the first at the time of the plan's first.

    Example:
        >>> Comparison((), ()).latency_difference is None
        True
    """

    planned: tuple[Operation, ...]
    true: tuple[Operation, ...]

    @property
    def latency_difference(self) -> float | None:
        """Feedforward latency beyond the planned one, s; None without feedforward."""
        pairs = [latencies(self.true), latencies(self.planned)]
        if not all(pairs):
            return None
        return sum(pairs[0]) / len(pairs[0]) - sum(pairs[1]) / len(pairs[1])

    def idle_difference(self, qubit: int) -> float:
        """Idle time of a qubit of the device beyond the planned one, s.

        Example:
            >>> from dataclasses import replace
            >>> x = Operation("x", (0,), 0.0, 1e-8, False)
            >>> late = Operation("x", (0,), 3e-8, 1e-8, False)
            >>> Comparison((x, replace(x, start=1e-8)), (x, late)).idle_difference(0)
            2e-08
        """
        return idle_time(self.true, qubit) - idle_time(self.planned, qubit)

    @property
    def other_order(self) -> int:
        """Pairs of operations that begin in another order than planned.

        On each qubit the order is that of the circuit, since the schedule is attributed by it.
        """
        planned, true = _starts(self.planned), _starts(self.true)
        both = [(planned[key], true[key]) for key in planned if key in true]
        return sum(
            (one[0] - other[0]) * (one[1] - other[1]) < 0
            for place, one in enumerate(both)
            for other in both[:place]
        )


def true_operations(
    schedule: Schedule, circuit: QuantumCircuit, device: Device, start: float = 0.0
) -> list[Operation]:
    """List the operations of a schedule in time.

    Args:
        schedule: the schedule that is attributed to the circuit.
        circuit: the circuit as it was sent, on the qubits of the chip.
        device: the qubits that it uses.
        start: when the first operation begins, s: a service first resets all qubits.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> device = ideal.replace("example", layout=(9, 7), dt=4e-9)
        >>> circuit = QuantumCircuit(10)
        >>> _ = circuit.x(7)
        >>> schedule = {"timing": "main,x_7,Qubit 7,40,8,play", "circuit_duration": 48}
        >>> true_operations(schedule, circuit, device)
        [Operation(name='x', qubits=(1,), start=0.0, duration=3.2e-08, conditional=False)]
    """
    place = {qubit: number for number, qubit in enumerate(device.layout or ())}
    found = instances(schedule, circuit)
    first = min((each.start for each in found), default=0)
    return [
        Operation(
            name=each.name,
            qubits=tuple(place[qubit] for qubit in each.qubits),
            start=start + (each.start - first) * device.dt,
            duration=(each.end - each.start) * device.dt,
            conditional=each.conditional,
        )
        for each in found
    ]


def latencies(operations: Sequence[Operation]) -> list[float]:
    """Find the times from each measurement to the conditional operation that follows it, s.

    Example:
        >>> measure = Operation("measure", (0,), 0.0, 1e-6, conditional=False)
        >>> gate = Operation("x", (1,), 1.5e-6, 3e-8, conditional=True)
        >>> [f"{each:.1e}" for each in latencies([measure, gate])]
        ['5.0e-07']
    """
    ends = [o.end for o in operations if o.name == "measure" and not o.conditional]
    first: dict[float, float] = {}
    for operation in operations:
        before = [end for end in ends if end <= operation.start + 1e-12]
        if operation.conditional and operation.name not in _TIMELESS and before:
            start = first.get(max(before), operation.start)
            first[max(before)] = min(start, operation.start)
    return [start - end for end, start in first.items()]


def idle_time(operations: Sequence[Operation], qubit: int) -> float:
    """Compute the time that a qubit idles between its first and its last operation, s.

    Example:
        >>> from dataclasses import replace
        >>> x = Operation("x", (0,), 0.0, 1e-8, conditional=False)
        >>> idle_time([x, replace(x, start=3e-8)], 0)
        2e-08
    """
    own = [o for o in operations if qubit in o.qubits and o.name not in _TIMELESS]
    if not own:
        return 0.0
    return max(o.end for o in own) - min(o.start for o in own) - sum(o.duration for o in own)


def _starts(operations: Sequence[Operation]) -> dict[tuple[str, tuple[int, ...], int], float]:
    """Start of each operation that takes time, by its name, its qubits and its number."""
    seen: Counter[tuple[str, tuple[int, ...]]] = Counter()
    starts = {}
    for operation in sorted(operations, key=lambda o: o.start):
        if operation.name in _TIMELESS:
            continue
        key = operation.name, tuple(sorted(operation.qubits))
        starts[(*key, seen[key])] = round(operation.start, 12)
        seen[key] += 1
    return starts
