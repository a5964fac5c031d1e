"""Steps of a program as they are emitted, and the factors on each qubit that wait for emission.

What acts on one qubit waits until the next two-qubit gate, measurement or branch needs it, and
neighbours are merged: gates with gates, relaxation with relaxation. Rotations about Z commute with
relaxation, so that they do not part it.
"""

from __future__ import annotations

from itertools import dropwhile

from recycling.simulation.program import (
    Allocate,
    Factor,
    Gate,
    Measure,
    Pair,
    Relax,
    Release,
    Single,
    Step,
    Turn,
)

#: Gates that are rotations about Z.
ABOUT_Z = frozenset({"rz", "p", "z", "s", "sdg", "t", "tdg", "id"})


class Pending:
    """Pending factors of each qubit, the qubits alive, and the steps so far.

    Example:
        >>> from recycling.simulation.program import Relax
        >>> pending = Pending()
        >>> pending.act(0, Relax(idle=(1,)))
        >>> len(pending.steps)  # what acts on one qubit waits
        0
        >>> pending.pair((0, 1), ("cz", None, ()))
        >>> [type(step).__name__ for step in pending.steps]
        ['Allocate', 'Allocate', 'Pair']
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.alive: set[int] = set()
        self._factors: dict[int, list[Factor]] = {}

    def act(self, qubit: int, factor: Factor) -> None:
        """Add a factor on a qubit."""
        factors = self._factors.setdefault(qubit, [])
        match factor, factors:
            case Turn(gates), [*_, Turn(before)]:
                factors[-1] = Turn((*before, *gates))
            case Relax(), [*_, Relax() as before]:
                factors[-1] = _together(before, factor)
            case Relax(), [*_, Relax() as before, Turn(between)] if _about_z(between):
                factors[-2] = _together(before, factor)
            case _:
                factors.append(factor)

    def pair(self, qubits: tuple[int, int], gate: Gate) -> None:
        """Apply a gate on two qubits, without its relaxation."""
        for qubit in qubits:
            self.flush(qubit)
        self.steps.append(Pair(qubits, gate))

    def measure(self, qubit: int, bit: int, *, release: bool) -> None:
        """Measure a qubit after what acts on it."""
        if qubit not in self.alive:
            self.flush(qubit)
        factors = tuple(self._factors.pop(qubit, ()))
        self.steps.append(Measure(qubit, bit, release, factors))
        if release:
            self.alive.discard(qubit)

    def release(self, qubit: int) -> None:
        """Trace a qubit out; what acts on it changes nothing any more."""
        self._factors.pop(qubit, None)
        self.alive.discard(qubit)
        self.steps.append(Release(qubit))

    def flush(self, qubit: int) -> None:
        """Apply the pending factors of a qubit, which comes to life first if need be."""
        factors = tuple(self._factors.pop(qubit, ()))
        if qubit not in self.alive:
            self.alive.add(qubit)
            # Idling leaves a thermal state as it is.
            self.steps.append(Allocate(qubit, tuple(dropwhile(_is_idling, factors))))
        elif factors:
            self.steps.append(Single(qubit, factors))

    def begin_block(self) -> list[Step]:
        """Begin the steps of a branch; return those before it."""
        steps, self.steps = self.steps, []
        return steps

    def end_block(self, before: list[Step]) -> tuple[Step, ...]:
        """End a branch: its steps, all pending factors applied; go on with those before it."""
        for qubit in sorted(self._factors.keys() & self.alive):
            self.flush(qubit)
        emitted, self.steps = tuple(self.steps), before
        return emitted

    def is_thermal(self, qubit: int) -> bool:
        """Whether an unused qubit is still in its thermal state: it idled, and turned about Z."""
        return all(
            isinstance(factor, Relax) or (isinstance(factor, Turn) and _about_z(factor.gates))
            for factor in self._factors.get(qubit, ())
        )


def _is_idling(factor: Factor) -> bool:
    return isinstance(factor, Relax)


def _together(first: Relax, second: Relax) -> Relax:
    gates = tuple(sorted((*first.gates, *second.gates)))
    return Relax(gates, tuple(sorted((*first.idle, *second.idle))))


def _about_z(gates: tuple[Gate, ...]) -> bool:
    return all(name in ABOUT_Z for name, _, _ in gates)
