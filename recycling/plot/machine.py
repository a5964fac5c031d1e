"""Figures of what was executed: circuits, schedules, gate times, and energies beside the heat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.ledger.of_run import ledger_of
from recycling.ledger.rows import Ledger
from recycling.plot.panel import panel
from recycling.reporting.ledger_figure import draw_ledger, legend_handles
from recycling.store.directory import Run
from recycling.store.given import run_given

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from qiskit import QuantumCircuit

    from circuits.design import Setting


def circuit(run: Run, setting: Setting | None = None, ax: Axes | None = None) -> Axes:
    """Draw the gates of a compiled circuit of a run, without its delays.

    Args:
        run: opened run of the protocol.
        setting: arm, stage and preparation; None takes the longest circuit.
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: there is no such circuit, or the circuits cannot be read.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.circuit(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_subplotspec() is None
        False
    """
    from recycling.reporting.circuit_figures import draw_circuit

    drawn = _circuit(run, setting)
    with panel(ax, (12, 6), left=0.02, right=0.98) as axes:
        draw_circuit(axes, drawn, run.device)
    return axes


def schedule(run: Run, setting: Setting | None = None, ax: Axes | None = None) -> Axes:
    """Draw each operation of a compiled circuit of a run on the time axis.

    Args:
        run: opened run of the protocol.
        setting: arm, stage and preparation; None takes the longest circuit.
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: there is no such circuit, or the circuits cannot be read.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.schedule(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_xlabel()
        'time (µs)'
    """
    from recycling.reporting.circuit_figures import draw_schedule
    from recycling.reporting.machine_sections import condition_of

    drawn = _circuit(run, setting)
    with panel(ax, (9.5, 3.2), left=0.11, right=0.99, top=0.84, bottom=0.16) as axes:
        axes.grid(False)
        draw_schedule(axes, drawn, run.device, condition_of(run.design))
    return axes


def ledger(what: Run | Ledger, ax: Axes | None = None) -> Axes:
    """Draw the size of every energy beside the heat; open markers are below zero.

    Args:
        what: a finished run, or what ``recycling.ledger_of`` returns.
        ax: axes to draw into; None makes a figure.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.ledger(rc.run("theory", out=f"{folder}/run"))
        >>> axes.get_xlabel()
        'size of the energy (J)'
    """
    found = what if isinstance(what, Ledger) else ledger_of(what)
    height = 0.27 * len(found.rows) + 1.8
    edges = {"left": 0.36, "bottom": 0.75 / height, "top": 1 - 0.7 / height}
    with panel(ax, (6.2, height), right=0.97, **edges) as axes:
        draw_ledger(axes, found)
        axes.legend(handles=legend_handles(found.rows), loc="best", fontsize=7.5)
    return axes


def fig6(run: Run, ladder: str = "x", ax: Axes | None = None) -> Axes:
    """Draw a panel of Fig. 6: the times of jobs over the length of a ladder, and the fit.

    Args:
        run: what ``recycling.latency`` returns.
        ladder: "x" or "feedforward".
        ax: axes to draw into; None makes a figure.

    Raises:
        BadInput: the run measured no such ladder.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     axes = rc.plot.fig6(rc.latency(out=f"{folder}/run", seed=4), "feedforward")
        >>> axes.get_xlabel()
        'number of feedforward rounds'
    """
    from recycling.studies.latency.dataset import latency_results
    from recycling.studies.latency.figure import LENGTHS, draw_times

    if run_given(run).kind != "latency":
        raise BadInput(f"run = {str(run.path)!r} is a {run.kind} run: give one of rc.latency")
    found = {result.times.ladder: result for result in latency_results(run)}
    if ladder not in found:
        raise BadInput(f"ladder = {ladder!r}: give {' or '.join(map(repr, found))}")
    with panel(ax, top=0.9) as axes:
        draw_times(axes, found[ladder], "ab"[list(found).index(ladder)])
        axes.set(xlabel=LENGTHS[ladder], ylabel="time of the job (s)")
    return axes


def _circuit(run: Run, setting: Setting | None) -> QuantumCircuit:
    run = run_given(run)
    if setting is None:
        design = run.design
        (resets,) = (arm.name for arm in design.arms if arm.resets)
        setting = resets, design.stages[-1], design.preparations[-1]
    if setting not in run.circuits:
        raise BadInput(f"setting = {setting!r}: give one of {', '.join(map(str, run.circuits))}")
    return run.circuits[setting]
