"""The placements on a chip: a table of the best, and a map of the whole chip with them on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray
from scipy.constants import h as planck
from scipy.stats import spearmanr

from recycling.devices.placement import cz_errors, working_qubits
from recycling.reporting.tables import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from qiskit.transpiler import Target

    from recycling.planning.ranking import ScoredLayout

Positions = NDArray[np.float64]

#: Lattices of the Herons by number of qubits: qubits in a row, and the column of the first bridge
#: below rows of even and of odd number. Below each row stand four bridges, four columns apart.
_HEAVY_HEX = {133: (15, (0, 2)), 156: (16, (3, 1))}
_BRIDGES = 4
_BEST, _OTHER, _DEAD = "#d55e00", "#7a7a7a", "#a8a8a8"
#: Diameter of a qubit and its distance to the next, both in points.
_DIAMETER, _PITCH = 17.0, 36.0


def layout_table(scored: Sequence[ScoredLayout], frequency: float, *, top: int = 10) -> Table:
    """Write the best placements as rows of text.

    Args:
        scored: placements, the best first.
        frequency: frequency of the bath qubit, Hz.
        top: number of rows.

    Example:
        >>> from recycling.planning.ranking import score_layouts
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> scored = score_layouts(experiment, candidates=[(1, 0, 2, 3), (2, 1, 3, 4)])
        >>> [row[:2] for row in layout_table(scored, frequency=5e9).rows]
        [('1', '  2   1   3   4'), ('2', '  1   0   2   3')]
    """
    rows = [
        (
            str(rank),
            " ".join(f"{qubit:>3}" for qubit in own.layout),
            _in_quanta(own.recycled_gain, frequency),
            _in_quanta(own.recorded_gain, frequency),
            _in_quanta(own.realised_gain, frequency),
            _in_quanta(own.gain, frequency),
            f"{own.success_fidelity:.4f}",
            f"{own.expected_errors:.3f}",
        )
        for rank, own in enumerate(scored[:top], start=1)
    ]
    roles = " ".join(scored[0].shape.roles)
    return Table(
        ("", roles, "recycled", "recorded", "realised", "G", "fidelity", "errors"),
        rows,
        "Exact engine, means over the sweep in hf; errors are those expected in a shot. "
        "Ranked by the recycled gain, true or as recorded with misread bits of S and B, whichever "
        "is smaller: the realised gain Q_tight − ΔQ_B without credit for less heat than the "
        "noiseless protocol dissipates, which is owed to faults. "
        + _agreement(scored),
    )  # fmt: skip


def layout_summary(scored: Sequence[ScoredLayout], frequency: float) -> list[dict[str, Any]]:
    """Describe all placements for scripts, the best first: energies in hf of the bath qubit.

    Example:
        >>> from recycling.planning.ranking import score_layouts
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> scored = score_layouts(experiment, candidates=[(1, 0, 2, 3), (2, 1, 3, 4)])
        >>> layout_summary(scored, frequency=5e9)[0]["layout"]
        {'data': 2, 'ancilla': 1, 'B': 3, 'S': 4}
    """
    quantum = planck * frequency
    return [
        {
            "layout": dict(zip(own.shape.roles, own.layout, strict=True)),
            "predicted_gain_hf": own.predicted_gain / quantum,
            "recycled_gain_hf": own.recycled_gain / quantum,
            "recorded_gain_hf": own.recorded_gain / quantum,
            "realised_gain_hf": own.realised_gain / quantum,
            "gain_hf": own.gain / quantum,
            "success_fidelity": _known(own.success_fidelity),
            "expected_errors": own.expected_errors,
        }
        for own in scored
    ]


def chip_map(
    target: Target,
    scored: Sequence[ScoredLayout],
    frequency: float,
    *,
    title: str,
    alternatives: int = 4,
) -> Figure:
    """Draw the best placements on the chip.

    Args:
        target: the chip.
        scored: placements, the best first.
        frequency: frequency of the bath qubit, Hz.
        title: title of the figure.
        alternatives: how many more to outline, the next best that share no qubit with those before.

    Example:
        >>> from recycling.planning.ranking import score_layouts
        >>> from recycling.spec.experiment import Experiment
        >>> experiment = Experiment(
        ...     name="tiny",
        ...     algorithm={"name": "repeat-until-success"},
        ...     device={"profile": "FakeTorino"},
        ...     sweep={"theta": [0.3, 0.6], "p_x": [0.1]},
        ... )
        >>> scored = score_layouts(experiment, candidates=[(1, 0, 2, 3), (2, 1, 3, 4)])
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> figure = chip_map(FakeTorino().target, scored, frequency=5e9, title="Two placements")
        >>> len(figure.axes) > 0
        True
    """
    positions = qubit_positions(target)
    width, height = np.ptp(positions, axis=0) * _PITCH / 72
    figure = Figure(figsize=(width + 1.9, height + 1.4))
    axes = figure.add_axes((0.02, 0.06, 0.84, 0.89))
    axes.set_axis_off()
    axes.set_aspect("equal")
    axes.set_xlim(positions[:, 0].min() - 0.8, positions[:, 0].max() + 0.8)
    axes.set_ylim(positions[:, 1].min() - 0.8, positions[:, 1].max() + 0.8)
    axes.set_title(title, fontsize=11)
    _draw_couplings(axes, target, positions)
    best, *others = _apart(scored, 1 + alternatives)
    for rank in others:
        _outline(axes, scored[rank], positions, _OTHER)
        _label(axes, positions[scored[rank].layout[0]], str(rank + 1), _OTHER)
    _outline(axes, scored[best], positions, _BEST)
    _draw_qubits(figure, axes, target, positions, _best_by_qubit(scored, frequency))
    for role, qubit in zip(scored[best].shape.roles, scored[best].layout, strict=True):
        name, _, index = role.partition("_")
        _label(axes, positions[qubit], f"${name}_{{{index}}}$" if index else f"${name}$", _BEST)
    _legend(axes, bool(others))
    return figure


def qubit_positions(target: Target) -> Positions:
    """Place the qubits for a drawing (array of shape (qubit, 2)), in units of their distance.

    The Herons stand on their lattice; any other chip is laid out from its couplings.

    Example:
        >>> from qiskit_ibm_runtime.fake_provider import FakeTorino
        >>> qubit_positions(FakeTorino().target).shape
        (133, 2)
    """
    count = target.num_qubits
    if count not in _HEAVY_HEX:
        import rustworkx as rx

        graph = rx.PyGraph()
        graph.add_nodes_from(range(count))
        graph.add_edges_from_no_data(_couplings(target))
        layout = rx.kamada_kawai_layout(graph, scale=np.sqrt(count) / 2)
        return np.array([layout[qubit] for qubit in range(count)])
    length, first_bridge = _HEAVY_HEX[count]
    positions = []
    for qubit in range(count):
        row, place = divmod(qubit, length + _BRIDGES)
        bridge = place - length
        column = place if bridge < 0 else first_bridge[row % 2] + 4 * bridge
        positions.append((column, -2 * row - (bridge >= 0)))
    return np.array(positions, dtype=float)


def _couplings(target: Target) -> list[tuple[int, int]]:
    """Every pair of qubits with a CZ gate, dead or not."""
    return sorted({(min(pair), max(pair)) for pair in target["cz"]})


def _apart(scored: Sequence[ScoredLayout], count: int) -> list[int]:
    """Indices of the best placements of which no two share a qubit."""
    taken: set[int] = set()
    found: list[int] = []
    for index, own in enumerate(scored):
        if len(found) < count and taken.isdisjoint(own.layout):
            taken.update(own.layout)
            found.append(index)
    return found


def _best_by_qubit(scored: Sequence[ScoredLayout], frequency: float) -> dict[int, float]:
    """Predicted gain of the best placement that uses each qubit, hf."""
    best: dict[int, float] = {}
    for own in reversed(scored):
        best |= dict.fromkeys(own.layout, own.predicted_gain / (planck * frequency))
    return best


def _draw_couplings(axes: Axes, target: Target, positions: Positions) -> None:
    working = cz_errors(target)
    pairs = _couplings(target)
    for alive, style in ((True, "-"), (False, (0, (1.5, 1.5)))):
        lines = [positions[list(pair)] for pair in pairs if (frozenset(pair) in working) == alive]
        colour, width = ("#333333", 1.2) if alive else (_DEAD, 1.6)
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=width, linestyles=[style], zorder=1)
        )


def _outline(axes: Axes, own: ScoredLayout, positions: Positions, colour: str) -> None:
    """Band under the qubits and the couplings of a placement."""
    place = dict(zip(own.shape.roles, own.layout, strict=True))
    lines = [positions[[place[first], place[second]]] for first, second in own.shape.couplings]
    axes.add_collection(
        LineCollection(lines, colors=colour, linewidths=7, alpha=0.8, capstyle="round", zorder=2)
    )
    x, y = positions[list(own.layout)].T
    axes.scatter(x, y, s=(_DIAMETER + 7) ** 2, c=colour, lw=0, zorder=2)


def _draw_qubits(
    figure: Figure, axes: Axes, target: Target, positions: Positions, best: dict[int, float]
) -> None:
    """Numbered qubits, coloured by the best placement that uses them."""
    count = target.num_qubits
    values = np.array([best.get(qubit, np.nan) for qubit in range(count)])
    finite = values[np.isfinite(values)] if np.isfinite(values).any() else np.zeros(1)
    # A few hopeless placements would take up the whole scale.
    low = float(np.quantile(finite, 0.1))
    scale = mpl.colors.Normalize(low, max(float(finite.max()), low + 1e-9))
    colours = mpl.colormaps["YlGnBu"].with_extremes(bad="white")
    edges = ["#333333" if qubit in best else _DEAD for qubit in range(count)]
    drawn = axes.scatter(
        positions[:, 0], positions[:, 1], s=_DIAMETER**2, c=values, norm=scale, cmap=colours,
        plotnonfinite=True, lw=0.8, edgecolors=edges, zorder=3,
    )  # fmt: skip
    dead = sorted(set(range(count)) - working_qubits(target))
    across, up = positions[dead].T
    axes.scatter(across, up, s=_DIAMETER**2, c=_DEAD, marker="x", lw=1.2, zorder=3)
    for qubit, (x, y) in enumerate(positions):
        colour = "#222222" if qubit in best or qubit in dead else "#888888"
        axes.text(
            x, y, str(qubit), color="white" if scale(values[qubit]) > 0.6 else colour,
            size=6.5, ha="center", va="center_baseline", zorder=4,
        )  # fmt: skip
    bar = figure.colorbar(drawn, cax=figure.add_axes((0.875, 0.25, 0.02, 0.5)), extend="min")
    bar.set_label("predicted gain of the best placement with this qubit (hf)")


def _label(axes: Axes, position: Positions, text: str, colour: str) -> None:
    """Text beside a qubit, clear of its couplings."""
    x, y = position
    axes.text(
        x + 0.2, y + 0.34, text, color=colour, size=10.5, ha="left", va="bottom", zorder=5,
        bbox={"boxstyle": "square,pad=0.05", "fc": "white", "ec": "none"},
    )  # fmt: skip


def _legend(axes: Axes, others: bool) -> None:
    handles = [
        Line2D([], [], color=_BEST, lw=7, label="best placement, its roles"),
        Line2D([], [], color=_OTHER, lw=7, label="next best apart from it, their ranks"),
        Line2D([], [], color=_DEAD, lw=1.6, ls=(0, (1.5, 1.5)), label="dead gate"),
        Line2D([], [], color="none", marker="o", mfc="white", mec=_DEAD, ms=9,
               label="in no placement (×: dead)"),
    ]  # fmt: skip
    axes.legend(
        handles=handles if others else [handles[0], *handles[2:]], loc="upper center",
        bbox_to_anchor=(0.5, 0.0), ncols=4, frameon=False, fontsize=8.5, handlelength=1.6,
    )  # fmt: skip


def _in_quanta(energy: float, frequency: float) -> str:
    return f"{energy / (planck * frequency):+.4f}" if np.isfinite(energy) else "no process"


def _known(number: float) -> float | None:
    return number if np.isfinite(number) else None


def _agreement(scored: Sequence[ScoredLayout]) -> str:
    """How far the error product agrees with the ranking."""
    errors = [own.expected_errors for own in scored]
    fewest = int(np.argmin(errors)) + 1
    text = f"The placement with the fewest expected errors has rank {fewest} of {len(scored)}"
    if len(scored) < 3:
        return f"{text}."
    correlation = spearmanr([-error for error in errors], [own.predicted_gain for own in scored])
    return f"{text}; the rank correlation of the two orders is {correlation.statistic:.2f}."
