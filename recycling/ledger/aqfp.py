"""The classical baseline: adiabatic quantum flux parametrons, which erase a bit near Landauer.

Source: "Landauer-Limited Dissipation in Quantum-Flux-Parametron Logic". Its circuit constants are
lost in print: what is inferred from other digits is labelled so, and nothing else is made up.
"""

from recycling.ledger.logic import LogicalEntropy, logical_entropy
from recycling.ledger.published import PUBLISHED, Point
from recycling.ledger.spread import Chip, WorstDevice, simulate_chip, worst_device
from recycling.ledger.terminate import MeanHeat, mean_terminate_heat, terminate_heat

__all__ = [
    "PUBLISHED",
    "Chip",
    "LogicalEntropy",
    "MeanHeat",
    "Point",
    "WorstDevice",
    "logical_entropy",
    "mean_terminate_heat",
    "simulate_chip",
    "terminate_heat",
    "worst_device",
]
