"""The spec of a designed experiment, with the reason of each number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import tomlkit

from circuits.design import symbol
from recycling.spec.experiment import Experiment
from recycling.studies.design_view import question_in_words
from recycling.studies.words import counted, in_time

if TYPE_CHECKING:
    from recycling.planning.design import Designed

#: Characters of a line of comment.
_WIDTH = 96


def designed_spec(text: str, designed: Designed) -> str:
    """Write the spec of a design, with the reason of each number.

    What the design does not change stays as it was written, comments included.

    Args:
        text: TOML text of the given spec.
        designed: its design.

    Example:
        >>> import recycling as rc
        >>> from recycling.spec.experiment import spec_text
        >>> text = designed_spec(spec_text("paper"), rc.design(rc.preset("paper")))
        >>> rc.Experiment.parse(text).measurement.trials
        4
    """
    document = tomlkit.parse(text)
    for name in designed.changes:
        document.pop(name, None)
    kept = tomlkit.dumps(document).strip()
    made = "\n".join([*_header(designed), kept, *_sections(designed)]) + "\n"
    if Experiment.parse(made).hash != designed.plan.experiment.hash:
        # A form of TOML that cannot be cut: the same experiment without the given comments.
        made = "\n".join([*_header(designed), designed.plan.experiment.to_toml()])
    return made


def _header(designed: Designed) -> Iterator[str]:
    yield from _comment(
        f"Designed to settle {question_in_words(designed)}: {in_time(designed.seconds)} of QPU "
        f"time on {designed.plan.device.name}, instead of "
        f"{in_time(designed.steps['as given'].seconds)}."
    )


def _sections(designed: Designed) -> Iterator[str]:
    sweep, measurement, hardware = (
        designed.changes[name] for name in ("sweep", "measurement", "hardware")
    )
    names = ", ".join(symbol(each.name) for each in designed.plan.experiment.design.parameters)
    yield from ("", "[sweep]")
    if len(designed.problem.points) == 1:
        yield from _comment(f"The {names} and the p_x at which the question costs least.")
    yield from _keys(sweep)
    yield from ("", "[measurement]")
    yield from _comment(
        f"{counted(measurement['trials'], 'trial')}, a job each: they alone show that nothing "
        "drifts. An entry has repeats × shots executions in each."
    )
    yield from _keys({key: measurement[key] for key in ("shots", "trials")})
    allocation = measurement["allocation"]
    yield from ("", "[measurement.allocation.repeats]")
    yield from _comment(
        "A row for each point, with its three axes. Most where they lower the error most; the "
        "least keeps the intervals honest where the prediction is wrong."
    )
    yield from _tables(allocation["repeats"])
    if "poles" in allocation:
        yield from ("", "[measurement.allocation.poles]")
        yield from _comment(
            "Polar angle and azimuth of the third axis, rad: along the predicted Bloch vector."
        )
        yield from _tables(allocation["poles"])
    yield from ("", "[hardware]")
    missing = [name for name in ("brackets", "assignment") if not hardware[name]]
    yield from _comment(
        "Calibrations as precise as the question needs"
        + (f", without {' and '.join(missing)}: no time is left for them." if missing else ".")
    )
    yield from _keys(hardware)


def _comment(text: str) -> Iterator[str]:
    yield from (f"# {line}" for line in wrap(text, _WIDTH))


def _keys(table: Mapping[str, Any]) -> Iterator[str]:
    for key, value in table.items():
        yield f"{key} = {tomlkit.item(value).as_string()}"


def _tables(tables: Mapping[str, Any]) -> Iterator[str]:
    """Rows by arm, stage and preparation or qubit, as dotted keys."""
    for arm, stages in tables.items():
        for stage, rows_of in stages.items():
            for name, rows in rows_of.items():
                text = ["[" + ", ".join(map(str, row)) + "]" for row in rows]
                lines = ",\n  ".join(text)
                several = f"[\n  {lines},\n]"
                yield f"{arm}.{stage}.{name} = {several if len(rows) > 1 else f'[{lines}]'}"
