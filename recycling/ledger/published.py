"""Energies of other erasures and operations, to stand beside the heat of a run."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Literal

from scipy.constants import k as boltzmann

from recycling.ledger.terminate import mean_terminate_heat

#: Temperature of the classical gates, K. It is lost in print, and inferred from other digits.
AQFP_TEMPERATURE = 4.2
#: Temperature of the bath of arXiv:2601.07522, K.
_BATH_TEMPERATURE = 0.043


@dataclass(frozen=True)
class Point:
    """An energy of another erasure or operation.

    Attributes:
        name: what it is the energy of.
        energy: J.
        per: what it is the energy per.
        temperature: temperature of what dissipates it, K.
        source: where the number comes from, in words.
        kind: "published" where a document prints the energy, "inferred" where an input of it was
            inferred from other digits, "modelled" where it is computed from a model.
    """

    name: str
    energy: float
    per: Literal["bit", "operation"]
    temperature: float
    source: str
    kind: Literal["published", "inferred", "modelled"]


_IDEAL = boltzmann * AQFP_TEMPERATURE * log(2)

#: Points of comparison, the classical gates first.
PUBLISHED = (
    Point(
        "aQFP ideal", _IDEAL, "bit", AQFP_TEMPERATURE,
        "kT ln 2 of the terminate gate; 4.2 K is inferred (aQFP document)", "inferred",
    ),
    Point(
        "aQFP 1 % spread", float(mean_terminate_heat(0.01).population_mean) * _IDEAL, "bit",
        AQFP_TEMPERATURE,
        "population mean 6.735 kT ln 2; barrier 71 ln 10 kT, junction failure at 10 % and 4.2 K "
        "are inferred (aQFP document)", "inferred",
    ),
    Point(
        "MANA processor", 1.4e-21, "operation", AQFP_TEMPERATURE,
        "1.4 zJ an operation (Ayala et al., IEEE J. Solid-State Circuits 56, 1152, 2020); 4.2 K is "
        "inferred; an operation is not an erased bit", "published",
    ),
    Point(
        "qubit SWAP thermal bath", 1.40e-24, "bit", _BATH_TEMPERATURE,
        "theory of arXiv:2601.07522 at 5 GHz, 43 mK, p_x = 0.4, without noise", "modelled",
    ),
    Point(
        "qubit SWAP recycled bath", -3.5e-25, "bit", _BATH_TEMPERATURE,
        "theory of arXiv:2601.07522 at 5 GHz, 43 mK, p_x = 0.4, θ_b = π/4, without noise; heat is "
        "taken from the bath", "modelled",
    ),
)  # fmt: skip
