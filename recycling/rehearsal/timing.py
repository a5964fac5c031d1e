"""The schedule that the service reports for a circuit."""

from __future__ import annotations

from recycling.compilation.timeline import Operation
from recycling.devices.device import Device


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
