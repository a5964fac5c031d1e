"""All verdicts and controls of a Dataset, as lists that a notebook shows as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

import numpy as np
from scipy.constants import h as planck

from circuits.design import RECYCLING, symbol
from recycling.display.html import html_table
from recycling.errors import BadInput
from recycling.inference.statistics.significance import CLAIMED, NAMES_OF_CLAIMED
from recycling.results import controls as checks
from recycling.results import verdicts as tests
from recycling.results.controls import Control
from recycling.results.verdicts import Bound, Verdict
from recycling.store.given import dataset_given

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

_NAMES = {**NAMES_OF_CLAIMED, "athermal": "Q_ath", "strict_tight": "Q_tight, strict"}
_MARKS = {True: "passed", False: "FAILED", None: "see"}


@dataclass(frozen=True, repr=False)
class Verdicts(Sequence[Verdict]):
    """Verdicts on the heat of an arm: at every point of the sweep, against each bound.

    Attributes:
        found: the verdicts, bound by bound.
        quantum: the quantum hf of the bath, J.
        data_kind: who made the data, such as "simulated".
        title: name of the experiment.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     found = rc.run("theory", out=f"{folder}/run").verdicts
        >>> len(found), len(found.of("tight")), found.of("landauer")[-1].verdict
        (42, 21, 'below')
    """

    found: tuple[Verdict, ...]
    quantum: float
    data_kind: str
    title: str

    def of(self, bound: Bound) -> Verdicts:
        """Those against one bound: "tight" or "landauer".

        Raises:
            BadInput: there is no such bound.
        """
        if bound not in _NAMES:
            raise BadInput(f"bound = {bound!r}: give one of {', '.join(_NAMES)}")
        chosen = tuple(verdict for verdict in self.found if verdict.bound == bound)
        return Verdicts(chosen, self.quantum, self.data_kind, self.title)

    @property
    def bounds(self) -> tuple[Bound, ...]:
        """Bounds that there are verdicts against."""
        return tuple(dict.fromkeys(verdict.bound for verdict in self.found))

    @property
    def below(self) -> Verdicts:
        """Those that find the heat below the bound."""
        chosen = tuple(verdict for verdict in self.found if verdict.below)
        return Verdicts(chosen, self.quantum, self.data_kind, self.title)

    @overload
    def __getitem__(self, place: int) -> Verdict: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Verdict]: ...
    def __getitem__(self, place: int | slice) -> Verdict | Sequence[Verdict]:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.found)

    def __repr__(self) -> str:
        parts = (
            f"{sum(v.below for v in self.of(bound))} of {len(self.of(bound))} below {_NAMES[bound]}"
            for bound in self.bounds
        )
        return f"<Verdicts on {self.title} ({self.data_kind}): {', '.join(parts) or 'none'}>"

    def _repr_html_(self) -> str:
        names = list(dict.fromkeys(name for verdict in self.found for name in verdict.point))
        rows = [
            (
                *(f"{verdict.point[name]:.4g}" for name in names),
                _NAMES[verdict.bound],
                f"{verdict.entropy_decrease:.4f}",
                f"{verdict.heat / self.quantum:+.4f}",
                _with_interval(verdict, self.quantum),
                "exact" if np.isnan(verdict.z) else f"{verdict.z:+.1f}",
                verdict.verdict,
            )
            for verdict in self.found
        ]
        columns = (*map(symbol, names), "bound", "ΔS (nat)", "ΔQ_B (hf)", "excess (hf), 95 %", "z",
                   "verdict")  # fmt: skip
        p_x = f", p_x = {self.found[0].p_x:g}" if self.found else ""
        title = f"{self.title}{p_x}"
        return html_table(columns, rows, title=title, mark=self.data_kind)


@dataclass(frozen=True, repr=False)
class Controls(Sequence[Control]):
    """The checks that a "below the bound" claim needs.

    Attributes:
        found: the controls.
        data_kind: who made the data.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     rc.run("theory", out=f"{folder}/run").controls.failed
        ()
    """

    found: tuple[Control, ...]
    data_kind: str

    @property
    def failed(self) -> tuple[Control, ...]:
        """Those that failed."""
        return tuple(control for control in self.found if control.passed is False)

    @overload
    def __getitem__(self, place: int) -> Control: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Control]: ...
    def __getitem__(self, place: int | slice) -> Control | Sequence[Control]:
        return self.found[place]

    def __len__(self) -> int:
        return len(self.found)

    def __iter__(self) -> Iterator[Control]:
        return iter(self.found)

    def __repr__(self) -> str:
        passed = sum(control.passed is True for control in self.found)
        failed = ", ".join(control.name for control in self.failed)
        return f"<Controls: {passed} passed, {len(self.failed)} failed" + (
            f": {failed}>" if failed else ">"
        )

    def _repr_html_(self) -> str:
        rows = [(_MARKS[c.passed], c.name, c.expected, c.found) for c in self.found]
        columns = ("", "control", "expected", "found")
        return html_table(columns, rows, title="controls", mark=self.data_kind)


def verdicts(dataset: Run | xr.Dataset, arm: str = RECYCLING) -> Verdicts:
    """Give every verdict on an arm of an analysed run: below which bound is its heat?

    Args:
        dataset: an opened run, or its analysis.
        arm: name of the arm.

    Returns:
        Verdicts at the shown p_x, against Q_tight and then against Q_Landauer; p-values hold for
        all of them together.

    Raises:
        BadInput: there is no such arm, or as for ``Run.dataset``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     dataset = rc.analyse(rc.run("theory", out=f"{folder}/run"))
        >>> verdicts(dataset)
        <Verdicts on ...theory (simulated): 18 of 21 below Q_tight, 6 of 21 below Q_Landauer>
    """
    dataset = dataset_given(dataset)
    if arm not in (known := dataset["arm"].values.tolist()):
        raise BadInput(f"arm = {arm!r}: give {' or '.join(map(repr, known))}")
    bounds: Sequence[Bound] = CLAIMED
    found = tuple(v for bound in bounds for v in tests.verdicts(dataset, arm, bound))
    attributes = dataset.attrs
    quantum = float(planck * attributes["frequency_Hz"])
    return Verdicts(found, quantum, attributes["data_kind"], attributes["title"])


def controls(dataset: Run | xr.Dataset) -> Controls:
    """Make every control of an opened run, or of its analysis.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     controls(rc.analyse(rc.run("theory", out=f"{folder}/run")))[0].passed
        True
    """
    dataset = dataset_given(dataset)
    return Controls(tuple(checks.controls(dataset)), dataset.attrs["data_kind"])


def _with_interval(verdict: Verdict, quantum: float) -> str:
    value, low, high = (end / quantum for end in verdict.interval.ends.values())
    if low == high or np.isnan(low):
        return f"{value:+.4f}"
    return f"{value:+.4f} [{low:+.4f}, {high:+.4f}]"
