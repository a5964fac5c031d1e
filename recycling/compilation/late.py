"""Schedule a compiled circuit as late as possible, with durations that need not be known.

This is the order and the timing of the passes of IBM's client: blocks of time end at conditionals,
measurements that can start together do, and within a block each operation starts as late as the
next on one of its qubits allows. Delays of the circuit count as operations, and become idle time.
It is equal to theirs where barriers across the qubits stand before and after each conditional, as
in the protocol, and where their faults do not matter: they lose time between barriers that follow
each other at once, may take equal gates of a circuit and its blocks for the same gate, and put a
gate of no duration before idle time that is due before it. Only for rotations about Z does that
change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from recycling.compilation.items import Item, items_of
from recycling.compilation.times import Times

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def late_items(circuit: QuantumCircuit, times: Times, dt: float) -> tuple[Item, ...]:
    """List what happens in a compiled circuit that is scheduled as late as possible.

    Args:
        circuit: compiled circuit without a schedule; its delays are part of the experiment.
        times: the expressions, which grow by those of the schedule.
        dt: length of a cycle, s.

    Returns:
        As ``items_of``, with an idle time wherever one may be, be it zero.

    Raises:
        ValueError: control flow beyond ``if_test`` on measured bits, a conditional on the measured
            qubit alone, a bit that two qubits are measured into, or a reset.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.sx(0)
        >>> _ = circuit.x(1)
        >>> _ = circuit.x(1)
        >>> _ = circuit.cz(0, 1)
        >>> times = Times()
        >>> [item.name for item in late_items(circuit, times, dt=4e-9)]
        ['delay', 'sx', 'delay', 'x', 'x', 'cz']
        >>> values = times.values(lambda gate: 17 if gate[0] == "cz" else 8, {})
        >>> values[late_items(circuit, times, dt=4e-9)[0].idle]
        8
    """
    items = items_of(circuit, times, dt)
    if any(item.name == "reset" for item in items):
        raise ValueError("reset: its duration is not known to the schedule; measure and flip")
    written = {(bit, item.qubits) for item in items if item.name == "measure" for bit in item.bits}
    if len({bit for bit, _ in written}) < len(written):
        raise ValueError("measurements of two qubits into one bit: give each qubit its own bits")
    waiting = sorted({qubit for item in items for qubit in item.qubits})
    return tuple(_scheduled(_in_order(items), waiting, times))


def _in_order(items: Sequence[Item]) -> list[Item]:
    """Order of execution: what a measurement or a conditional depends on comes before it.

    A layer holds what depends on no measurement or conditional of its own or of a later layer. In a
    layer come the gates, then the measurements, then the conditionals. What leads to none of them
    comes with the first of them that shares a follower with it, or last.
    """
    layers, freed = _layers(items)
    needed: dict[tuple[str, int], float] = {}
    for place in reversed(range(len(items))):
        wires = _wires(items[place])
        wanted = min((needed.get(wire, np.inf) for wire in wires), default=np.inf)
        if not _kind(items[place]):
            layers[place] = max(layers[place], wanted)
        passed_on = -1.0 if _kind(items[place]) else min(wanted, freed[place])
        needed |= {wire: min(needed.get(wire, np.inf), passed_on) for wire in wires}
    places = sorted(range(len(items)), key=lambda place: (layers[place], _kind(items[place])))
    return [items[place] for place in places]


def _layers(items: Sequence[Item]) -> tuple[list[float], list[float]]:
    """Layer of each item, and that of the measurement or conditional right before it."""
    latest: dict[tuple[str, int], float] = {}
    previous: dict[tuple[str, int], float] = {}
    layers, freed = [], []
    for item in items:
        wires = _wires(item)
        layer = max((latest.get(wire, 0.0) for wire in wires), default=0.0)
        layers.append(layer)
        freed.append(min((previous.get(wire, np.inf) for wire in wires), default=np.inf))
        latest |= dict.fromkeys(wires, layer + bool(_kind(item)))
        previous |= dict.fromkeys(wires, layer if _kind(item) else np.inf)
    return layers, freed


def _wires(item: Item) -> list[tuple[str, int]]:
    return [*(("qubit", q) for q in item.qubits), *(("bit", b) for b in item.bits)]


def _kind(item: Item) -> int:
    return {"measure": 1, "if_else": 2}.get(item.name, 0)


def _scheduled(items: Sequence[Item], waiting: Sequence[int], times: Times) -> Iterator[Item]:
    """Items with their idle times, of all qubits that wait for each other."""
    items = _in_order(items)
    start = 0
    for place, item in enumerate(items):
        if item.name == "if_else":
            yield from _block(items[start:place], waiting, times)
            if _is_fast(item, items[:place]):
                raise ValueError(
                    "if_test on the measured qubit alone: the control system acts at once, and no "
                    "latency can be swept; give the block another qubit"
                )
            blocks = tuple(tuple(_scheduled(each, waiting, times)) for each in item.blocks)
            yield replace(item, qubits=tuple(waiting), blocks=blocks)
            start = place + 1
    yield from _block(items[start:], waiting, times)


def _is_fast(conditional: Item, before: Sequence[Item]) -> bool:
    """Whether only the measured qubit is acted on, so that the others need not wait for it."""
    if len(conditional.bits) != 1:
        return False
    (bit,) = conditional.bits
    recorded = [item for item in before if item.name == "measure" and bit in item.bits]
    plain = all(item.name != "barrier" for block in conditional.blocks for item in block)
    return plain and bool(recorded) and recorded[-1].qubits == conditional.qubits


@dataclass
class _Ends:
    """While a block is filled from its end: the start of the next item on each qubit.

    Instants are times before the end of the block.
    """

    times: Times
    next_start: dict[int, int]

    def place(self, items: Sequence[Item]) -> int:
        """Place items that start together; return their start."""
        free = [self.times.longest(self.next_start[q] for q in item.qubits) for item in items]
        start = self.times.longest(
            self.times.total([after, _duration(item, self.times)])
            for after, item in zip(free, items, strict=True)
        )
        for item in items:
            self.next_start |= dict.fromkeys(item.qubits, start)
        return start


def _block(items: Sequence[Item], waiting: Sequence[int], times: Times) -> Iterator[Item]:
    """Items of a block with idle times between them, from its start to its end."""
    ends = _Ends(times, dict.fromkeys(waiting, 0))
    placed: list[tuple[Item, int, dict[int, int]]] = []
    for group in reversed(_together(items)):
        before = dict(ends.next_start)
        start = ends.place(group)
        placed += [(item, start, before) for item in reversed(group)]
    length = times.longest(ends.next_start.values())
    free = dict.fromkeys(waiting, length)
    for item, start, before in reversed(placed):
        if item.name == "delay":
            continue
        for qubit in item.qubits:
            if idle := times.between(free[qubit], start):
                yield Item("delay", (qubit,), idle=idle)
        yield item
        end = _end(item, start, before, times)
        free |= dict.fromkeys(item.qubits, end)
    for qubit in waiting:
        if idle := times.between(free[qubit], 0):
            yield Item("delay", (qubit,), idle=idle)


def _end(item: Item, start: int, before: dict[int, int], times: Times) -> int:
    """End of an item as a time before the end of its block."""
    after = times.longest(before[qubit] for qubit in item.qubits)
    duration = _duration(item, times)
    # Where nothing that starts with it holds it back, it ends when the next one starts.
    alone = times.total([after, duration]) == start
    return after if alone else times.between(start, duration)


def _together(items: Sequence[Item]) -> list[list[Item]]:
    """Groups of items that start together: measurements until one of their qubits is used.

    A group has the place of its last item.
    """
    groups: dict[int, list[Item]] = {}
    last: int | None = None
    for place, item in enumerate(items):
        measuring = [] if last is None else groups[last]
        if not {qubit for each in measuring for qubit in each.qubits}.isdisjoint(item.qubits):
            measuring, last = [], None
        if item.name != "measure":
            groups[place] = [item]
            continue
        if last is not None:
            del groups[last]
        groups[place], last = [*measuring, item], place
    return list(groups.values())


def _duration(item: Item, times: Times) -> int:
    if item.name == "delay":
        return item.idle
    if item.name in ("barrier", "kraus"):
        return 0
    return times.duration(item.name, item.qubits)
