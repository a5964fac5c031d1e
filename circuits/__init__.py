"""Circuits of thermodynamic recycling: they are built here, and run elsewhere."""

from circuits.algorithms.algorithm import Algorithm
from circuits.algorithms.hhl import HHL
from circuits.protocol import recycling_circuit

__all__ = ["HHL", "Algorithm", "recycling_circuit"]
