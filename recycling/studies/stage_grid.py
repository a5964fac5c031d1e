"""Axes of a map of stages: temperature, frequency of the bath, loss tangent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from recycling.errors import BadInput
from recycling.planning.chips import calibrated_at
from recycling.spec.messages import fault_lines, not_too_many, wrong
from recycling.spec.quantities import Frequency, Temperature
from recycling.spec.sections import Section

if TYPE_CHECKING:
    from recycling.spec.experiment import Experiment

#: Temperatures above that of the calibration, K, and loss tangents, where none are given.
_WARMER, _LOSSES = (0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 4.0), (1e-7, 1e-6, 1e-5)
#: Most values of an axis.
_MOST = 1000


def _axis(values: tuple[float, ...]) -> tuple[float, ...]:
    """Values of an axis in order."""
    if not values:
        raise wrong("is empty: give at least one value")
    if len({*values}) < len(values):
        raise wrong("has a value twice: give each value once")
    return tuple(sorted(values))


_Axis = BeforeValidator(lambda values: not_too_many(_MOST, values)), AfterValidator(_axis)


class StageGrid(Section):
    """Axes of a map: temperatures in K, frequencies of the bath in Hz, and loss tangents.

    Example:
        >>> StageGrid(temperatures=(1.0, "43 mK"), frequencies=(5e9,), loss_tangents=(1e-7,))
        StageGrid(temperatures=(0.043, 1.0), frequencies=(5000000000.0,), loss_tangents=(1e-07,))
    """

    temperatures: Annotated[tuple[Temperature, ...], *_Axis]
    frequencies: Annotated[tuple[Frequency, ...], *_Axis]
    loss_tangents: Annotated[tuple[Annotated[float, Field(ge=0, le=1)], ...], *_Axis]


def stage_grid(experiment: Experiment, **axes: tuple[Any, ...] | None) -> StageGrid:
    """Complete the axes of a map by what the spec says.

    Args:
        experiment: validated spec; without a stage its numbers are calibrated at the temperature of
            its bath.
        axes: those of ``StageGrid``; None takes the temperature of the calibration and warmer ones,
            the frequency of the bath, and the loss tangent of the stage or some usual ones.

    Raises:
        BadInput: with a line for each fault.

    Example:
        >>> from recycling.spec.experiment import preset
        >>> stage_grid(preset("paper"), temperatures=("43 mK", 1.0)).loss_tangents
        (1e-07, 1e-06, 1e-05)
    """
    start = calibrated_at(experiment)
    stage = experiment.stage
    usual = {
        "temperatures": (start, *(kelvin for kelvin in _WARMER if kelvin > start)),
        "frequencies": (experiment.bath.frequency,),
        "loss_tangents": _LOSSES if stage is None else (stage.loss_tangent,),
    }
    given = {name: values for name, values in axes.items() if values is not None}
    try:
        return StageGrid.model_validate(usual | given)
    except ValidationError as error:
        raise BadInput(*fault_lines(error, StageGrid)) from error


def values_in(text: str | None) -> tuple[float | str, ...] | None:
    """Read the values of an axis: numbers, or text with a unit, with commas between them.

    Example:
        >>> values_in("43 mK, 1.0")
        ('43 mK', 1.0)
    """
    if text is None:
        return None
    return tuple(_number(part.strip()) for part in text.split(",") if part.strip())


def _number(text: str) -> float | str:
    try:
        return float(text)
    except ValueError:
        return text
