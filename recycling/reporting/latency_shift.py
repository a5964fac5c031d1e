"""The sealed prediction beside the one at the measured feedforward latency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from circuits.design import RECYCLING
from recycling.reporting.parts import Paragraph, Part, Rows
from recycling.reporting.tables import Table
from recycling.results.at_latency import MOST
from recycling.results.sweep import curve_note, first_curve, sweep_axes

if TYPE_CHECKING:
    import xarray as xr

    from recycling.results.at_latency import AtLatency
    from recycling.results.gap import Gap

#: Quantities that have columns.
_SHOWN = {"heat": "ΔQ_B", "excess_tight": "ΔQ_B − Q_tight"}


def latency_parts(gap: Gap, dataset: xr.Dataset, quantum: float) -> list[Part]:
    """What the measured latency changes about a prediction; nothing where none is measured.

    Args:
        gap: between a run and its prediction.
        dataset: analysis of the run.
        quantum: energy hf of the bath qubit, J.
    """
    moved = gap.at_latency
    if moved is None:
        return []
    parts: list[Part] = [Paragraph(latency_text(gap, moved))]
    if moved.prediction is not None:
        parts.append(Rows(_table(gap, moved.prediction, dataset, quantum)))
    return parts


def latency_text(gap: Gap, moved: AtLatency) -> str:
    """Say which latency was measured, and what follows for the surprise."""
    start = (
        f"Feedforward latency {moved.latency.seconds * 1e6:.3f} µs ({moved.latency.words}); the "
        f"sealed prediction has {moved.planned * 1e6:.3f} µs ({moved.later * 1e6:+.3f} µs). "
    )
    if not moved.known:
        return (
            f"{start}It has no derivative by the latency, so it is not shown at the measured one."
        )
    if moved.prediction is None:
        return (
            f"{start}That is more than {MOST:g} of the shortest lifetime of the device, "
            f"{moved.lifetime * 1e6:.3g} µs: too far to be linear, so no prediction is shown at "
            "the measured latency."
        )
    text = f"{start}At the measured one, to first order (modelled)"
    sealed, found = gap.surprise, moved.surprise
    if sealed is None or found is None:
        return f"{text}, the prediction is in the table."
    return (
        f"{text}: χ² = {found.chi_square:.0f} instead of {sealed.chi_square:.0f} as sealed, "
        f"p = {found.p_statistical:.2g} instead of {sealed.p_statistical:.2g} by the scatter of "
        f"shots alone, p = {found.p_value:.2g} instead of {sealed.p_value:.2g} with the assumed "
        "errors of the calibration."
    )


def _table(gap: Gap, moved: xr.Dataset, dataset: xr.Dataset, quantum: float) -> Table:
    """Both predictions of the recycling arm and the measurement, at each point of a curve."""
    (axis,) = sweep_axes(first_curve(dataset))
    others = {each.name: 0 for each in sweep_axes(dataset) if each.name != axis.name}
    shown = [name for name in _SHOWN if name in gap.measured]
    columns = [
        side[name].sel(arm=RECYCLING, limit="value").isel(others).transpose(axis.name) / quantum
        for name in shown
        for side in (gap.prediction, moved, gap.measured)
    ]
    heads = [
        f"{_SHOWN[name]} {side}"
        for name in shown
        for side in ("sealed", "at measured latency", "measured")
    ]
    rows = [
        (f"{value:.4f}", *(f"{float(column[place]):+.5f}" for column in columns))
        for place, value in enumerate(axis.values)
    ]
    return Table(
        (axis.symbol, *heads),
        rows,
        f"Recycling arm at p_x = {gap.prediction.attrs['p_x']:g}, in hf, {axis.symbol} in "
        f"{axis.unit}. Modelled: the sealed prediction is moved by its derivative."
        f"{curve_note(dataset)}",
    )
