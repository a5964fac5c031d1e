"""Times of a schedule as expressions: durations of gates, latencies and what follows from them.

A compiled circuit is scheduled once. Where its durations are then numbers of another device, or run
over a sweep, all idle times follow by evaluating these expressions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any

#: An expression: a leaf, or an operation on earlier expressions, which are given by their place.
Node = tuple[str, tuple[Any, ...]]
#: Value of an expression: a number, or an array over a sweep.
Value = Any


@dataclass
class Times:
    """Expressions of times, in whole cycles of a device; equal ones have the same place.

    Several circuits may share them, so that equal times of different circuits are recognised: what
    two instants have in common cancels, however the circuits go on after them.

    Example:
        >>> times = Times()
        >>> gate, measured = times.duration("cz", (0, 1)), times.duration("measure", (0,))
        >>> longer = times.longest([times.total([gate, gate]), measured])
        >>> durations = {("cz", (0, 1)): 17, ("measure", (0,)): 25}
        >>> times.values(durations.__getitem__, {})[longer]
        34
    """

    nodes: list[Node] = field(default_factory=lambda: [("cycles", (0,))])
    _places: dict[Node, int] = field(default_factory=lambda: {("cycles", (0,)): 0}, repr=False)

    def cycles(self, count: float) -> int:
        """Place of a given number of cycles."""
        return self._place(("cycles", (count,)))

    def duration(self, name: str, qubits: tuple[int, ...]) -> int:
        """Place of the duration of a gate or of a measurement."""
        return self._place(("duration", (name, qubits)))

    def named(self, name: str) -> int:
        """Place of a time that is a parameter of the circuit, such as a latency."""
        return self._place(("named", (name,)))

    def total(self, parts: Iterable[int]) -> int:
        """Place of a sum."""
        kept = tuple(sorted(term for part in parts for term in self._terms(part)))
        return kept[0] if len(kept) == 1 else self._place(("total", kept)) if kept else 0

    def longest(self, parts: Iterable[int]) -> int:
        """Place of the longest of some times, none of which is below zero."""
        kept = {*parts} - {0}
        if len(kept) <= 1:
            return next(iter(kept), 0)
        terms = [Counter(self._terms(part)) for part in kept]
        shared = reduce(and_, terms)
        rest = {self.total((each - shared).elements()) for each in terms}
        own = tuple(sorted(rest))
        return self.total([*shared.elements(), self._place(("longest", own))])

    def between(self, earlier: int, later: int) -> int:
        """Place of the time from one instant to another, both as times before the same end.

        Example:
            >>> times = Times()
            >>> gate, wait, end = (times.named(name) for name in ("gate", "wait", "end"))
            >>> start = times.total([end, gate, wait])
            >>> times.between(start, times.total([end, gate])) == wait
            True
        """
        first, second = (Counter(self._terms(each)) for each in (earlier, later))
        since, until = (self.total(each.elements()) for each in (first - second, second - first))
        return self._place(("between", (since, until))) if until else since

    def _terms(self, place: int) -> tuple[int, ...]:
        """Terms of a sum. No term is a sum itself, so that what sums share is seen."""
        kind, content = self.nodes[place]
        return content if kind == "total" else (place,) if place else ()

    def values(
        self,
        duration: Callable[[tuple[str, tuple[int, ...]]], Value],
        named: Mapping[str, Value],
        maximum: Callable[[Value, Value], Value] = max,
    ) -> list[Value]:
        """Evaluate all expressions, in the order of their places.

        Args:
            duration: gives the cycles of a gate or a measurement by name and qubits.
            named: cycles of each parameter.
            maximum: the larger of two values; that of an array library for arrays.

        Raises:
            KeyError: a duration or a parameter is missing.
        """
        values: list[Value] = []
        for kind, content in self.nodes:
            match kind:
                case "cycles":
                    values.append(content[0])
                case "duration":
                    values.append(duration((content[0], content[1])))
                case "named":
                    values.append(named[content[0]])
                case "total":
                    values.append(sum(values[place] for place in content))
                case "between":
                    values.append(values[content[0]] - values[content[1]])
                case _:
                    longest = values[content[0]]
                    for place in content[1:]:
                        longest = maximum(longest, values[place])
                    values.append(longest)
        return values

    def _place(self, node: Node) -> int:
        place = self._places.setdefault(node, len(self.nodes))
        if place == len(self.nodes):
            self.nodes.append(node)
        return place
