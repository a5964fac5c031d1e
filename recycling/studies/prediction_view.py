"""A prediction for people and for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.constants import k as boltzmann

from circuits.design import RECYCLING, symbol
from recycling.reporting.tables import Table
from recycling.studies.words import finite_or_none, formatted, symbols

if TYPE_CHECKING:
    from recycling.planning.prediction import Prediction

#: Part of a Gaussian in the middle 95 %, in standard errors.
_NINETY_FIVE = 1.96
_COLUMNS = ("ΔS", "ΔQ_B", "Q_tight", "gain", "ΔQ_B − Q_tight", "z", "3 σ shots", "verdict")


def prediction_table(prediction: Prediction, quantum: float, temperature: float) -> Table:
    """Show what is predicted at every point: energies in units of hf.

    Args:
        prediction: of a plan.
        quantum: energy hf of the bath qubit, J.
        temperature: T0, K.

    Example:
        >>> import recycling
        >>> prediction = recycling.plan(recycling.preset("theory")).prediction
        >>> prediction_table(prediction, 3.3e-24, 0.043).columns[0]
        'θ_b'
    """
    values, z, below = prediction.values, prediction.z(), prediction.below()
    errors = _NINETY_FIVE * prediction.pooled_stderr("excess_tight") / quantum
    rows = [
        (
            ", ".join(f"{each[point]:.4f}" for each in prediction.points.values()),
            f"{values['entropy_decrease'][point]:.4f}",
            *(
                formatted(values[name][point] / quantum, "+.4f")
                for name in ("heat", "bound_tight", "gain")
            ),
            formatted(values["excess_tight"][point] / quantum, "+.4f")
            + ("" if prediction.shots is None else f" ± {formatted(errors[point], '.4f')}"),
            formatted(z[point], "+.1f"),
            formatted(prediction.shots_for_verdict[point], ",.0f"),
            "below" if below[point] else "",
        )
        for point in range(prediction.count)
    ]
    unit = quantum / (boltzmann * temperature * np.log(2))
    return Table(
        (symbols(prediction.points), *_COLUMNS),
        rows,
        f"Predicted by the exact engine for this device at p_x = {prediction.p_x:g}: "
        + ", ".join(f"{symbol(each.name)} in {each.unit}" for each in prediction.parameters) + ", "
        f"ΔS in nats, heat in hf = {quantum:.3e} J = {unit:.3g} k_B T0 ln 2. ± is 95 % by "
        "shots alone and z the significance of the excess as a verdict counts it, from trials that "
        "do not drift, all of them together. 3 σ shots, of each basis and preparation, give one "
        "trial about even odds to show ΔQ_B < Q_tight, and an erasure, by 3 σ; three times as many "
        "make it near certain. Verdict: expected of all trials, for all angles together.",
    )  # fmt: skip


def prediction_summary(prediction: Prediction) -> dict[str, Any]:
    """Describe what is predicted, for scripts.

    Example:
        >>> import recycling
        >>> prediction = recycling.plan(recycling.preset("theory")).prediction
        >>> sorted(prediction_summary(prediction))
        ['arm', 'p_x', 'points', 'shots', 'trials']
    """
    z, below = prediction.z(), prediction.below()
    return {
        "arm": RECYCLING,
        "p_x": prediction.p_x,
        "shots": prediction.shots,
        "trials": prediction.trials,
        "points": [
            {
                **{
                    f"{parameter.name}_{parameter.unit}": float(
                        prediction.points[parameter.name][point]
                    )
                    for parameter in prediction.parameters
                },
                **{
                    f"{name}_{'nat' if name == 'entropy_decrease' else 'J'}": finite_or_none(
                        values[point]
                    )
                    for name, values in prediction.values.items()
                },
                "excess_tight_stderr_J": finite_or_none(
                    prediction.pooled_stderr("excess_tight")[point]
                ),
                "excess_tight_z": finite_or_none(z[point]),
                "below_tight": bool(below[point]),
                "shots_for_verdict": finite_or_none(prediction.shots_for_verdict[point]),
            }
            for point in range(prediction.count)
        ],
    }


def promise(prediction: Prediction, quantum: float) -> str:
    """Say where the verdict is easiest, and what it takes there.

    Example:
        >>> import recycling
        >>> prediction = recycling.plan(recycling.preset("theory")).prediction
        >>> promise(prediction, 3.3e-24).split(" = ")[0]
        'predicted ΔQ_B − Q_tight'
    """
    shots, excess = prediction.shots_for_verdict, prediction.values["excess_tight"]
    hopeless = bool(np.isinf(shots).all())
    point = int(np.argmin(excess if hopeless else shots))
    if np.isinf(excess[point]):
        return f"no process that erases so much exists at any {symbols(prediction.points)}"
    z = prediction.z()[point]
    found = (
        f"predicted ΔQ_B − Q_tight = {excess[point] / quantum:+.3f} hf at "
        f"{symbols(prediction.points)} = "
        + ", ".join(f"{values[point]:.3f}" for values in prediction.points.values())
        + (f", z = {z:+.0f}" if np.isfinite(z) else "")
    )
    if hopeless:
        return f"{found}; no shots will show it below"
    given = prediction.shots
    few = f", not {given:,}" if given is not None and given < shots[point] else ""
    return f"{found}; for 3 σ one trial needs {shots[point]:,.0f} shots{few}"
