"""``rc.plot``: the figures of the report, byte for byte, into new axes or into given ones."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import recycling as rc
from recycling.reporting.figures import paper_figures, to_svg
from recycling.results.theory import stored_theory


@pytest.fixture(autouse=True)
def no_figure_left():
    yield
    plt.close("all")


@pytest.fixture(scope="module")
def reported(small_run, small_dataset):
    return paper_figures(small_dataset, stored_theory(small_run))


@pytest.mark.parametrize(
    ("draw", "name"),
    [
        (rc.plot.fig3, "fig3-fidelity"),
        (rc.plot.fig4a, "fig4a-equilibrium"),
        (rc.plot.fig4b, "fig4b-recycling"),
        (rc.plot.fig4c, "fig4c-theory"),
        (rc.plot.fig5a, "fig5a-mixedness"),
        (rc.plot.fig5b, "fig5b-ratio"),
    ],
)
def test_a_figure_of_the_paper_is_that_of_the_report(draw, name, small_run, reported):
    figure, _ = reported[name]
    assert to_svg(draw(small_run).figure) == to_svg(figure)


def test_given_axes_are_drawn_into_and_returned(small_run, small_dataset):
    drawn = {
        "fig4b": (small_dataset,),
        "fig5a": (small_run,),
        "critical_temperature": (small_run,),
        "sensitivity": (small_dataset, "temperature", 1),
        "entropy_tradeoff": (small_dataset,),
        "prediction": (small_run, "excess_tight"),
        "ledger": (small_run,),
        "schedule": (small_run,),
        "branch_gain": (rc.Bath.qubit(5e9, 0.043),),
        "record_break_even": (rc.Bath.qubit(5e9, 0.043),),
    }
    before = plt.get_fignums()
    for name, what in drawn.items():
        axes = Figure().add_subplot()
        assert getattr(rc.plot, name)(*what, ax=axes) is axes
        assert axes.has_data(), name
        assert axes.get_xlabel(), name
    assert plt.get_fignums() == before
    assert set(rc.plot.__all__) >= set(drawn)


def test_two_runs_fit_into_one_figure(small_dataset):
    figure, (left, right) = plt.subplots(1, 2)
    rc.plot.fig4a(small_dataset, ax=left)
    rc.plot.fig4b(small_dataset, ax=right)
    assert len(figure.axes) == 2
    np.testing.assert_array_equal(left.lines[0].get_xdata(), right.lines[0].get_xdata())


@pytest.mark.parametrize(
    ("draw", "what", "line"),
    [
        ("link", (), "what: the run has no link; give one whose spec has .link."),
        ("sensitivity", ("wind",), "over = 'wind': give 'temperature' or 'frequency'"),
        ("prediction", ("entropy",), "quantity = 'entropy': give 'heat' or 'excess_tight'"),
        ("circuit", (("a", "b", "c"),), "setting = .'a', 'b', 'c'.: give one of"),
        ("fig6", (), "is a protocol run: give one of rc.latency"),
    ],
)
def test_what_cannot_be_drawn_is_refused_in_a_line(draw, what, line, small_run):
    with pytest.raises(rc.BadInput, match=line) as refused:
        getattr(rc.plot, draw)(small_run, *what)
    assert "\n" not in str(refused.value)
    assert plt.get_fignums() == []
