"""The rounds of a run that stops when it is settled: its rule, its looks, and why it stopped.

The rule stands in run.json from the beginning. What each look saw and decided is in rounds.json, a
sealed file, so that a run that goes on, and whoever reads it years later, knows the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from recycling.inference.statistics.sequential import MOST_LOOKS, Spending
from recycling.inference.statistics.significance import CLAIMED, LEVEL
from recycling.store.files import Damaged, read_whole, seal, unseal, write_whole
from recycling.store.schema import first_fault

#: Name of the file in a run's directory.
NAME = "rounds.json"
Target = Literal["below_tight", "below_landauer", "both"]
Reason = Literal["settled", "futile", "rounds used up", "budget used up"]
#: Bounds that each target asks for.
BOUNDS: Mapping[Target, tuple[Literal["tight", "landauer"], ...]] = {
    "below_tight": ("tight",),
    "below_landauer": ("landauer",),
    "both": CLAIMED,
}
_Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
_Number = Annotated[int, Field(ge=1, strict=True)]


class Until(BaseModel):
    """When a run stops.

    Attributes:
        target: bound or bounds that the heat shall be shown to be below.
        points: at how many points of the sweep, at least.
        rounds: most rounds, over which the level is spent.
        spending: how the level is spent.
        level: one-sided level of all findings of all rounds together.
        futility: conditional power below which the run is given up; 0 never gives up.

    Example:
        >>> Until(target="below_tight", rounds=5).text
        'below_tight at 1 point, in 5 rounds at most'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    target: Target
    points: _Number = 1
    rounds: Annotated[int, Field(ge=2, le=MOST_LOOKS, strict=True)]
    spending: Spending = "obrien-fleming"
    level: Annotated[float, Field(gt=0, lt=0.5)] = LEVEL
    futility: _Share = 0.05

    @property
    def bounds(self) -> tuple[Literal["tight", "landauer"], ...]:
        """Bounds that are asked for."""
        return BOUNDS[self.target]

    @property
    def text(self) -> str:
        """The rule in a line."""
        points = f"{self.points} point{'s' if self.points > 1 else ''}"
        return f"{self.target} at {points}, in {self.rounds} rounds at most"


class Finding(BaseModel):
    """What a look saw of the heat against a bound at a point. Energies in J, entropies in nats.

    ``p_value`` is that of the rounds so far, ``p_adjusted`` holds for all looks, points and bounds.

    Example:
        >>> Finding(bound="tight", point={}, excess_J=-1e-25, low_J=-2e-25, high_J=0.0, z=-2.0,
        ...         erasure_z=9.0, p_value=0.02, p_adjusted=0.4, power=0.3, below=False).below
        False
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    bound: Literal["tight", "landauer"]
    point: dict[str, float]
    excess_J: float
    low_J: float
    high_J: float
    z: float
    erasure_z: float
    p_value: float
    p_adjusted: float
    power: float
    below: bool


class Look(BaseModel):
    """A look at the rounds so far.

    Attributes:
        round: number of rounds that are done.
        time: when (UTC, ISO 8601).
        spent: level that may be spent until now.
        nominal: level of a single test at this look.
        power: conditional power of the target under the present estimate.
        qpu_seconds: QPU time of the run until now, s, as billed or else estimated; None where
            nothing is estimated.
        controls_failed: names of the controls that failed.
        findings: at each point, against the bounds.
        decision: what follows.

    Example:
        >>> Look(round=2, time="", spent=1e-6, nominal=1e-6, power=0.4, decision="go on").round
        2
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    round: _Number
    time: str
    spent: float
    nominal: float
    power: float
    qpu_seconds: float | None = None
    controls_failed: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    decision: Literal["go on", "settled", "futile", "rounds used up"]


class Stopped(BaseModel):
    """Why a run stopped, after how many rounds, and details in words.

    Example:
        >>> Stopped(reason="settled", rounds=3, text="below Q_tight at 2 of 11 points").reason
        'settled'
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    reason: Reason
    rounds: Annotated[int, Field(ge=0, strict=True)]
    text: str


class Rounds(BaseModel):
    """Content of rounds.json: the looks in order, and why the run stopped once it has.

    Example:
        >>> Rounds(run_id="2f0c").stopped is None
        True
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    looks: tuple[Look, ...] = ()
    stopped: Stopped | None = None


def until_of(record: Mapping[str, Any]) -> Until | None:
    """Read from run.json when a run stops; None for a run that measures all trials.

    Example:
        >>> until_of({}) is None
        True
    """
    rule = record.get("until")
    return None if rule is None else Until.model_validate(rule)


def read_rounds(run: Path, run_id: str) -> Rounds:
    """Read the looks of a run; none where the file is not there yet.

    Raises:
        Damaged: the file is not what was written, or is another run's.

    Example:
        >>> read_rounds(Path("no such run"), "2f0c").looks
        ()
    """
    if not (run / NAME).is_file():
        return Rounds(run_id=run_id)
    try:
        rounds = Rounds.model_validate(unseal(read_whole(run / NAME)))
    except ValidationError as error:
        raise Damaged(f"it cannot be read: {first_fault(error)}") from None
    if rounds.run_id != run_id:
        raise Damaged("it is of another run")
    return rounds


def write_rounds(run: Path, rounds: Rounds) -> None:
    """Write the looks of a run, complete and synced.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> with TemporaryDirectory() as folder:
        ...     write_rounds(Path(folder), Rounds(run_id="2f0c"))
        ...     read_rounds(Path(folder), "2f0c").run_id
        '2f0c'
    """
    write_whole(run / NAME, seal(rounds.model_dump(mode="json")))
