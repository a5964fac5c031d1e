"""Misbehaviour on demand: scripted faults, and random transport faults with a seed."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import dataclass
from threading import Lock

from recycling.rehearsal.effects import TRANSPORT, Effect, kind


@dataclass(frozen=True)
class Fault:
    """One scripted fault.

    Args:
        effect: what happens.
        method: HTTP method that it happens to.
        path: regular expression, searched in the path of the request (without the query).
        tag: only to a POST of a job that carries this tag.
        skip: so many matching requests pass first.
        times: so many are hit then; None: all.
    """

    effect: Effect
    method: str = "POST"
    path: str = r"/jobs$"
    tag: str | None = None
    skip: int = 0
    times: int | None = 1

    def matches(self, method: str, path: str, tags: tuple[str, ...]) -> bool:
        """Whether a request is of the kind that this fault hits."""
        right_tag = self.tag is None or self.tag in tags
        return right_tag and method == self.method and re.search(self.path, path) is not None


class Faults:
    """Faults to come. Safe to use from several threads; of several that match the first wins."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = list(faults)
        self._seen = [0] * len(faults)
        self._generator = random.Random()
        self._rate, self._effects, self._path = 0.0, TRANSPORT, ""
        self._lock = Lock()
        #: Number of faults injected, by kind.
        self.injected: Counter[str] = Counter()

    @classmethod
    def random(
        cls,
        seed: int,
        rate: float,
        *,
        effects: tuple[Effect, ...] = TRANSPORT,
        path: str = r"/api/v1/",
    ) -> Faults:
        """Hit any request whose path matches with probability ``rate``.

        The sequence of draws follows from the seed; which request meets which draw follows from
        the order in which requests arrive. The default path spares the sign-in, which the client
        does not retry.
        """
        faults = cls()
        faults._generator = random.Random(seed)
        faults._rate, faults._effects, faults._path = rate, effects, path
        return faults

    def append(self, fault: Fault) -> None:
        """Script another fault."""
        with self._lock:
            self._faults.append(fault)
            self._seen.append(0)

    def clear(self) -> None:
        """Misbehave no more."""
        with self._lock:
            self._faults.clear()
            self._seen.clear()
            self._rate = 0.0

    @property
    def to_come(self) -> int:
        """Number of scripted faults that have not hit all that they are for."""
        with self._lock:
            return sum(
                fault.times is None or seen - fault.skip < fault.times
                for fault, seen in zip(self._faults, self._seen, strict=True)
            )

    def draw(self, method: str, path: str, tags: tuple[str, ...]) -> Effect | None:
        """What happens to a request; counts it."""
        with self._lock:
            effect = self._scripted(method, path, tags) or self._random(path)
            if effect is not None:
                self.injected[kind(effect)] += 1
            return effect

    def _scripted(self, method: str, path: str, tags: tuple[str, ...]) -> Effect | None:
        for index, fault in enumerate(self._faults):
            if fault.matches(method, path, tags):
                self._seen[index] += 1
                past = self._seen[index] - fault.skip
                if past > 0 and (fault.times is None or past <= fault.times):
                    return fault.effect
        return None

    def _random(self, path: str) -> Effect | None:
        if not self._rate or not re.search(self._path, path):
            return None
        if self._generator.random() >= self._rate:
            return None
        return self._generator.choice(self._effects)
