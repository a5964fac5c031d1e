"""All placements of an experiment on a chip by one call, ranked by the gain that is predicted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, overload

from recycling.display.html import html_table
from recycling.execution.machine import Account
from recycling.planning.chips import chip
from recycling.planning.plan import connected_chip
from recycling.planning.ranking import ScoredLayout, score_layouts
from recycling.spec.experiment import Experiment
from recycling.spec.named import Source, load
from recycling.studies.chip_map import chip_map, layout_table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from qiskit.transpiler import Target


@dataclass(frozen=True, repr=False)
class Layouts(Sequence[ScoredLayout]):
    """Placements of an experiment on a chip, the best first.

    Attributes:
        experiment: what was placed.
        chip: name of the chip.
        scored: placements with their predictions.
        target: the chip, as Qiskit describes it.

    Example:
        >>> import recycling as rc
        >>> tiny = rc.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.3], "p_x": [0.1]},
        ... )
        >>> found = rc.layouts(tiny)
        >>> found[0] == found.best, found.placed(1).device.layout["B"] == found[1].layout[2]
        (True, True)
    """

    experiment: Experiment
    chip: str
    scored: tuple[ScoredLayout, ...]
    target: Target = field(compare=False)

    @property
    def best(self) -> ScoredLayout:
        """The placement of the largest predicted gain."""
        return self.scored[0]

    def placed(self, rank: int = 0) -> Experiment:
        """The experiment on the placement of a rank, the best being 0."""
        chosen = self.scored[rank]
        layout = dict(zip(chosen.shape.roles, map(int, chosen.layout), strict=True))
        return self.experiment.with_(device__layout=layout)

    def figure(self) -> Figure:
        """Draw the best placements on the chip."""
        return chip_map(
            self.target,
            self.scored,
            self.experiment.bath.frequency,
            title=f"{len(self)} placements on {self.chip}, predicted by the exact engine",
        )

    @overload
    def __getitem__(self, rank: int) -> ScoredLayout: ...
    @overload
    def __getitem__(self, rank: slice) -> Sequence[ScoredLayout]: ...
    def __getitem__(self, rank: int | slice) -> ScoredLayout | Sequence[ScoredLayout]:
        return self.scored[rank]

    def __len__(self) -> int:
        return len(self.scored)

    def __iter__(self) -> Iterator[ScoredLayout]:
        return iter(self.scored)

    def __repr__(self) -> str:
        return f"<Layouts: {len(self)} of {self.experiment.name} on {self.chip}>"

    def _repr_html_(self) -> str:
        table = layout_table(self.scored, self.experiment.bath.frequency)
        title = f"{len(self)} placements of {self.experiment.name} on {self.chip}"
        return html_table(table.columns, table.rows, title=title, mark="predicted", note=table.note)


def layouts(
    experiment: Source,
    backend: str = "exact",
    *,
    account: Account | None = None,
    progress: Callable[[float], None] = lambda _fraction: None,
) -> Layouts:
    """Score every placement of an experiment on its chip by the gain that the engine predicts.

    Args:
        experiment: an experiment, the path of a spec, or the name of a preset; its layout is
            ignored.
        backend: whose chip: "fake:NAME" or "ibm:NAME"; with another the profile of the spec says.
        account: whose account to use; None takes the default one.
        progress: called with the fraction done.

    Raises:
        BadInput: no chip, or no placement on working gates.
        BackendFailure: the service does not answer.

    Example:
        >>> import recycling as rc
        >>> tiny = rc.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.3], "p_x": [0.1]},
        ... )
        >>> found = layouts(tiny)
        >>> found.placed().device.layout["B"] == found.best.layout[2], found.chip
        (True, 'FakeTorino')
    """
    given = load(experiment)
    behind = connected_chip(backend, account or Account())
    scored = score_layouts(given, behind, progress=progress)
    name = backend if behind else given.device.profile
    return Layouts(given, name, tuple(scored), chip(given, behind).target)
