"""Circuits of thermodynamic recycling: they are built here, and run elsewhere.

Example:
    >>> from recycling.circuits import HHL
    >>> HHL([[2, -1], [-1, 2]]).design.recorded_roles
    ('C_A', 'S', 'B', 'C_I')
"""

from circuits.algorithms.algorithm import Algorithm
from circuits.algorithms.hhl import HHL
from circuits.protocol import recycling_circuit

__all__ = ["HHL", "Algorithm", "recycling_circuit"]
