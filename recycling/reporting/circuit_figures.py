"""Pictures of what was executed: the compiled circuit and its schedule."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure
from matplotlib.patches import Patch

from recycling.compilation.decouple import pulse_starts
from recycling.compilation.timeline import Operation, timeline
from recycling.reporting.typeset import formula

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

_COLOURS = {
    "cz": "#0072b2",
    "single-qubit gate": "#56b4e9",
    "measure": "#d55e00",
    "idle": "#e6e6e6",
}
#: Colour of the pulses of a decoupling, and their least width, s, so that they are seen.
_PULSE, _PULSE_WIDTH = "#009e73", 4e-8
_KINDS = {"cz": "cz", "measure": "measure", "delay": "idle"}
#: Gates of a compiled circuit a row of its drawing, and its scale: a row is as wide as the page,
#: and its smallest text is legible there, 9 px.
_FOLD, _SCALE = 15, 0.85


def schedule_figure(
    circuit: QuantumCircuit,
    device: Device,
    condition: str = "flag = 0",
    true: Sequence[Operation] = (),
) -> Figure:
    """Each operation on the time axis, the conditional block taken and shaded.

    ``condition`` says in words when the block is taken. ``true`` are the operations of the schedule
    of the service, which is drawn beneath on the same axis, where there is one.
    """
    rows = [("planned", timeline(circuit, device))] + ([("scheduled", list(true))] if true else [])
    height = 3.0 if not true else 5.0
    figure = Figure(figsize=(9.5, height))
    edges = {"bottom": 0.48 / height, "top": 1 - 0.54 / height, "hspace": 0.22}
    figure.subplots_adjust(left=0.11, right=0.99, **edges)
    grid = figure.subplots(len(rows), sharex=True, squeeze=False)
    for axes, (title, operations) in zip(grid[:, 0], rows, strict=True):
        _draw_schedule(axes, operations, device, condition)
        if true:
            axes.set_title(title, loc="left", fontsize=9, pad=9)
    grid[-1, 0].set_xlabel("time (µs)")
    pulses = pulse_starts(circuit, device)
    _draw_pulses(grid[0, 0], pulses, device)
    shown = _COLOURS | ({"pulse of decoupling": _PULSE} if pulses else {})
    handles = [Patch(color=colour, label=kind) for kind, colour in shown.items()]
    figure.legend(handles=handles, loc="upper right", ncols=len(handles), frameon=False)
    return figure


def _draw_schedule(
    axes: Axes, operations: Sequence[Operation], device: Device, condition: str
) -> None:
    bars: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for operation in operations:
        kind = _KINDS.get(operation.name, "single-qubit gate")
        for qubit in operation.qubits:
            span = (operation.start * 1e6, operation.duration * 1e6)
            bars.setdefault((kind, qubit), []).append(span)
    for (kind, qubit), spans in bars.items():
        visible = [span for span in spans if span[1] > 0]
        axes.broken_barh(
            visible, (qubit - 0.36, 0.72), facecolor=_COLOURS[kind], edgecolor="white", lw=0.3
        )
    inside = [operation for operation in operations if operation.conditional]
    if inside:
        start, end = min(o.start for o in inside), max(o.end for o in inside)
        axes.axvspan(start * 1e6, end * 1e6, color="#cc79a7", alpha=0.25, lw=0, zorder=0)
        axes.annotate(
            f"if {condition}", ((start + end) / 2 * 1e6, -0.62), ha="center", va="bottom",
            fontsize=8, color="#8a3b6b", annotation_clip=False,
        )  # fmt: skip
    labels = [
        formula(role) if device.layout is None else f"{formula(role)} (q{device.layout[qubit]})"
        for qubit, role in enumerate(device.roles)
    ]
    axes.set_yticks(range(device.num_qubits), labels)
    if not any(operation.duration > 0 for operation in operations):
        axes.set(xlim=(0, 1), xticks=[0])
        axes.text(0.5, device.num_qubits / 2 - 0.5, "no operation takes time on this device",
                  ha="center", va="center", color="#595959")  # fmt: skip
    axes.set_ylim(device.num_qubits - 0.4, -0.7)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_pulses(axes: Axes, pulses: Sequence[tuple[int, float]], device: Device) -> None:
    """Pulses of a decoupling (qubit and start, s) over the bars of their qubits."""
    for qubit, start in pulses:
        width = max(device.gate_table["x", (qubit,)].duration, _PULSE_WIDTH)
        pulse = [(start * 1e6, width * 1e6)]
        axes.broken_barh(pulse, (qubit - 0.44, 0.88), facecolor=_PULSE, lw=0)


def draw_schedule(
    axes: Axes, circuit: QuantumCircuit, device: Device, condition: str = "flag = 0"
) -> None:
    """Draw each operation of a compiled circuit on the time axis, the conditional block taken."""
    _draw_schedule(axes, timeline(circuit, device), device, condition)
    pulses = pulse_starts(circuit, device)
    _draw_pulses(axes, pulses, device)
    shown = _COLOURS | ({"pulse of decoupling": _PULSE} if pulses else {})
    axes.set_xlabel("time (µs)")
    axes.legend(
        handles=[Patch(color=colour, label=kind) for kind, colour in shown.items()],
        loc="upper center", bbox_to_anchor=(0.5, 1.16), ncols=len(shown), frameon=False, fontsize=8,
    )  # fmt: skip


def circuit_figure(circuit: QuantumCircuit, device: Device) -> Figure:
    """Gates of a compiled circuit; delays, which the schedule shows, are left out."""
    figure: Figure = drawable(circuit, device).draw("mpl", fold=_FOLD, scale=_SCALE)
    _crop(figure)
    return figure


def _crop(figure: Figure) -> None:
    """Cut the margins of a drawing, which grow with its height: they are inches of white."""
    (axes,) = figure.axes
    axes.apply_aspect()
    box = axes.get_position()
    width, height = figure.get_size_inches()
    figure.set_size_inches(width * box.width, height * box.height)
    axes.set_position((0, 0, 1, 1))


def draw_circuit(axes: Axes, circuit: QuantumCircuit, device: Device) -> None:
    """Draw the gates of a compiled circuit into axes."""
    drawable(circuit, device).draw("mpl", fold=_FOLD, scale=_SCALE, ax=axes)


def drawable(circuit: QuantumCircuit, device: Device) -> QuantumCircuit:
    """Name the qubits of a compiled circuit by their roles, and leave its delays out."""
    from qiskit import QuantumCircuit, QuantumRegister

    named = [QuantumRegister(1, role) for role in device.roles]
    drawn = QuantumCircuit(*named, *circuit.cregs)
    for instruction in circuit.data:
        operation = instruction.operation
        if operation.name == "delay":
            continue
        if operation.name == "if_else":
            operation = operation.replace_blocks(_without_delays(b) for b in operation.blocks)
        qubits = [drawn.qubits[circuit.find_bit(qubit).index] for qubit in instruction.qubits]
        drawn.append(operation, qubits, instruction.clbits)
    return drawn


def _without_delays(block: QuantumCircuit) -> QuantumCircuit:
    kept = block.copy_empty_like()
    for instruction in block.data:
        if instruction.operation.name != "delay":
            kept.append(instruction)
    return kept
