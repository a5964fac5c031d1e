"""The standard errors that a question demands of each setting, controls included."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from circuits.design import EQUILIBRIUM, RECYCLING
from recycling.errors import BadInput
from recycling.inference.statistics.significance import CLAIMED, RESOLUTION
from recycling.planning.allocate import adjusted, needed_distance

if TYPE_CHECKING:
    from recycling.planning.forecast import Numbers

Real = NDArray[np.float64]
Kind = Literal["below-tight", "below-landauer", "both", "heat", "curve"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Arms in the order of every design.
ARMS = (EQUILIBRIUM, RECYCLING)
#: Quantities of a curve whose errors stay those of the given spec.
CURVE = ("entropy_decrease", "heat", "excess_tight", "excess_landauer")


@dataclass(frozen=True)
class Question:
    """What an experiment is to settle.

    Attributes:
        kind: heat below Q_tight, below Q_Landauer, below both, the heat at every point, or every
            quantity at every point as precisely as the given spec has them.
        significance: standard errors that a verdict needs, for all its tests together.
        power: probability that the verdict finds it.
        error: half-width of the 95 % interval of the heat, in hf; of the question "heat" alone.
        guard: relative error of the device's noise numbers that the design must withstand.

    Raises:
        BadInput: a number is out of range, or the error is missing or not asked for.

    Example:
        >>> Question("both").bounds
        ('tight', 'landauer')
    """

    kind: Kind = "both"
    significance: float = RESOLUTION
    power: float = 0.95
    error: float | None = None
    guard: float = 0.3

    def __post_init__(self) -> None:
        """Check every number."""
        for name, low, high in (("sigma", 3, 10), ("power", 0.5, 0.999), ("guard", 0, 1)):
            value = self.significance if name == "sigma" else getattr(self, name)
            if not low <= value <= high:
                raise BadInput(f"{name} = {value:g}: give {low:g} to {high:g}")
        if (self.kind == "heat") != (self.error is not None):
            raise BadInput(
                f"error = {self.error:g}: the question 'heat' alone has one; remove it"
                if self.error is not None
                else "error = none: give half of the 95 % interval of the heat, in hf"
            )
        if self.error is not None and not 0 < self.error <= 1:
            raise BadInput(f"error = {self.error:g}: give more than 0 hf and at most 1 hf")

    @classmethod
    def asked(
        cls,
        kind: str,
        significance: float = RESOLUTION,
        power: float = 0.95,
        error: float | None = None,
        guard: float = 0.3,
    ) -> Question:
        """Question with a kind that may be unknown, or written with "_" as the targets of a run.

        Raises:
            BadInput: it is, or another field is wrong.

        Example:
            >>> Question.asked("below-tight").bounds
            ('tight',)
        """
        for known in KINDS:
            if known == kind.replace("_", "-"):
                return cls(known, significance, power, error, guard)
        raise BadInput(f"question = {kind!r}: give one of {', '.join(KINDS)}")

    @property
    def bounds(self) -> tuple[Literal["tight", "landauer"], ...]:
        """Bounds that the heat is to be below."""
        if self.kind == "both":
            return CLAIMED
        return tuple(bound for bound in CLAIMED if self.kind == f"below-{bound}")

    def distance(self, trials: int, points: int) -> float:
        """Distance from each bound that the verdict needs, in standard errors of the shots.

        A verdict adjusts its p-values for all points and both bounds. Where the heat is to be below
        both, either may fail.
        """
        significance = adjusted(self.significance, len(CLAIMED) * points)
        power = 1 - (1 - self.power) / len(self.bounds)
        return needed_distance(trials, points, significance, power)


@dataclass(frozen=True)
class Demand:
    """A quantity of an arm at a point whose standard error has a limit.

    ``variances`` are those of one execution of each setting (array of shape (stage, preparation,
    basis)). The distance that a verdict needs divides ``limit``, unless a control has it.
    """

    arm: str
    name: str
    variances: Real
    limit: float
    control: bool = False


def verdict_demands(question: Question, numbers: Sequence[Numbers], point: int) -> list[Demand]:
    """Demands of a verdict at a point, on each of several possible devices.

    The recycling arm must be below its bounds and erase, with room left below the largest entropy
    of the bath. The equilibrium arm, a control, must be able to show that it is not below: its
    error must be small beside the gap between the arms. A limit that is not positive cannot be met.

    Example:
        >>> from recycling.planning.forecast import Numbers
        >>> values = {"entropy_decrease": 0.4, "excess_tight": -2e-25, "excess_landauer": -1e-25}
        >>> of_arm = {name: np.array([value]) for name, value in values.items()}
        >>> ones = dict.fromkeys(values, np.ones((2, 2, 1, 3)))
        >>> numbers = Numbers(dict.fromkeys(ARMS, of_arm), dict.fromkeys(ARMS, ones), room=0.6)
        >>> demands = verdict_demands(Question("below-tight"), [numbers], point=0)
        >>> [(demand.name, round(demand.limit, 2)) for demand in demands[:1]]
        [('entropy_decrease', 0.2)]
    """
    found = []
    for each in numbers:
        own, control = each.at(RECYCLING, point), each.at(EQUILIBRIUM, point)
        decrease = own["entropy_decrease"][0]
        room = min(decrease, each.room - decrease)
        variances = own["entropy_decrease"][1]
        if RECYCLING in each.lengthening:
            variances = variances + each.lengthening[RECYCLING][:, :, point]
        found.append(Demand(RECYCLING, "entropy_decrease", variances, room))
        for name in (f"excess_{bound}" for bound in question.bounds):
            value, variances = own[name]
            found.append(Demand(RECYCLING, name, variances, -value))
            gap = (control[name][0] - value) / RESOLUTION
            found.append(Demand(EQUILIBRIUM, name, control[name][1], gap, control=True))
    return found


def heat_demands(numbers: Sequence[Numbers], point: int, error: float) -> list[Demand]:
    """Demand of the heat at a point: a limit of its 95 % interval, J.

    Example:
        >>> from recycling.planning.forecast import Numbers
        >>> heat, ones = {"heat": np.array([1e-25])}, {"heat": np.ones((2, 2, 1, 3))}
        >>> numbers = Numbers(dict.fromkeys(ARMS, heat), dict.fromkeys(ARMS, ones), room=0.6)
        >>> heat_demands([numbers], point=0, error=1e-26)[0].limit
        1e-26
    """
    return [
        Demand(RECYCLING, "heat", each.at(RECYCLING, point)["heat"][1], error) for each in numbers
    ]


def curve_demands(
    numbers: Sequence[Numbers], point: int, errors: Mapping[str, Mapping[str, Real]]
) -> list[Demand]:
    """Demands of all quantities of both arms at a point: their errors by arm and name.

    Example:
        >>> from recycling.planning.forecast import Numbers
        >>> values = dict.fromkeys(CURVE, np.array([1e-25]))
        >>> ones = dict.fromkeys(CURVE, np.ones((2, 2, 1, 3)))
        >>> numbers = Numbers(dict.fromkeys(ARMS, values), dict.fromkeys(ARMS, ones), room=0.6)
        >>> len(curve_demands([numbers], point=0, errors=dict.fromkeys(ARMS, values)))
        8
    """
    return [
        Demand(arm, name, each.at(arm, point)[name][1], float(errors[arm][name][point]))
        for each in numbers
        for arm in errors
        for name in CURVE
        if np.isfinite(errors[arm][name][point])
    ]


def rows(demands: Sequence[Demand], distance: float) -> Real:
    """Variances in units of the largest allowed (array of shape (demand, arm, stage, …, basis)).

    +inf where a limit cannot be met.

    Example:
        >>> demand = Demand(ARMS[1], "heat", np.ones((2, 2, 3)), limit=0.5)
        >>> rows([demand], distance=2.0)[0, :, 0, 0, 0].tolist()
        [0.0, 16.0]
    """
    found = np.zeros((len(demands), 2, *demands[0].variances.shape))
    for row, demand in zip(found, demands, strict=True):
        factor = 1.0 if demand.control else distance
        possible = demand.limit > 0 and np.isfinite(demand.variances).all()
        scaled = demand.variances * (factor / demand.limit) ** 2 if possible else np.inf
        row[ARMS.index(demand.arm)] = scaled
    return found
