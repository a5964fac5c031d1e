"""The ledger in the report: a section, a table, and a figure of energies over many decades."""

from dataclasses import replace
from math import inf, nan
from types import SimpleNamespace

import pytest
from matplotlib.colors import to_hex

import recycling as rc
from recycling.ledger.rows import Ledger, Row
from recycling.reporting.evidence import Evidence
from recycling.reporting.figures import to_svg
from recycling.reporting.ledger_figure import ledger_figure
from recycling.reporting.ledger_section import ledger_section
from recycling.reporting.ledger_table import NOTES, WIDE, ledger_headline, ledger_table


@pytest.fixture(scope="module")
def ledger(small_run, small_dataset):
    return rc.ledger_of(small_run, small_dataset, plant=5e8)


def test_section_shows_table_notes_and_figure(small_run, small_dataset):
    section = ledger_section(Evidence(small_run, small_dataset))
    assert (section.title, list(section.figures)) == ("Ledger", ["ledger"])
    headline, _, table, notes, _ = section.parts
    assert headline.text.startswith("At θ_b = 0.7854, p_x = 0.4: the saving is +")
    assert table.table.columns == WIDE
    assert [row[0] for row in table.table.rows] == [row[0] for row in notes.table.rows]
    assert notes.table.columns == NOTES


def test_a_run_under_way_has_no_ledger(small_dataset):
    section = ledger_section(Evidence(SimpleNamespace(complete=False), small_dataset))
    assert [part.mark for part in section.parts] == ["Missing"]


def markers(figure):
    """Position, and whether it is filled, of each marker."""
    lines = [line for line in figure.axes[0].get_lines() if line.get_marker() not in ("", "None")]
    return [
        (line.get_xdata()[0], line.get_ydata()[0], to_hex(line.get_markerfacecolor()) != "#ffffff")
        for line in lines
    ]


def test_figure_shows_size_and_sign_of_every_row(ledger):
    figure = ledger_figure(ledger)
    expected = [(abs(r.joule), place, r.joule >= 0) for place, r in enumerate(ledger.rows)]
    assert markers(figure) == expected
    axes = figure.axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[0] == "heat"
    assert names[-1] == "qubit SWAP recycled bath / bit"
    least, most = axes.get_xlim()
    assert all(least < size < most for size, _, _ in expected)
    assert axes.get_ylim()[0] > axes.get_ylim()[1]  # the first row is on top


def test_figure_and_table_show_what_is_infinite_unknown_or_next_to_zero():
    row = Row("heat", -3e-25, -4e-25, 2e-25, 0.043, "measured", "ΔQ_B")
    rows = (
        row, replace(row, name="saving", joule=inf, low=inf, high=inf),
        replace(row, name="heat per bit", joule=nan, low=nan, high=nan),
        replace(row, name="link heat", joule=0.0, low=-1e-27, high=1e-27),
    )  # fmt: skip
    figure = ledger_figure(Ledger({"theta_b": 0.4}, 0.4, rows))
    assert to_svg(figure) == to_svg(ledger_figure(Ledger({"theta_b": 0.4}, 0.4, rows)))
    assert [text.get_text() for text in figure.axes[0].texts] == ["∞", "none"]
    assert [place for _, place, _ in markers(figure)] == [0, 3]
    cells = [line[1] for line in ledger_table(Ledger({}, 0.4, rows)).rows]
    assert cells == ["-3.000e-25", "∞", "–", "+0.000e+00"]
    nothing = replace(row, joule=0.0, low=0.0, high=0.0)
    assert to_svg(ledger_figure(Ledger({}, 0.4, (nothing,))))


def test_headline_compares_the_control_with_the_bath(ledger, theory_run):
    control, heat = (ledger.row(name).joule for name in ("control heat MXC", "heat"))
    assert f"{control / abs(heat):.0e} times |ΔQ_B| (modelled" in ledger_headline(ledger)
    ideal = rc.ledger_of(theory_run)
    assert "control" not in ledger_headline(ideal)
    assert "No control heat: gates of this device take no time." in ledger_table(ideal).note
