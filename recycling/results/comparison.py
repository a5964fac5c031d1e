"""Runs side by side: differences to the first, verdicts, and what else is different."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from recycling.errors import BadInput
from recycling.inference.statistics.significance import LEVEL
from recycling.results import comparison_shown
from recycling.results.dataset import swept
from recycling.results.differences import Z, common, differences, names_of, quantities_at
from recycling.results.verdicts import Bound, Verdict, verdicts
from recycling.spec.experiment import shown_p_x

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

#: Digits to which values of p_x are compared.
_DIGITS = 9


@dataclass(frozen=True)
class Member:
    """A run with its analysis, and what it is called among the others."""

    label: str
    run: Run
    dataset: xr.Dataset


@dataclass(frozen=True, repr=False)
class Comparison:
    """Runs beside the first of them.

    Attributes:
        members: the runs.
        p_x: excited weight that they are compared at.
        found: differences of each other run to the first, as ``differences`` gives them.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     one = rc.run(rc.preset("theory"), out=f"{folder}/one")
        ...     two = rc.run(rc.preset("theory"), out=f"{folder}/two")
        ...     found = compare_members([Member("one", one, rc.analyse(one)),
        ...                              Member("two", two, rc.analyse(two))])
        >>> found.p_x, [name for name, _ in found.largest(0)][:2], found.resolved(0)
        (0.4, ['branch_probability', 'entropy'], [])
    """

    members: Sequence[Member]
    p_x: float
    found: Sequence[xr.Dataset]

    def __repr__(self) -> str:
        return comparison_shown.line_of(self)

    def _repr_html_(self) -> str:
        return comparison_shown.page_of(self)

    @property
    def first(self) -> Member:
        """The run that the others are compared with."""
        return self.members[0]

    @property
    def others(self) -> Sequence[Member]:
        """The others, in the order of ``found``."""
        return self.members[1:]

    @cached_property
    def quantities(self) -> list[xr.Dataset]:
        """Quantities of each run at the p_x of the comparison."""
        return [quantities_at(member.dataset, self.p_x) for member in self.members]

    def largest(self, other: int) -> list[tuple[str, float]]:
        """Quantities of another run, each with its largest distance in standard errors."""
        found = self.found[other]
        each = ((name, np.abs(found[name + Z].values)) for name in names_of(found))
        return [(name, float(np.nanmax(z))) for name, z in each if not np.isnan(z).all()]

    def resolved(self, other: int) -> list[str]:
        """Quantities that differ somewhere, by Holm's p-value, on either side."""
        found = self.found[other]
        return [name for name in names_of(found) if (found[f"{name}_p"] < 2 * LEVEL).any()]

    def verdicts(self, bound: Bound) -> list[list[Verdict]]:
        """Verdicts of each run at the p_x of the comparison, over its own sweep."""
        at = [np.argmin(np.abs(m.dataset["p_x"].values - self.p_x)) for m in self.members]
        chosen = zip(self.members, at, strict=True)
        return [verdicts(member.dataset.isel(p_x=[int(i)]), bound=bound) for member, i in chosen]


def compare_members(members: Sequence[Member]) -> Comparison:
    """Compare runs with the first of them, where their sweeps have points in common.

    Raises:
        BadInput: two of them are of different designs, or have nothing in common.

    Example:
        >>> from types import SimpleNamespace
        >>> import xarray as xr
        >>> dims, arms = ("arm", "theta", "limit"), {"arm": ["resets"]}
        >>> branch = {"branch_probability_combined": (dims, np.ones((1, 2, 3)))}
        >>> at = arms | {"theta": [0.1, 0.2], "p_x": [0.4]}
        >>> run = SimpleNamespace(design=SimpleNamespace(measured=("S", "B"), stages=("before",)))
        >>> member = Member("one", run, xr.Dataset(branch, at))
        >>> compare_members([member, member]).found[0]["branch_probability_z"].values.tolist()
        [[0.0, 0.0]]
    """
    first = members[0]
    for member in members:
        _check(first, member)
    shared = [np.round(member.dataset["p_x"].values, _DIGITS) for member in members]
    p_x = np.array(sorted(set.intersection(*(set(each.tolist()) for each in shared))))
    if not p_x.size:
        raise BadInput("runs: no p_x is common to all of them; give runs that share one")
    shown = shown_p_x(p_x)
    quantities = [quantities_at(member.dataset, shown) for member in members]
    for member, each in zip(members, quantities, strict=True):
        mine, _ = common(quantities[0], each)
        empty = [dim for dim, size in mine.sizes.items() if size == 0]
        if empty:
            raise BadInput(
                f"run = {member.label!r} has no {empty[0]} in common with {first.label!r}: give "
                "runs whose sweeps share points"
            )
    found = [differences(each, quantities[0]) for each in quantities[1:]]
    return Comparison(members, shown, found)


def _check(first: Member, member: Member) -> None:
    """Check that two runs measure the same kind of thing."""
    asked: dict[str, Any] = {
        "swept parameters": lambda m: swept(m.dataset),
        "measured qubits": lambda m: m.run.design.measured,
        "stages": lambda m: m.run.design.stages,
    }
    for what, of in asked.items():
        ours, theirs = of(first), of(member)
        if ours != theirs:
            raise BadInput(
                f"run = {member.label!r} has the {what} {', '.join(theirs)}, and {first.label!r} "
                f"{', '.join(ours)}: give runs of the same design"
            )
