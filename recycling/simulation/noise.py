"""Channels of a program's steps from the numbers of a device, over a sweep.

The axes of a sweep come last in every array: first those of the parameters, then those of the
device, so that numbers of the device broadcast against all.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from recycling.compilation.times import Times
from recycling.devices.channels import kept_by_depolarization
from recycling.devices.constants import boltzmann, planck
from recycling.simulation.gates import gate_entries
from recycling.simulation.numbers import LATENCY, Key, Numbers
from recycling.simulation.program import (
    Allocate,
    Depolarize,
    Factor,
    Fixed,
    Measure,
    Pair,
    Relax,
    Single,
    Step,
    Turn,
)
from recycling.simulation.sparse import (
    IDENTITY,
    Channel,
    Entry,
    Rows,
    chain,
    entry,
    of_matrix,
    plus,
    times,
    value_of,
)


class Channels:
    """Channels by step; each is made once.

    Args:
        numbers: noise and timing of the device.
        schedule: the times that steps refer to.
        parameters: values of the circuit's parameters by name, rad; arrays with all axes of the
            sweep.
        xp: namespace of the arrays.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B",))
        >>> numbers = Numbers.of(device.replace("example", t1=[[1e-4], [2e-4]], t2=(1e-4,)))
        >>> schedule = Times()
        >>> idle = Relax(idle=(schedule.cycles(1000),))
        >>> rows = Channels(numbers, schedule, {}, np).rows(Single(0, (idle,)))
        >>> rows.entries[3][0][1].array.round(4)
        array([0.99 , 0.995])
    """

    def __init__(
        self, numbers: Numbers, schedule: Times, parameters: Mapping[str, Any], xp: Any
    ) -> None:
        self.numbers, self.parameters, self.xp = numbers, parameters, xp
        waits = {LATENCY: self.cycles(numbers.feedforward_latency)}
        self._cycles = schedule.values(self._gate_cycles, waits, self._longest)
        self._rows: dict[Step, Rows] = {}
        self._thermal: dict[int, Entry] = {}
        self._kept_parts: dict[Key, Entry] = {}
        self._relaxations: dict[Any, Channel] = {}

    def thermal(self, qubit: int) -> Entry:
        """Polarization ⟨Z⟩ of a qubit in its thermal state."""
        if qubit not in self._thermal:
            numbers = self.numbers
            ratio = planck * numbers.frequency[qubit] / (2 * boltzmann * numbers.temperature[qubit])
            polarization = math.tanh(ratio) if isinstance(ratio, float) else self.xp.tanh(ratio)
            self._thermal[qubit] = entry(polarization)
        return self._thermal[qubit]

    def rows(self, step: Step) -> Rows:
        """Channel of a step by its rows: of one qubit (4) or two (16).

        That of a measurement leads to the record and the qubit (rows: bit, 2; Pauli, 4); with
        ``release`` there is the row of the record 0 alone. The image of 1 allocates a qubit.
        """
        if step not in self._rows:
            self._rows[step] = Rows.of(self._channel(step))
        return self._rows[step]

    def _channel(self, step: Step) -> Channel:
        match step:
            case Allocate(qubit, factors):
                start = {(0, 0): 1.0, (3, 0): self.thermal(qubit)}
                return chain([start, *self._factors(qubit, factors)])
            case Single(qubit, factors):
                return chain(self._factors(qubit, factors))
            case Pair(qubits, gate):
                kept = self._kept((gate[0], qubits))
                return _depolarized(gate_entries(gate, self.parameters), kept)
            case Measure(qubit, _, _, factors):
                return chain([*self._factors(qubit, factors), self._record(step)])
        raise TypeError(f"{type(step).__name__} is no channel")

    def _record(self, step: Measure) -> Channel:
        """Channel of a measurement alone."""
        excited = self.numbers.false_excited[step.qubit]
        ground = self.numbers.false_ground[step.qubit]
        even, odd = entry(0.5 * (1 - excited + ground)), entry(0.5 * (1 - excited - ground))
        found = {(0, 0): even, (0, 3): odd}
        if not step.release:
            rest, less = plus(1.0, times(-1.0, even)), times(-1.0, odd)
            found |= {(3, 0): odd, (3, 3): even, (4, 0): rest, (4, 3): less}
            found |= {(7, 0): less, (7, 3): rest}
        return found

    def _factors(self, qubit: int, factors: tuple[Factor, ...]) -> Iterator[Channel]:
        for before, factor, after in zip(
            (None, *factors), factors, (*factors[1:], None), strict=False
        ):
            match factor:
                case Turn(gates):
                    yield chain(gate_entries(gate, self.parameters) for gate in gates)
                case Relax():
                    lost = before if isinstance(before, Depolarize) else None
                    yield self._relaxation(qubit, factor, lost)
                case Fixed(_, rows):
                    yield of_matrix(np.array(rows))
                case Depolarize(name, qubits) if not isinstance(after, Relax):
                    yield _depolarized(IDENTITY, self._kept((name, qubits)))

    def _relaxation(self, qubit: int, factor: Relax, lost: Depolarize | None) -> Channel:
        """Generalised amplitude damping and dephasing, for the time of gates and of idling.

        With the depolarization before it, if there is one.
        """
        key = (qubit, factor, lost)
        if key not in self._relaxations:
            if lost is not None:
                kept = self._kept((lost.name, lost.qubits))
                alone = self._relaxation(qubit, factor, None)
                self._relaxations[key] = {
                    (row, column): part if column == 0 else times(part, kept)
                    for (row, column), part in alone.items()
                }
            else:
                damping = self._damping(qubit, self._time(factor))
                self._relaxations[key] = self._turned(qubit, factor, damping)
        return self._relaxations[key]

    def _damping(self, qubit: int, duration: Any) -> Channel:
        population = self._exp(-duration / self.numbers.t1[qubit])
        coherence = entry(self._exp(-duration / self.numbers.t2[qubit]))
        found = {(0, 0): 1.0, (1, 1): coherence, (2, 2): coherence, (3, 3): entry(population)}
        gained = times(entry(1 - population), self.thermal(qubit))
        return found if gained == 0.0 else found | {(3, 0): gained}

    def _turned(self, qubit: int, factor: Relax, damping: Channel) -> Channel:
        """Relaxation with the phase that a detuning makes of idle time: a turn about Z."""
        detuning = 0.0 if self.numbers.detuning is None else self.numbers.detuning[qubit]
        if not factor.idle or (isinstance(detuning, float) and detuning == 0):
            return damping
        phase = detuning * self.idle(factor.idle)
        xp = math if isinstance(phase, float) else self.xp
        along, across = (times(damping[1, 1], entry(each(phase))) for each in (xp.cos, xp.sin))
        turned = {(1, 1): along, (1, 2): times(-1.0, across), (2, 1): across, (2, 2): along}
        return {**damping, **turned}

    def idle(self, places: tuple[int, ...]) -> Any:
        """Sum of idle times by their places, s."""
        return sum(self._cycles[place] for place in places) * self.numbers.dt

    def _time(self, factor: Relax) -> Any:
        duration = sum(self._duration(key) for key in factor.gates)
        return duration + self.idle(factor.idle) if factor.idle else duration

    def _kept(self, key: Key) -> Entry:
        """Part of a state that the depolarization of a gate keeps.

        A reset ends in |0⟩ however long it takes: its error is the excitation that it leaves.
        """
        if key not in self._kept_parts and key[0] == "reset":
            self._kept_parts[key] = entry(1 - 2 * self.numbers.gate_errors[key])
        elif key not in self._kept_parts:
            traces = []
            for qubit in key[1]:
                relaxation = self._relaxation(qubit, Relax(gates=(key,)), None)
                traces.append(1 + 2 * value_of(relaxation[1, 1]) + value_of(relaxation[3, 3]))
            surviving = math.prod(traces[1:], start=traces[0]) - 1
            error = self.numbers.gate_errors[key]
            self._kept_parts[key] = entry(kept_by_depolarization(error, surviving, len(key[1])))
        return self._kept_parts[key]

    def _duration(self, key: Key) -> Any:
        if key[0] == "measure":
            return self.numbers.measure_duration[key[1][0]]
        return self.numbers.gate_durations[key]

    def _gate_cycles(self, key: Key) -> Any:
        return self.cycles(self._duration(key))

    def cycles(self, seconds: Any) -> Any:
        """Cycles of a duration: whole ones, unless the numbers say otherwise."""
        count = seconds / self.numbers.dt
        if not self.numbers.rounded:
            return count
        return float(round(count)) if isinstance(count, float) else self.xp.round(count)

    def _longest(self, first: Any, second: Any) -> Any:
        if isinstance(first, float | int) and isinstance(second, float | int):
            return max(first, second)
        return self.xp.maximum(*(_array(each, self.xp, first, second) for each in (first, second)))

    def _exp(self, value: Any) -> Any:
        return math.exp(value) if isinstance(value, float) else self.xp.exp(value)


def _array(value: Any, xp: Any, *others: Any) -> Any:
    """Value as an array of the dtype of those among others that are arrays."""
    if not isinstance(value, float | int):
        return value
    dtype = next(other.dtype for other in others if not isinstance(other, float | int))
    return xp.asarray(value, dtype=dtype)


def _depolarized(channel: Channel, kept: Entry) -> Channel:
    """Channel after which all but the trace is multiplied by what depolarization keeps."""
    return {
        (row, column): part if row == 0 else times(kept, part)
        for (row, column), part in channel.items()
    }


@dataclass(frozen=True)
class Part:
    """Channels at some of the points along the last axis of the sweep.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> swept = device.replace("swept", temperature=[[0.01], [0.02], [0.03]])
        >>> channels = Channels(Numbers.of(swept), Times(), {}, np)
        >>> Part(channels, slice(0, 2)).rows(Allocate(0)).sweep
        (2,)
    """

    channels: Channels
    points: slice

    @property
    def xp(self) -> Any:
        """Namespace of the arrays."""
        return self.channels.xp

    def rows(self, step: Step) -> Rows:
        """As ``Channels.rows``."""
        return self.channels.rows(step).cut(self.points)
