"""Thermodynamics of a finite bath: Gibbs states, entropies, and the bounds on erasure heat."""

from recycling.thermodynamics._arrays import Floats, as_floats, as_scalar, namespace_of
from recycling.thermodynamics.bath import Bath
from recycling.thermodynamics.bounds import (
    athermal_bound,
    athermal_bound_from,
    gain,
    gain_between,
    gain_from,
    landauer_bound,
    tight_bound,
)
from recycling.thermodynamics.branches import BranchGains, branch_gains, max_bath_entropy
from recycling.thermodynamics.entropy import binary_entropy, von_neumann_entropy
from recycling.thermodynamics.qubits import QubitBaths, ThermalBath
from recycling.thermodynamics.records import record_break_even, record_cost
from recycling.thermodynamics.resources import ergotropy, free_energy, free_energy_from

__all__ = [
    "Bath",
    "BranchGains",
    "Floats",
    "QubitBaths",
    "ThermalBath",
    "as_floats",
    "as_scalar",
    "athermal_bound",
    "athermal_bound_from",
    "binary_entropy",
    "branch_gains",
    "ergotropy",
    "free_energy",
    "free_energy_from",
    "gain",
    "gain_between",
    "gain_from",
    "landauer_bound",
    "max_bath_entropy",
    "namespace_of",
    "record_break_even",
    "record_cost",
    "tight_bound",
    "von_neumann_entropy",
]
