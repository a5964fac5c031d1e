"""Attribution of the schedules that a service reports to circuits, by their content.

A job's schedules cannot be told apart by their order: that of dynamic circuits is not the order of
the job (qiskit-ibm-runtime, issue 3315). Content is what happens on each qubit: which operations,
in which order, for how long. How many pulses an operation has is up to the service; where the
schedules of a job leave that open, nothing is attributed.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from recycling.compilation.walk import walk

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Schedule = Mapping[str, Any]
#: Instruction as a schedule names it, e.g. "cz_9_10", and whether it is in a conditional block.
Step = tuple[str, bool]
#: Instructions without a pulse.
_WITHOUT_PULSE = frozenset({"barrier", "delay"})


@dataclass(frozen=True)
class Instance:
    """An instruction in a schedule: its times in steps of the device.

    Example:
        >>> Instance("cz_9_10", conditional=False, start=40, end=57).qubits
        (9, 10)
    """

    label: str
    conditional: bool
    start: int
    end: int

    @property
    def name(self) -> str:
        """Name of the instruction."""
        return self.label.rstrip("0123456789_")

    @property
    def qubits(self) -> tuple[int, ...]:
        """Physical qubits, in ascending order."""
        return tuple(map(int, self.label.removeprefix(self.name).split("_")[1:]))


def attributed(
    schedules: Sequence[Schedule | None], circuits: Sequence[QuantumCircuit]
) -> list[Schedule | None]:
    r"""Attribute a schedule to each circuit, in whatever order a service reports them.

    Args:
        schedules: as reported for a job: "timing" has a line of branch, instruction, channel,
            start, duration and pulse for each pulse, "circuit_duration" is the length; times in
            steps of the device. None: one is missing.
        circuits: the circuits of the job as they were sent.

    Returns:
        In the order of the circuits; None where no schedule is attributable: none has the content
        of the circuit, or circuits of equal content have schedules that differ. At most half of
        the schedules may be missing, or of circuits that are not in the job.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> short, long = QuantumCircuit(1), QuantumCircuit(1)
        >>> _ = short.x(0)
        >>> _ = [long.x(0) for _ in range(2)]
        >>> schedules = [
        ...     {"timing": "main,x_0,d0,0,8,p\nmain,x_0,d0,8,8,p", "circuit_duration": 16},
        ...     {"timing": "main,x_0,d0,0,8,p", "circuit_duration": 8},
        ... ]
        >>> [each["circuit_duration"] for each in attributed(schedules, [short, long])]
        [8, 16]
    """
    wanted = [steps_of(circuit) for circuit in circuits]
    labels = {label for steps in wanted for label, _ in steps}
    read = [None if each is None else _pulses(each, labels) for each in schedules]
    per_label = _pulses_per_label([Counter(steps) for steps in wanted], read)
    contents = [None if each is None else _instances(each, per_label) for each in read]
    lengths = _lengths(contents)
    orders = [
        None if content is None or not _is_usual(content, lengths) else _order(_steps(content))
        for content in contents
    ]
    expected = [_order([step for step in steps if per_label[step[0]] != 0]) for steps in wanted]
    chosen = []
    for steps, order in zip(wanted, expected, strict=True):
        alike = [s for s, each in zip(schedules, orders, strict=True) if s and each == order]
        certain = (
            all(per_label[label] is not None for label, _ in steps)
            and len(alike) == expected.count(order) > 0
            and all(schedule == alike[0] for schedule in alike)
            and _is_whole(alike[0])
        )
        chosen.append(alike[0] if certain else None)
    return chosen


def steps_of(circuit: QuantumCircuit) -> list[Step]:
    """List the instructions of a circuit that take pulses, in order.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(3)
        >>> _ = circuit.cz(2, 1)
        >>> steps_of(circuit)
        [('cz_1_2', False)]
    """
    return [
        (_label(located.instruction.operation.name, located.qubits), located.conditional)
        for located in walk(circuit)
        if located.instruction.operation.name not in _WITHOUT_PULSE
    ]


def instances(schedule: Schedule, circuit: QuantumCircuit) -> list[Instance]:
    """List the instructions of a circuit as the schedule that is attributed to it has them.

    Virtual gates, and what the service adds of itself, are left out.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.x(0)
        >>> schedule = {"timing": "main,x_0,d0,40,8,p", "circuit_duration": 48}
        >>> instances(schedule, circuit)
        [Instance(label='x_0', conditional=False, start=40, end=48)]
    """
    counts = Counter(steps_of(circuit))
    pulses = _pulses(schedule, {label for label, _ in counts}) or {}
    found = {key: len(times) for key, times in pulses.items()}
    per_label = {label: found.get((label, branch), 0) // n for (label, branch), n in counts.items()}
    return _instances(pulses, per_label) or []


#: Start and end of each pulse, by instruction.
_Pulses = Mapping[Step, list[tuple[int, int]]]
#: Pulses of an instruction; None where they are not known.
_PerLabel = Mapping[str, int | None]


def _pulses(schedule: Schedule, labels: set[str]) -> _Pulses | None:
    """Read the pulses of a schedule for each instruction of any circuit.

    Other pulses come from the service, such as the sending of an outcome. Virtual gates are no
    pulses. A schedule that cannot be read has None.
    """
    found: defaultdict[Step, list[tuple[int, int]]] = defaultdict(list)
    for line in str(schedule.get("timing", "")).splitlines():
        fields = line.split(",")
        if len(fields) != 6 or not (fields[3].isdecimal() and fields[4].isdecimal()):
            return None
        branch, instruction, start, pulse = fields[0], _sorted(fields[1]), int(fields[3]), fields[5]
        if instruction in labels and pulse != "shift_phase":
            found[instruction, branch != "main"].append((start, start + int(fields[4])))
    return {step: sorted(times) for step, times in found.items()}


def _pulses_per_label(
    wanted: Sequence[Counter[Step]], read: Sequence[_Pulses | None]
) -> dict[str, int | None]:
    """Number of pulses of each instruction, where the schedules of the job leave one alone.

    It is one by which more than half of the circuits with the instruction have their schedules, or
    the one by which all have. 0: the instruction has no pulse, as a virtual gate.
    """
    known = [each for each in read if each is not None]
    return {
        label: _number_of(
            [each[label, False] + each[label, True] for each in wanted],
            [sum(len(each.get((label, b), ())) for b in (False, True)) for each in known],
        )
        for label in {label for each in wanted for label, _ in each}
    }


def _number_of(counts: Sequence[int], pulses: Sequence[int]) -> int | None:
    """Pulses of an instruction, from its counts in circuits and its pulses in schedules."""
    if not any(pulses):
        return 0
    ratios = {found // count for found in pulses for count in counts if count} - {0}
    # A circuit without the instruction has no pulses of it by any number: it has no vote.
    having = [count for count in counts if count]
    votes = {r: sum(found in {r * count for count in having} for found in pulses) for r in ratios}
    complete = [
        ratio
        for ratio, number in votes.items()
        if number == len(having)
        and len(pulses) == len(counts)
        and sum(pulses) == ratio * sum(counts)
    ]
    likely = complete or [ratio for ratio, number in votes.items() if 2 * number > len(having)]
    return likely[0] if len(likely) == 1 else None


def _instances(pulses: _Pulses, per_label: _PerLabel) -> list[Instance] | None:
    """Instructions of a schedule in time; None where the pulses do not make up whole ones."""
    found = []
    for (label, conditional), times in pulses.items():
        number = per_label[label] or 0
        if number == 0 or len(times) % number:
            return None
        for first in range(0, len(times), number):
            group = times[first : first + number]
            found.append(Instance(label, conditional, group[0][0], max(end for _, end in group)))
    return sorted(found, key=lambda each: (each.start, each.end, each.label))


def _lengths(contents: Sequence[Sequence[Instance] | None]) -> dict[str, int]:
    """Length that more than half of all instances have, of each instruction that has such."""
    seen: defaultdict[str, Counter[int]] = defaultdict(Counter)
    for content in contents:
        for each in content or ():
            seen[each.label][each.end - each.start] += 1
    most = {label: lengths.most_common(1)[0] for label, lengths in seen.items()}
    return {label: each for label, (each, n) in most.items() if 2 * n > seen[label].total()}


def _steps(content: Sequence[Instance]) -> list[Step]:
    return [(each.label, each.conditional) for each in content]


def _is_usual(content: Sequence[Instance], lengths: Mapping[str, int]) -> bool:
    """Whether each instruction takes as long as it does elsewhere in the job."""
    return all(i.end - i.start == lengths.get(i.label) for i in content)


def _order(steps: Sequence[Step]) -> dict[int, list[Step]]:
    """What happens on each qubit, in order."""
    order: defaultdict[int, list[Step]] = defaultdict(list)
    for step in steps:
        for qubit in Instance(step[0], step[1], 0, 0).qubits:
            order[qubit].append(step)
    return dict(order)


def _is_whole(schedule: Schedule) -> bool:
    """Whether a schedule is as long as the pulses that it lists."""
    lines = [line.split(",") for line in str(schedule["timing"]).splitlines()]
    try:
        end = max(int(line[3]) + int(line[4]) for line in lines)
        return end <= int(schedule["circuit_duration"])
    except (KeyError, TypeError, ValueError):
        return False


def _label(name: str, qubits: Sequence[int]) -> str:
    return "_".join([name, *map(str, sorted(qubits))])


def _sorted(instruction: str) -> str:
    """Name of an instruction with its qubits in order: a CZ has no direction."""
    name, *rest = instruction.split("_")
    places = [text for text in rest if text.isdigit()]
    others = [text for text in rest if not text.isdigit()]
    return "_".join([name, *others, *sorted(places, key=int)])
