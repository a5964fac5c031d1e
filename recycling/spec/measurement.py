"""How much is measured: shots, trials, and how a trial shares them out."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from recycling.spec.allocation import AllocationSpec
from recycling.spec.sections import Section

#: Most trials: each is a job at least, with its files, and a chip drifts over hours.
MOST_TRIALS = 10_000


class MeasurementSpec(Section):
    """Shots of each basis and target preparation, or "exact" for infinitely many; trials.

    With an ``allocation`` they are the shots of an entry, which is repeated as often as that says.

    Example:
        >>> MeasurementSpec(shots="exact", trials=1).shots
        'exact'
    """

    # The outcome of every shot is kept: ten million are 2.6 GB for one trial of the paper's sweep.
    shots: Literal["exact"] | Annotated[int, Field(ge=1, le=10**7)] = 8000
    trials: Annotated[int, Field(ge=1, le=MOST_TRIALS)] = 5
    allocation: AllocationSpec | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.shots == "exact" and self.trials != 1:
            raise ValueError(
                f"trials = {self.trials}: exact trials are all alike; give 1 with shots = 'exact'"
            )
        return self
