"""What a rehearsal is to be like."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from recycling.devices.snapshots import HERONS, why_unknown
from recycling.errors import BadInput

ENGINES = ("exact", "sampler")
PLANS = ("premium", "open")


@dataclass(frozen=True)
class Options:
    """Options of a rehearsal.

    Attributes:
        devices: snapshots of Heron devices, by class name.
        plan: plan of the account that the environment names: "open" has 600 s in 28 days.
        engine: what executes jobs: "exact", or "sampler" for IBM's Sampler in its local mode.
        seed: seed of all shots.
        queue: median wait in the queue, s, after which a job takes its time; None: a job is done
            when it was asked for a few times.
        list_lag: time after which the list of jobs shows a job, s.
        feedforward_latency: true latency of the devices, s; None: what a plan assumes.
        temperature: true temperature T0 of the qubits, K.

    Raises:
        BadInput: a value that no rehearsal can have.

    Example:
        >>> Options(devices=("FakeFez",)).plan
        'premium'
        >>> Options(queue=-1.0)
        Traceback (most recent call last):
        recycling.errors.BadInput: queue = -1.0: a wait is not negative; give seconds from 0 ...
    """

    devices: tuple[str, ...] = ("FakeMarrakesh", "FakeTorino")
    plan: str = "premium"
    engine: str = "exact"
    seed: int = 0
    queue: float | None = None
    list_lag: float = 0.0
    feedforward_latency: float | None = None
    temperature: float = 0.043

    def __post_init__(self) -> None:
        faults = [f"device {why_unknown(name)}" for name in self.devices if name not in HERONS]
        if not self.devices:
            faults.append("device = none: a rehearsal has one at least; give FakeMarrakesh")
        for name, known in (("plan", PLANS), ("engine", ENGINES)):
            if (given := getattr(self, name)) not in known:
                faults.append(f"{name} = {given!r}: there is none such; give {' or '.join(known)}")
        limits = {"queue": 86_400, "list_lag": 3_600, "feedforward_latency": 1e-3}
        for name, most in limits.items():
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                why = "a wait is not negative" if value < 0 else "too long"
                faults.append(f"{name} = {value}: {why}; give seconds from 0 to {most:g}")
        if not 0 < self.temperature < math.inf:
            faults.append(f"temperature = {self.temperature}: give kelvins above 0")
        if faults:
            raise BadInput(*faults)

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Options:
        """Options as they were stored.

        Example:
            >>> Options.of({"devices": ["FakeFez"], "seed": 3}).devices
            ('FakeFez',)
        """
        known = {each.name for each in fields(cls)} & set(content)
        chosen = {name: content[name] for name in known}
        return cls(**chosen | {"devices": tuple(content.get("devices", cls.devices))})
