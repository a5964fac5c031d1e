"""The sealed prediction against the measurement: surprise, differences, attribution of the gap."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.constants import h as planck

from recycling.inference.states.estimates import QUANTILE
from recycling.inference.statistics.significance import LEVEL
from recycling.reporting.difference_tables import Sides, every_table, largest_table
from recycling.reporting.evidence import Evidence
from recycling.reporting.latency_shift import latency_parts
from recycling.reporting.parts import Gallery, Paragraph, Part, Rows, Section
from recycling.reporting.prediction_figure import prediction_figures
from recycling.reporting.tables import Table, number
from recycling.results.at_latency import LABEL
from recycling.results.gap import gap_of
from recycling.store.sealing import seal_faults, sealed_sha256

if TYPE_CHECKING:
    import xarray as xr

    from recycling.inference.statistics.surprise import Surprise
    from recycling.results.gap import Gap
    from recycling.store.directory import Run

TITLE = "Prediction against measurement"
#: P-values below which a run is surprising, or very surprising.
_WORDS = ((2 * LEVEL, "very surprising"), (0.05, "surprising"), (1.1, "not surprising"))
#: Numbers of the noise that have a row.
_SHOWN = 12


def prediction_section(evidence: Evidence) -> Section:
    """The prediction that was sealed with a run, beside what was measured."""
    run = evidence.run
    faults = [Paragraph(f"{line}.", "note", "Warning") for line in seal_faults(run)]
    why = why_no_prediction(run.record)
    dataset = evidence.raw
    gap = None if why or dataset is None else gap_of(run, dataset)
    if gap is None or dataset is None:
        text = why or "the file is not what was sealed, or nothing can be compared with it"
        return Section(TITLE, [*faults, Paragraph(f"No prediction: {text}.", "note")])
    quantum, names = float(planck * dataset.attrs["frequency_Hz"]), ("measured", "predicted")
    sides = Sides(gap.measured, gap.prediction, gap.differences, names, quantum)
    parts: list[Part] = [Paragraph(seal_text(run), "note"), *faults]
    if gap.surprise is not None:
        parts.append(Paragraph(surprise_text(gap.surprise)))
    parts += latency_parts(gap, dataset, quantum)
    if not gap.same_t0:
        text = "Bounds are not compared: T0 of the analysis is not that of the prediction."
        parts.append(Paragraph(text, "note"))
    parts += [
        Gallery(prediction_figures(gap, dataset)),
        Rows(largest_table(sides)),
        Rows(every_table(sides, states=False), summary="Every quantity"),
        Rows(every_table(sides, states=True), summary="Every state"),
    ]
    if gap.surprise is not None and gap.surprise.changes.size:
        heading = "What would explain the gap (modelled)"
        parts.append(Rows(attribution_table(gap), numbers=False, heading=heading))
    return Section(TITLE, parts)


def why_no_prediction(record: Mapping[str, Any]) -> str:
    """Say why a run has no prediction; nothing where it has one."""
    if sealed_sha256(record) is not None:
        return ""
    told = str(record.get("prediction", {}).get("why_none", ""))
    return told.removeprefix("no prediction: ") or "none was sealed with this run"


def seal_text(run: Run) -> str:
    """Say what was sealed, when, and who attests it."""
    sealed = run.record["prediction"]
    created = []
    for job in run.jobs:
        for attempt in run.journal(job).attempts:
            times = attempt.record.get("metrics", {}).get("timestamps") or {}
            created += [str(times["created"])] if times.get("created") else []
    by = (
        f"The service created the first job at {min(created)}."
        if created
        else "Simulated here: no service attests the time."
        if run.simulated
        else "The service has not reported yet when it created a job."
    )
    return (
        f"Sealed at {sealed['time']}, before the first job, as SHA-256 {sealed['sha256']}, which "
        f"is in the tags of every job. {by} The prediction is modelled by the exact engine; the "
        "errors of the calibration are assumed."
    )


def surprise_text(surprise: Surprise) -> str:
    """Write both p-values of a sweep in a sentence."""
    word = next(word for limit, word in _WORDS if surprise.p_value < limit)
    return (
        f"All counts of the sweep against the prediction: p = {surprise.p_statistical:.2g} by the "
        f"scatter of shots alone (statistical), p = {surprise.p_value:.2g} with the assumed errors "
        f"of the calibration: {word}. χ² = {surprise.chi_square:.0f} at {surprise.freedom} degrees "
        f"of freedom, of which changes of the noise explain {surprise.explained:.0f}."
    )


def attribution_table(gap: Gap) -> Table:
    """Show which changes of the noise explain a gap, those that take off most alone first."""
    found, noise = gap.surprise, gap.prediction
    assert found is not None  # there are changes
    order = np.argsort(-np.abs(found.changes / np.maximum(found.errors, 1e-300)))[:_SHOWN]
    rows = [
        (
            str(noise["noise"].values[place]),
            _value(noise, place),
            f"± {noise['noise_relative_error'].values[place]:.0%}",
            "{:+.1%} [{:+.1%}, {:+.1%}]".format(
                *(found.changes[place] + side * QUANTILE * found.errors[place]
                  for side in (0, -1, 1))),
            number(float(found.alone[place]), ".1f"),
        )
        for place in order
    ]  # fmt: skip
    return Table(
        ("noise", "predicted with", "assumed", "change [95 %]", "χ² that it takes off alone"),
        rows,
        "Modelled: least squares with the assumed errors of the calibration as a prior (ridge), by "
        "the derivatives of the engine. A change of T1 or T2 is one of its rate. Where the "
        "interval is as wide as the assumed error, the counts say nothing of the number. Not among "
        f"them: {'' if LABEL in noise['noise'] else 'latency, '}durations, drift, crosstalk, "
        "leakage.",
    )


def _value(noise: xr.Dataset, place: np.intp) -> str:
    value, unit = float(noise["noise_value"][place]), str(noise["noise_units"].values[place])
    scaled = {"s": (1e6, " µs"), "K": (1e3, " mK")}.get(unit, (1.0, ""))
    return f"{value * scaled[0]:.3g}{scaled[1]}"
