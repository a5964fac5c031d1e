"""Which schedule that a service reports belongs to which circuit, by what both contain.

A job's schedules cannot be told apart by their order: that of dynamic circuits is not the order of
the job (qiskit-ibm-runtime, issue 3315).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recycling.compilation.walk import walk

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Schedule = Mapping[str, Any]
#: Instruction as a schedule names it, e.g. "cz_9_10", and whether it is in a conditional block.
_Content = Counter[tuple[str, bool]]
#: What takes no pulse.
_WITHOUT_PULSE = frozenset({"barrier", "delay"})


def attributed(
    schedules: Sequence[Schedule | None], circuits: Sequence[QuantumCircuit]
) -> list[Schedule | None]:
    """Schedule of each circuit, whatever the order in which a service reports them.

    Args:
        schedules: as reported for one job: "timing" has a line of branch, instruction, channel,
            start, duration and pulse for each pulse, "circuit_duration" is the length; times in
            steps of one unit.
        circuits: the circuits of the job as they were sent.

    Returns:
        In the order of the circuits; None where a schedule is not attributable: it has another
        content than any circuit, or circuits of equal content have schedules that differ.
    """
    known = [schedule for schedule in schedules if schedule is not None]
    if len(known) != len(circuits):
        return [None] * len(circuits)
    wanted = [_instructions(circuit) for circuit in circuits]
    found = [_pulses(schedule, wanted) for schedule in known]
    per_gate = _pulses_per_gate(wanted, found)
    if per_gate is None:
        return [None] * len(circuits)
    expected = [
        +Counter({key: count * per_gate[key[0]] for key, count in each.items()}) for each in wanted
    ]
    chosen = []
    for content in expected:
        alike = [schedule for schedule, each in zip(known, found, strict=True) if each == content]
        certain = len(alike) == expected.count(content) and all(s == alike[0] for s in alike)
        chosen.append(alike[0] if certain and _is_whole(alike[0]) else None)
    return chosen


def _instructions(circuit: QuantumCircuit) -> _Content:
    """How often a circuit has each instruction."""
    content: _Content = Counter()
    for located in walk(circuit):
        name = located.instruction.operation.name
        if name not in _WITHOUT_PULSE:
            content[_label(name, located.qubits), located.conditional] += 1
    return content


def _pulses(schedule: Schedule, wanted: Sequence[_Content]) -> _Content | None:
    """How many pulses a schedule has for each instruction that a circuit has anywhere.

    Others are the service's own, such as the sending of an outcome. Virtual gates are no pulses. A
    schedule that cannot be read has None.
    """
    labels = {label for content in wanted for label, _ in content}
    content: _Content = Counter()
    for line in str(schedule.get("timing", "")).splitlines():
        fields = line.split(",")
        if len(fields) != 6:
            return None
        branch, instruction, pulse = fields[0], _sorted(fields[1]), fields[5]
        if instruction in labels and pulse != "shift_phase":
            content[instruction, branch != "main"] += 1
    return content


def _pulses_per_gate(
    wanted: Sequence[_Content], found: Sequence[_Content | None]
) -> dict[str, int] | None:
    """Pulses of each instruction, from all circuits and schedules together.

    How many there are is up to the service: a measurement has several. 0: they are not shown.
    Where it is no whole number, the service has changed the circuits, and None is returned.
    """
    gates, pulses = _totals(wanted), _totals(found)
    if any(pulses[label] % number for label, number in gates.items()):
        return None
    return {label: pulses[label] // number for label, number in gates.items()}


def _totals(contents: Sequence[_Content | None]) -> Counter[str]:
    totals: Counter[str] = Counter()
    for content in contents:
        for (label, _), number in (content or {}).items():
            totals[label] += number
    return totals


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
