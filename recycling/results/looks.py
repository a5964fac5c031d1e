"""A look at the rounds of a run that stops when it is settled: what is shown, and what follows.

Nothing here changes the level of the findings. It is kept by the p-values of the verdicts, whatever
makes a run stop; so a run may also be given up, or run out of its budget.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from circuits.design import RECYCLING, symbol
from recycling.inference.statistics.sequential import (
    conditional_power,
    needed_distance,
    nominal_levels,
    spent,
)
from recycling.inference.statistics.significance import CLAIMED, NAMES_OF_CLAIMED
from recycling.results.analysis import analysed
from recycling.results.controls import controls, failed_controls
from recycling.results.stopping import distance_by_shots
from recycling.results.verdicts import Verdict, verdicts
from recycling.store.journal import now
from recycling.store.rounds import Finding, Look, Until

if TYPE_CHECKING:
    import xarray as xr

    from recycling.store.directory import Run

Found = Mapping[Literal["tight", "landauer"], Sequence[Verdict]]


def look_at(run: Run, rounds: int, qpu_seconds: float | None) -> Look:
    """Look at the first rounds of a run.

    Args:
        run: the run, whose first rounds are done.
        rounds: how many of them to look at.
        qpu_seconds: QPU time of the run so far, s; None where nothing is estimated.

    Raises:
        BadInput: as for ``analyse``.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling
        >>> experiment = recycling.Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "ideal"},
        ...     sweep={"theta": [0.6], "p_x": [0.4]},
        ...     measurement={"shots": 1000, "trials": 2},
        ...     inference={"resamples": 100},
        ... )
        >>> folder = TemporaryDirectory()
        >>> run = recycling.run(experiment, out=f"{folder.name}/run", until="both")
        >>> look_at(run, rounds=2, qpu_seconds=None).decision
        'rounds used up'
        >>> folder.cleanup()
    """
    until = run.until
    assert until is not None  # who looks has a rule
    dataset = analysed(run, rounds=rounds)
    found: Found = {bound: verdicts(dataset, bound=bound) for bound in CLAIMED}
    power = {bound: _power(dataset, bound, rounds, until) for bound in CLAIMED}
    failed = failed_controls(controls(dataset))
    # The point that is the last to be needed decides.
    likely = min(_largest(power[bound], until.points) for bound in until.bounds)
    level = np.array([until.level])
    return Look(
        round=rounds,
        time=now(),
        spent=float(spent(until.level, rounds / until.rounds, until.spending)),
        nominal=float(nominal_levels(level, until.rounds, until.spending)[0, rounds - 1]),
        power=likely,
        qpu_seconds=qpu_seconds,
        controls_failed=tuple(failed),
        findings=tuple(
            _finding(verdict, float(chance))
            for bound, own in found.items()
            for verdict, chance in zip(own, power[bound], strict=True)
        ),
        decision=_decision(found, likely, rounds, until, failed=bool(failed)),
    )


def _decision(
    found: Found, power: float, rounds: int, until: Until, *, failed: bool
) -> Literal["go on", "settled", "futile", "rounds used up"]:
    shown = all(sum(v.below for v in found[bound]) >= until.points for bound in until.bounds)
    if shown and not failed:
        return "settled"
    if rounds == until.rounds:
        return "rounds used up"
    # What is shown already, but for a control, is not given up.
    return "futile" if power < until.futility and not shown else "go on"


def _power(dataset: xr.Dataset, bound: str, rounds: int, until: Until) -> NDArray[np.float64]:
    """Conditional power of a finding at each point (array of shape (point,)).

    Under the present estimate, against all points and both bounds, and if nothing drifts: what few
    rounds cannot tell of their drift is no reason to give up.
    """
    excess, erasure = (
        distance_by_shots(dataset, RECYCLING, name)
        for name in (f"excess_{bound}", "entropy_decrease")
    )
    level = until.level / (len(CLAIMED) * len(excess))
    needed = needed_distance(level, until.rounds, len(excess), until.spending)
    chance = conditional_power(np.minimum(-excess, erasure), rounds, until.rounds, needed)
    return np.nan_to_num(chance, nan=0.0)


def _largest(values: NDArray[np.float64], number: int) -> float:
    """The largest value but ``number - 1``; 0 where there are not as many."""
    return float(np.sort(values)[-number]) if number <= len(values) else 0.0


def _finding(verdict: Verdict, power: float) -> Finding:
    assert verdict.bound in CLAIMED
    return Finding(
        bound=verdict.bound,
        point=dict(verdict.point),
        excess_J=verdict.excess,
        low_J=verdict.interval.low,
        high_J=verdict.interval.high,
        z=verdict.z,
        erasure_z=verdict.erasure_z,
        p_value=verdict.p_value,
        p_adjusted=verdict.p_adjusted,
        power=power,
        below=verdict.below,
    )


def settled_text(look: Look, until: Until) -> str:
    """Say where a look shows a heat below the bounds that were asked for.

    Example:
        >>> look = Look(round=2, time="", spent=0, nominal=0, power=1, decision="settled")
        >>> settled_text(look, Until(target="both", rounds=5))
        'below Q_tight at 0 of 0 points; below Q_Landauer at 0 of 0 points'
    """
    parts = []
    for bound in until.bounds:
        own = [finding for finding in look.findings if finding.bound == bound]
        there = [
            ", ".join(f"{symbol(name)} = {value:.4g}" for name, value in finding.point.items())
            for finding in own
            if finding.below
        ]
        where = f" ({'; '.join(there)})" if there else ""
        noun = "point" if len(own) == 1 else "points"
        parts.append(f"below {NAMES_OF_CLAIMED[bound]} at {len(there)} of {len(own)} {noun}{where}")
    return "; ".join(parts)
