"""The schedules that the service reports for the circuits of a job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from recycling.compilation.timeline import Operation
from recycling.devices.device import Device
from recycling.rehearsal.effects import Reported

Schedule = Mapping[str, Any]


def schedule_text(operations: list[Operation], device: Device) -> str:
    """Lines of branch, instruction, channel, start, duration and pulse; times in dt.

    As the service writes them, but with each gate as one pulse.
    """
    layout = device.layout or ()
    lines = []
    for operation in operations:
        if operation.name == "delay":
            continue
        qubits = [layout[qubit] for qubit in operation.qubits]
        branch = "then" if operation.conditional else "main"
        name = "_".join([operation.name, *map(str, qubits)])
        times = f"{round(operation.start / device.dt)},{round(operation.duration / device.dt)}"
        pulse = "shift_phase" if operation.name == "rz" else "play"
        lines += [f"{branch},{name},Qubit {qubit},{times},{pulse}" for qubit in qubits]
        if operation.name == "measure":
            lines.append(f"{branch},{name},AWGR0_{qubits[0]},{times},capture")
    return "\n".join(lines)


def reported(
    schedules: Sequence[Schedule | None], how: Reported, entropy: Sequence[int]
) -> list[Schedule | None]:
    """Report the schedules of a job, as they are or as a service at fault does.

    Args:
        schedules: those of its circuits, in their order; None where none is asked for.
        how: "true"; "shuffled": in an order by chance; "missing": one is left out; "foreign": one
            is of another circuit.
        entropy: seed of the order.
    """
    generator = np.random.default_rng(entropy)
    chosen = int(generator.integers(len(schedules)))
    listed = list(schedules)
    match how:
        case "shuffled":
            return [listed[place] for place in generator.permutation(len(listed))]
        case "missing":
            listed[chosen] = None
        case "foreign":
            listed[chosen] = _of_another(listed[chosen])
    return listed


def _of_another(schedule: Schedule | None) -> Schedule | None:
    """Schedule of a circuit with half of the operations."""
    if schedule is None:
        return None
    lines = schedule["timing"].splitlines()
    half = lines[: len(lines) // 2]
    ends = [int(line.split(",")[3]) + int(line.split(",")[4]) for line in half]
    return {"timing": "\n".join(half), "circuit_duration": max(ends, default=0)}
