"""Statements about the device and the circuits, with the numbers that were put in.

A number that was put in proves nothing: "input".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.compilation.structure import algorithm_part, structure
from recycling.compilation.timeline import timeline
from recycling.devices.profiles import PAPER, PRINTED_FEEDFORWARD_ROUND
from recycling.reporting.paper.replay import Found, Outcome, Replay, agree

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

PRINTED_DEPTH, PRINTED_ALGORITHM_TIME = 100, 4.0e-6
#: "About 100" is read as within 10 %.
ABOUT = 0.1


def sweep(replay: Replay) -> Found:
    """θ_b from 0 to π/4 at p_x = 0.4, 8,000 shots a basis and preparation, five trials."""
    measured = replay.experiment.measurement
    angles = replay.experiment.theta_b
    text = f"{angles[0]:.3g} to {angles[-1]:.4g}; {measured.shots}; {measured.trials}"
    return Found(text, _input((measured.shots, measured.trials) == (8000, 5)))


def bath_numbers(replay: Replay) -> Found:
    """T0 = 43 mK, f = 5 GHz."""
    bath = replay.experiment.bath
    return Found(f"{bath.temperature * 1e3:g} mK, {bath.frequency / 1e9:g} GHz", "input")


def bath_t1(replay: Replay) -> Found:
    """T1 = 397 µs of the bath qubit."""
    time = f"{replay.device.t1[replay.device.roles.index('B')] * 1e6:.0f} µs"
    return Found(time, _input(time == "397 µs"))


def gate_times(replay: Replay) -> Found:
    """32 ns for one-qubit gates, 68 ns for CZ."""
    times = {
        name: sorted({f"{g.duration * 1e9:.0f}" for g in replay.device.gates if g.name == name})
        for name in ("sx", "cz")
    }
    text = f"{'/'.join(times['sx'])} ns, {'/'.join(times['cz'])} ns"
    return Found(text, _input(text == "32 ns, 68 ns"))


def x_gate_time(replay: Replay) -> Found:
    """Fig. 6(a): a fit to the times of jobs gives 31.3 ns for an X gate, put in as 32 ns."""
    (time,) = {f"{g.duration * 1e9:.0f}" for g in replay.device.gates if g.name == "x"}
    return Found(f"{time} ns; its fit is that of recycling latency", "input")


def feedforward_round(replay: Replay) -> Found:
    """Measurement, feedforward and conditional SWAP take 3.3 µs."""
    operations = timeline(_circuit(replay), replay.device)
    flag = next(o for o in operations if o.name == "measure")
    time = max(o.end for o in operations if o.conditional) - flag.start
    put_in = PAPER in replay.device.sources.get("feedforward_latency", "")
    same = f"{time * 1e6:.1f}" == f"{PRINTED_FEEDFORWARD_ROUND * 1e6:.1f}"
    return Found(f"{time * 1e6:.2f} µs", "input" if put_in else agree(same))


def algorithm_depth(replay: Replay) -> Found:
    """The HHL part is about 100 deep."""
    head = algorithm_part(_circuit(replay))
    depth = structure(head, replay.device).depth
    real = head.depth(lambda gate: gate.operation.name not in ("barrier", "delay", "rz"))
    return Found(
        f"{depth}, of which {real} take time (rz does not)",
        agree(abs(depth - PRINTED_DEPTH) <= ABOUT * PRINTED_DEPTH),
    )


def algorithm_time(replay: Replay) -> Found:
    """The HHL part takes 4.0 µs."""
    operations = [o for o in timeline(_circuit(replay), replay.device) if o.name != "delay"]
    flag = next(o for o in operations if o.name == "measure")
    time = flag.start - min(o.start for o in operations)
    same = f"{time * 1e6:.1f}" == f"{PRINTED_ALGORITHM_TIME * 1e6:.1f}"
    return Found(f"{time * 1e6:.2f} µs", agree(same))


def _input(as_printed: bool) -> Outcome:
    return "input" if as_printed else "differs"


def _circuit(replay: Replay) -> QuantumCircuit:
    assert replay.circuit is not None  # statements about time need it
    return replay.circuit
