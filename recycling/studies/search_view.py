"""What a search of placements, levels and decoupling finds, for people and for scripts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import tomlkit

from recycling.planning.ranking import with_layout
from recycling.reporting.tables import Table

if TYPE_CHECKING:
    from recycling.planning.combinations import Found


def search_table(found: Sequence[Found], roles: Sequence[str], quantum: float, top: int) -> Table:
    """Write the first combinations, and the best one without pulses, with energies in hf.

    Args:
        found: combinations, the best first.
        roles: roles of the layout, in its order.
        quantum: the bath quantum, J.
        top: how many to show.

    Example:
        >>> search_table([], ("B", "S"), 3.3e-24, top=3).columns[1]
        'B S'
    """
    shown = list(enumerate(found, start=1))
    without = next((each for each in shown if each[1].decoupling.sequence == "none"), None)
    rows = [
        _row(rank, each, quantum)
        for rank, each in shown
        if rank <= top or (without is not None and rank == without[0])
    ]
    note = (
        "Predicted by the exact engine: points whose verdict is expected to be below Q_tight, "
        "fewest shots of a trial for one of them by 3 σ, and least ΔQ_B − Q_tight. The last row is "
        "the best without pulses."
        if without is not None and without[0] > top
        else "Predicted by the exact engine: points whose verdict is expected to be below Q_tight, "
        "fewest shots of a trial for one of them by 3 σ, and least ΔQ_B − Q_tight."
    )
    columns = ("", " ".join(roles), "level", "pulses", "below", "3 σ shots", "excess")
    return Table(columns, rows, note)


def _row(rank: int, each: Found, quantum: float) -> tuple[str, ...]:
    spec = each.decoupling
    pulses = "none"
    if spec.sequence != "none":
        pulses = f"{spec.sequence} on {', '.join(spec.qubits or ())}"
    return (
        str(rank),
        " ".join(map(str, each.layout)),
        str(each.level),
        pulses,
        f"{each.below} of {each.prediction.count}",
        f"{each.shots:,.0f}" if np.isfinite(each.shots) else "–",
        f"{each.excess / quantum:+.4f}" if np.isfinite(each.excess) else "no process",
    )


def search_summary(
    found: Sequence[Found], roles: Sequence[str], quantum: float
) -> list[dict[str, Any]]:
    """Describe all combinations for scripts, the best first: energies in hf, null for infinity.

    Example:
        >>> search_summary([], ("B", "S"), 3.3e-24)
        []
    """
    return [
        {
            "layout": dict(zip(roles, each.layout, strict=True)),
            "optimization_level": each.level,
            "decoupling": {
                "sequence": each.decoupling.sequence,
                "qubits": list(each.decoupling.qubits or ()),
            },
            "points_below_tight": each.below,
            "shots_for_verdict": each.shots if np.isfinite(each.shots) else None,
            "least_excess_tight_hf": (each.excess / quantum if np.isfinite(each.excess) else None),
        }
        for each in found
    ]


def with_found(spec_text: str, found: Found) -> str:
    r"""Put a placement, a level and a decoupling into a spec, whose other lines stay.

    Raises:
        BadInput: the text is no spec.

    Example:
        >>> from types import SimpleNamespace
        >>> from recycling.spec.experiment import DecouplingSpec
        >>> pulses = DecouplingSpec(sequence="XX", qubits=("data",))
        >>> best = SimpleNamespace(layout=(1, 0, 2, 3), level=2, decoupling=pulses)
        >>> text = 'name = "tiny"  # a comment\nalgorithm.name = "repeat-until-success"\n'
        >>> print(with_found(text, best))
        name = "tiny"  # a comment
        algorithm.name = "repeat-until-success"
        <BLANKLINE>
        [device]
        layout = { data = 1, ancilla = 0, B = 2, S = 3 }
        optimization_level = 2
        <BLANKLINE>
        [decoupling]
        sequence = "XX"
        qubits = ["data"]
        <BLANKLINE>
    """
    document: Any = tomlkit.parse(with_layout(spec_text, found.layout))
    document["device"]["optimization_level"] = found.level
    given = document.pop("decoupling", {})
    if found.decoupling.sequence != "none":
        table = tomlkit.table()
        table["sequence"] = found.decoupling.sequence
        table["qubits"] = list(found.decoupling.qubits or ())
        if "shortest" in given:
            table["shortest"] = given["shortest"]
        document["decoupling"] = table
    return tomlkit.dumps(document)
