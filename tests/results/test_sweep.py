"""The sweep of a Dataset: names of its parameters, its points, and the curve that is drawn."""

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser

from recycling.results.sweep import (
    _GREEK,
    Axis,
    curve_note,
    design_axes,
    first_curve,
    over_points,
    sweep_axes,
    sweep_points,
)


def axis(name, unit="rad"):
    return Axis(name, unit, np.array([0.25, 0.5]))


@pytest.mark.parametrize(
    ("name", "unit", "column", "label", "noun"),
    [
        ("theta_b", "rad", "θ_b (rad)", r"$\theta_b$ (rad)", "angle"),
        ("phi", "rad", "φ (rad)", r"$\phi$ (rad)", "angle"),
        ("lambda", "1", "λ", r"$\lambda$", "point"),
        ("x", "1", "x", "$x$", "point"),
        ("t_max", "s", "t_max (s)", r"$t_{\mathrm{max}}$ (s)", "point"),
        ("strength", "", "strength", "strength", "point"),
    ],
)
def test_a_parameter_is_written_as_a_physicist_writes_it(name, unit, column, label, noun):
    swept = axis(name, unit)
    assert (swept.column, swept.label, swept.noun) == (column, label, noun)
    MathTextParser("path").parse(swept.label)
    MathTextParser("path").parse(swept.at(1, ".3g"))
    assert "0.5" in swept.at(1, ".3g")


@pytest.mark.parametrize("letter", _GREEK)
def test_every_greek_letter_can_be_drawn(letter):
    assert len(axis(letter).symbol) == 1
    MathTextParser("path").parse(axis(letter).label)


def test_the_sweep_of_hhl(small_dataset, small_experiment):
    (swept,) = sweep_axes(small_dataset)
    assert (swept.name, swept.unit) == ("theta_b", "rad")
    assert design_axes(small_experiment) == (swept,)
    assert sweep_points(small_dataset) == [(value,) for value in small_experiment.theta_b]
    assert first_curve(small_dataset).equals(small_dataset)
    assert curve_note(small_dataset) == ""


def test_several_parameters_are_points_and_one_curve(small_dataset):
    """The product of the values, the last one fastest; a curve over the first parameter alone."""
    wide = two_parameters(small_dataset)
    assert [axis.name for axis in sweep_axes(wide)] == ["angle", "strength"]
    points = sweep_points(wide)
    assert points[:3] == [(0.0, 0.5), (0.0, 1.5), (0.4, 0.5)]
    heat = over_points(wide, wide["heat_combined"].sel(arm="recycling", p_x=0.4, limit="value"))
    assert len(heat) == len(points) == 6
    curve = first_curve(wide)
    assert [axis.name for axis in sweep_axes(curve)] == ["angle"]
    assert curve_note(wide) == (" Shown over angle at strength = 0.5, the first of their values.")


def two_parameters(dataset):
    """The same Dataset as if its angle had another name and there were a second parameter."""
    renamed = dataset.rename(theta_b="angle")
    wide = renamed.expand_dims(strength=[0.5, 1.5])
    ordered = {
        name: array.transpose(
            *(d for d in ("arm", "angle", "strength") if d in array.dims),
            ...,
            missing_dims="ignore",
        )
        for name, array in wide.items()
    }
    return wide.assign(ordered)
