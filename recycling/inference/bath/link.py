"""The heat that a recycled state leaves in the link which brings it to the bath."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recycling.thermodynamics import Bath, binary_entropy, gain_from

Real = NDArray[np.float64]


@dataclass(frozen=True)
class LinkChannel:
    """A link as a channel on a qubit: generalised amplitude damping, and dephasing.

    The excited population becomes η P1 + (1 - η) p_eq, the coherence is multiplied by a factor.

    Attributes:
        transmissivity: η, 0 to 1. At 0 the state that was sent cannot be known.
        population: p_eq, the excited population of the state that the link leaves as it is.
        coherence: factor of the coherence, 0 to √η.

    Example:
        >>> link = LinkChannel(transmissivity=0.675, population=6e-6, coherence=0.7365)
        >>> link.sent(np.array([0.25, 0.3375])).round(3).tolist()
        [0.37, 0.5]
    """

    transmissivity: float
    population: float
    coherence: float

    @property
    def lost(self) -> float:
        """Quanta that are lost for each one that arrives, (1 - η)/η; NaN at η = 0."""
        received = self.transmissivity
        return (1 - received) / received if received > 0 else float("nan")

    def sent(self, excited: Real) -> Real:
        """Excited population before the link, (P1 - (1 - η) p_eq)/η, of those after it."""
        return np.asarray(excited + self.lost * (excited - self.population))

    def received(self, excited: Real) -> Real:
        """Excited population after the link, η P1 + (1 - η) p_eq, of those before it."""
        return np.asarray(self.population + self.transmissivity * (excited - self.population))

    def heat(self, excited: Real, quantum: float | Real) -> Real:
        """Heat that the state left in the link, hf (P1 before - P1 after), J.

        Args:
            excited: excited population after the link (array of shape (...)).
            quantum: energy hf of the bath (number, or array that broadcasts against (...)), J.

        Example:
            >>> link = LinkChannel(transmissivity=0.5, population=0.0, coherence=0.7)
            >>> link.heat(np.array([0.25]), quantum=3.3e-24).tolist()
            [8.25e-25]
        """
        return quantum * self.lost * (excited - self.population)


#: No link: nothing is lost.
NO_LINK = LinkChannel(transmissivity=1.0, population=0.0, coherence=1.0)


def link_gain(entropy_decrease: Real, bath: Bath, link: LinkChannel) -> Real:
    """Gain of a *thermal* qubit bath at T0 after a link, J: what a cold link makes alone.

    Args:
        entropy_decrease: ΔS (array of shape (...)), nats.
        bath: the bath, with its temperature T0.
        link: the link.

    Example:
        >>> link = LinkChannel(transmissivity=0.675, population=6.16e-6, coherence=0.7365)
        >>> alone = link_gain(np.array([0.651677]), Bath.qubit(), link)
        >>> [f"{gain / Bath.qubit().energies[1]:.4f} hf" for gain in alone]
        ['0.0161 hf']
    """
    quantum = float(bath.energies[-1] - bath.energies[0])
    thermal = np.asarray(float(bath.mean_energy()) / quantum)
    arrived = link.received(thermal)
    return np.asarray(gain_from(entropy_decrease, bath, binary_entropy(arrived), quantum * arrived))
