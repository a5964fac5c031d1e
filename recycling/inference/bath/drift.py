"""Drift: changes between two calibrations, or since a device's snapshot."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict

from recycling.inference.bath.brackets import Bracket, Quantity
from recycling.inference.readout.assignment import Assignment
from recycling.inference.statistics.significance import RESOLUTION

#: In words, what a number is multiplied by, and its unit.
_SHOWN = {
    "t1": ("T1", 1e6, "µs"),
    "t2": ("T2", 1e6, "µs"),
    "false_excited": ("P(1|0)", 100, "%"),
    "false_ground": ("P(0|1)", 100, "%"),
    "thermal_population": ("thermal population", 100, "%"),
    "start_population": ("population at the start", 100, "%"),
    "recorded_excited": ("recorded excitation", 100, "%"),
}


class Drift(BaseModel):
    """Change of a quantity in joint standard errors; NaN where a value or an error is missing.

    Example:
        >>> Drift(quantity="t1", z=-4.0, flagged=True, text="T1 of B changed").flagged
        True
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    quantity: str
    z: float
    flagged: bool
    text: str


def drift(
    before: Bracket,
    after: Bracket,
    *,
    role: str,
    names: tuple[str, str] = ("before", "after"),
) -> list[Drift]:
    """Compare two brackets quantity by quantity.

    Args:
        before: first bracket; ``given_bracket`` makes it of a device's snapshot.
        after: second bracket.
        role: name of the qubit in the text.
        names: names of the brackets in the text, e.g. ("in the snapshot", "before").

    Returns:
        An entry for each quantity, flagged where it changed by more than ``RESOLUTION`` joint
        standard errors. Of a bracket that has not changed, one or more of the seven quantities is
        flagged by chance in 2 % of cases.

    Example:
        >>> from recycling.inference.bath.brackets import given_bracket
        >>> rates = {"false_excited": 0.01, "false_ground": 0.02, "population": 0.004}
        >>> before = given_bracket(t1=200e-6, t2=150e-6, **rates)
        >>> after = before.model_copy(update={"t1": Quantity(value=180e-6, stderr=2e-6)})
        >>> [change.quantity for change in drift(before, after, role="B") if change.flagged]
        ['t1']
    """
    return [
        _compared(field, getattr(before, field), getattr(after, field), names, role)
        for field in _SHOWN
    ]


def readout_drift(before: Assignment, after: Assignment, roles: Sequence[str]) -> list[Drift]:
    """Compare the readout errors of all recorded qubits, as ``drift`` does with a bracket.

    Example:
        >>> import numpy as np
        >>> rates = np.full(2, 0.01)
        >>> before = Assignment.given(rates, rates, population=rates, source="a model")
        >>> [change.quantity for change in readout_drift(before, before, ["C_A", "S"])]
        ['false_excited', 'false_ground', 'false_excited', 'false_ground']
    """
    changes = []
    for qubit, role in enumerate(roles):
        for row, field in enumerate(("false_excited", "false_ground")):
            old, new = (
                Quantity(value=getattr(each, field)[qubit], stderr=each.stderr[row, qubit])
                for each in (before, after)
            )
            changes.append(_compared(field, old, new, ("before", "after"), role))
    return changes


def _compared(field: str, old: Quantity, new: Quantity, names: tuple[str, str], role: str) -> Drift:
    """Change of a quantity, in words too."""
    words, scale, unit = _SHOWN[field]
    z = change(old, new)
    told = "no comparison" if math.isnan(z) else f"{z:+.1f} σ".replace("-", "−")
    first, second = _shown(old, scale, unit), _shown(new, scale, unit)
    text = f"{words} of {role}: {first} {names[0]}, {second} {names[1]} ({told})"
    notes = dict.fromkeys(quantity.note for quantity in (old, new) if quantity.note)
    return Drift(quantity=field, z=z, flagged=abs(z) > RESOLUTION, text="; ".join([text, *notes]))


def change(before: Quantity, after: Quantity) -> float:
    """Change in joint standard errors; NaN where a value or every error is missing.

    Example:
        >>> change(Quantity(value=1.0, stderr=0.3), Quantity(value=2.0, stderr=0.4))
        2.0
    """
    stderr = math.hypot(before.stderr, after.stderr)
    difference = after.value - before.value
    if not (stderr > 0 and math.isfinite(difference)):
        return math.nan
    return difference / stderr


def _shown(quantity: Quantity, scale: float, unit: str) -> str:
    """Value ± error with one or two digits of the error; a value without error to four."""
    value, error = quantity.value * scale, quantity.stderr * scale
    if math.isnan(value):
        return "no value"
    if not (error > 0 and math.isfinite(error)):
        return f"{value:.4g} {unit}"
    digits = max(0, -math.floor(math.log10(error / 3)))
    return f"{value:.{digits}f} ± {error:.{digits}f} {unit}".replace("-", "−")
