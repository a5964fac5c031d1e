"""Preset pass managers of Qiskit's passes and syntheses alone, whatever else is installed.

Qiskit builds each of them from entry points, and loads those of all installed packages: two seconds
of imports, and a circuit could depend on what is installed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.metadata import EntryPoint, distribution
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qiskit.transpiler import PassManager


def preset_pass_manager(optimization_level: int, **options: Any) -> PassManager:
    """Make a preset pass manager from what Qiskit ships.

    Args:
        optimization_level: 0 to 3.
        options: those of ``qiskit.transpiler.generate_preset_pass_manager``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2)
        >>> _ = circuit.cx(0, 1)
        >>> manager = preset_pass_manager(1, basis_gates=["cz", "rz", "sx"])
        >>> manager.run(circuit).count_ops()["cz"]
        1
    """
    from qiskit.transpiler import generate_preset_pass_manager

    with _plugins_of_qiskit():
        return generate_preset_pass_manager(optimization_level, **options)


@contextmanager
def _plugins_of_qiskit() -> Iterator[None]:
    """Show the entry points of Qiskit alone to what looks for its plugins."""
    from stevedore import ExtensionManager

    listed = ExtensionManager.ENTRY_POINT_CACHE
    shown = _entry_points()
    before = {group: listed[group] for group in shown if group in listed}
    listed.update(shown)
    try:
        yield
    finally:
        for group in shown:
            del listed[group]
        listed.update(before)


@cache
def _entry_points() -> dict[str, list[EntryPoint]]:
    """Entry points of Qiskit's package by their group."""
    points: dict[str, list[EntryPoint]] = {}
    for point in distribution("qiskit").entry_points:
        points.setdefault(point.group, []).append(point)
    return points
