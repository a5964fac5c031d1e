"""An experiment in a line, and as a small table of a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from circuits.design import symbol
from recycling.display.html import html_table

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment


def line_of(experiment: Experiment) -> str:
    """Write an experiment in a line.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> line_of(preset("theory"))
        '<Experiment theory: hhl on ideal, 21 θ_b × 40 p_x, exact, T0 = 43 mK>'
    """
    swept = [f"{len(values)} {symbol(name)}" for name, values in experiment.coordinates.items()]
    axes = " × ".join([*swept, f"{len(experiment.p_x)} p_x"])
    return (
        f"<Experiment {experiment.name}: {experiment.algorithm.name} on "
        f"{experiment.device.profile}, {axes}, {_shots(experiment)}, "
        f"T0 = {experiment.bath.temperature * 1e3:.4g} mK>"
    )


def page_of(experiment: Experiment) -> str:
    """Write an experiment as a table for a notebook: its keys that are no defaults, and its sweep.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> "shots" in page_of(preset("theory"))
        True
    """
    bath = experiment.bath
    rows = [
        ("algorithm", experiment.algorithm.name),
        ("bath", f"{bath.frequency / 1e9:g} GHz, T0 = {bath.temperature * 1e3:.4g} mK, declared"),
        ("device", _given(experiment, "device")),
        *(
            (symbol(name), _values(values))
            for name, values in (*experiment.coordinates.items(), ("p_x", experiment.p_x))
        ),
        ("shots", _shots(experiment)),
    ]
    shown = {"name", "algorithm", "bath", "device", "sweep", "measurement"}
    fields = type(experiment).model_fields
    for key in fields:
        value = getattr(experiment, key)
        if key not in shown and value != fields[key].default:
            rows.append((key, value if key == "seed" else _given(experiment, key)))
    return html_table((), rows, title=experiment.name, note=f"spec {experiment.hash[:12]}")


def _given(experiment: Experiment, key: str) -> str:
    """Keys of a section that are no defaults."""
    section = getattr(experiment, key)
    content = section.model_dump(mode="json", exclude_defaults=True)
    name = content.pop("name", None) or getattr(section, "profile", None)
    content.pop("profile", None)
    given = [f"{each} = {str(value)[:80]}" for each, value in content.items() if each != "content"]
    return ", ".join([*([str(name)] if name else []), *given])


def _values(values: Iterable[float]) -> str:
    found = [f"{value:.4g}" for value in values]
    return ", ".join(found) if len(found) < 7 else f"{found[0]} to {found[-1]}, {len(found)} values"


def _shots(experiment: Experiment) -> str:
    shots, trials = experiment.measurement.shots, experiment.measurement.trials
    return "exact" if shots == "exact" else f"{shots:,} shots × {trials} trials"
