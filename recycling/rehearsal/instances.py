"""Instances of the account: who pays, by which plan."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Instance:
    """One instance of the account: its plan, and the seconds that the plan allows."""

    name: str
    plan: str
    pricing: str
    seconds: int

    @property
    def crn(self) -> str:
        """Cloud resource name."""
        return f"crn:v1:bluemix:public:quantum-computing:us-east:a/loopback:{self.name}::"


#: Days after which the seconds of a plan are given again.
ALLOWANCE_DAYS = 28
#: An open plan has ten minutes a month.
INSTANCES = (
    Instance("loopback-open", "open", "free", 600),
    Instance("loopback-premium", "premium", "subscription", 36_000),
)
