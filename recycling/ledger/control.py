"""Rows of the control: heat of the pulses of one shot, by a model, at each stage of the cryostat.

A π pulse of length t_g on a qubit of frequency f that is coupled to its line with an external T1
takes hf (π/t_g)² t_g T1ext/4; a CZ counts as two, a measurement as 10 photons of a 7 GHz resonator
at 5 MHz for 1 µs. Attenuators of 20 dB each dissipate 100, 9,900 and 990,000 times that at the
mixing chamber, the cold plate and 4 K. The model holds to a decade either way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite, pi
from typing import TYPE_CHECKING

from scipy.constants import h as planck

from recycling.compilation.target import CHANNEL
from recycling.compilation.timeline import timeline
from recycling.inference.statistics.interval import Interval
from recycling.ledger.rows import Row

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device

#: T1 of a qubit by its control line alone, s.
EXTERNAL_T1 = 10e-3
#: Readout: photons, frequency of the resonator (Hz), its linewidth (Hz), and duration (s).
PHOTONS, RESONATOR, LINEWIDTH, READOUT = 10, 7e9, 5e6, 1e-6
#: Stages with their temperatures (K), and the heat there over that at the chip.
STAGES = {"MXC": (0.02, 100.0), "CP": (0.14, 9_900.0), "4K": (4.2, 990_000.0)}
#: The model is right to this factor either way.
DECADE = 10.0
#: Operations that no pulse drives, whatever time they take.
_SILENT = ("delay", "reset", CHANNEL)


@dataclass(frozen=True)
class Pulses:
    """What drives one shot of a circuit.

    Attributes:
        single: pulses on single qubits: sx and x.
        double: gates of two qubits: cz.
        measurements: measurements of a qubit.

    Example:
        >>> str(Pulses(single=3, double=2, measurements=4))
        '3 pulses of one qubit, 2 of two, 4 measurements'
    """

    single: int
    double: int
    measurements: int

    def __str__(self) -> str:
        return (
            f"{self.single} pulses of one qubit, {self.double} of two, "
            f"{self.measurements} measurements"
        )


def count_pulses(circuit: QuantumCircuit, device: Device) -> Pulses:
    """Count the pulses of a compiled circuit where every condition holds.

    Gates without duration, such as rz, are changes of frame: no pulse.

    Args:
        circuit: circuit as it was executed.
        device: the device that it was compiled for.

    Example:
        >>> from dataclasses import replace
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> times = [0.0 if name == "rz" else 32e-9 for name in device.gates.names]
        >>> device = device.replace("example", gates=replace(device.gates, durations=times))
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.sx(0), circuit.rz(0.3, 0), circuit.measure(0, 0)
        >>> with circuit.if_test((circuit.clbits[0], 1)):
        ...     _ = circuit.cz(0, 1)
        >>> count_pulses(circuit, device)
        Pulses(single=1, double=1, measurements=1)
    """
    driven = [o for o in timeline(circuit, device) if o.name not in _SILENT]
    gates = [len(o.qubits) for o in driven if o.name != "measure" and o.duration > 0]
    measurements = sum(o.name == "measure" for o in driven)
    return Pulses(gates.count(1), len(gates) - gates.count(1), measurements)


def gate_time(device: Device, role: str) -> float:
    """Length of a pulse on a qubit: that of its sx, else of its shortest gate, s; 0 without any.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> gate_time(ideal_device(temperature=0.043, frequency=5e9), "B")
        0.0
    """
    qubit = (device.roles.index(role),)
    sx = device.gate_table.get(("sx", qubit))
    if sx is not None:
        return sx.duration
    times = [gate.duration for (_, on), gate in device.gate_table.items() if on == qubit]
    return min((time for time in times if time > 0), default=0.0)


def pulse_energy(pulses: Pulses, gate_time: float, frequency: float) -> float:
    """Energy of the pulses at the chip, J.

    Args:
        pulses: of one shot.
        gate_time: length t_g of a pulse on one qubit, s.
        frequency: of the qubits, Hz.

    Example:
        >>> f"{pulse_energy(Pulses(1, 0, 0), 32e-9, 5e9):.2e} J"
        '2.55e-18 J'
    """
    # hf (π/t_g)² t_g T1ext/4
    pulse = planck * frequency * pi**2 / gate_time * EXTERNAL_T1 / 4
    readout = PHOTONS * planck * RESONATOR * 2 * pi * LINEWIDTH * READOUT / 4
    return float((pulses.single + 2 * pulses.double) * pulse + pulses.measurements * readout)


def control_rows(pulses: Pulses, gate_time: float, frequency: float, heat: float) -> Iterator[Row]:
    """List the heat of the control of one shot at each stage of the cryostat.

    Args:
        pulses: of one shot.
        gate_time: length of a pulse on one qubit, s.
        frequency: of the qubits, Hz.
        heat: heat of the bath that it is compared with, J.

    Example:
        >>> rows = control_rows(Pulses(80, 40, 4), 32e-9, 5e9, heat=-3e-25)
        >>> [f"{row.name}: {row.joule:.1e} J" for row in rows]
        ['control heat MXC: 4.1e-14 J', 'control heat CP: 4.0e-12 J', 'control heat 4K: 4.0e-10 J']
    """
    energy = pulse_energy(pulses, gate_time, frequency)
    for stage, (temperature, factor) in STAGES.items():
        joule = factor * energy
        ratio = f"; {joule / abs(heat):.0e} times |ΔQ_B|" if heat and isfinite(heat) else ""
        note = f"a shot of {pulses}: a decade either way{ratio}"
        yield Row.of(
            f"control heat {stage}", Interval(joule, joule / DECADE, joule * DECADE), temperature,
            "modelled", note, "control",
        )  # fmt: skip
