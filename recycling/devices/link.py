"""A photonic link as one channel on a qubit: loss, thermal photons, dephasing.

Source: the six requirements of a link between cryostats (low loss, low thermal noise, impedance
matching, phase stability, wave-packet shaping, time synchronisation), each a parameter here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.devices.link_checks import check_link, line_of
from recycling.devices.link_metrics import LinkMetrics, link_metrics
from recycling.devices.photons import (
    Number,
    Real,
    Segment,
    absorbed_in_time,
    along_line,
    passed_of_decibels,
)
from recycling.errors import BadInput

States: TypeAlias = NDArray[np.complex128]

#: Thermal photons above which a qubit channel is no good stand-in for a bosonic mode.
MOST_PHOTONS = 0.05
#: Frequency of a link that has none and is on no bath, Hz: that of the paper's bath.
USUAL_FREQUENCY = 5e9


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """A link that a qubit's state crosses as a photon.

    Numbers may be arrays that broadcast against each other. All lumped losses come first, at
    ``temperature``; then the segments in their order.

    Args:
        transmissivity: of the power, lumped, 0 to 1.
        segments: a line: (length in m, loss in dB/m, temperature in K) of each piece.
        insertion_loss: of connectors and circulators, dB.
        return_loss: dB; infinite without reflection.
        mode_overlap: power that the receiver absorbs of a wave packet of this shape, 0 to 1.
        timing_offset: of the receiver against the photon, s.
        bandwidth: κ of the photon's sech envelope, 1/s; needed with a timing offset.
        coherence: factor on the coherence, besides that of the loss, 0 to 1.
        phase_rms: standard deviation of the phase, rad.
        temperature: of the lumped losses, K.
        frequency: of the photons, Hz; None: that of the bath, see ``on``.
        delay: time of flight, s: so long the qubit waits, and relaxes, before the channel acts.
        usual_frequency: frequency where neither the link nor a bath gives one, Hz.
        relaxation: True for a qubit that relaxes in place of a photon: without the factor G⁻²,
            which stands for the mode's higher levels.

    Raises:
        BadInput: a number is out of range, or a timing offset has no bandwidth.

    Example:
        >>> link = Link(segments=[(5.0, 0.1, 0.02), (25.0, 0.001, 0.1)], coherence=0.95)
        >>> round(float(link.total_transmissivity), 4), f"{link.thermal_photons:.4f}"
        (0.8861, '0.0050')
        >>> link.kraus().shape
        (4, 2, 2)
    """

    transmissivity: Number = 1.0
    segments: tuple[Segment, ...] = ()
    insertion_loss: Number = 0.0
    return_loss: Number = np.inf
    mode_overlap: Number = 1.0
    timing_offset: Number = 0.0
    bandwidth: Number = 0.0
    coherence: Number = 1.0
    phase_rms: Number = 0.0
    temperature: Number = 0.02
    frequency: Number | None = None
    delay: Number = 0.0
    usual_frequency: Number = USUAL_FREQUENCY
    relaxation: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "segments", line_of(self.segments))
        check_link(self)

    def on(self, frequency: float) -> Link:
        """The same link for a bath: photons without a frequency get that of the bath, Hz.

        Example:
            >>> link = Link(transmissivity=0.5, temperature=0.1)
            >>> [f"{each.thermal_photons:.3f}" for each in (link, link.on(7e9))]
            ['0.100', '0.036']
        """
        return replace(self, frequency=frequency) if self.frequency is None else self

    @property
    def total_transmissivity(self) -> Number:
        """Transmissivity η of all losses together."""
        return cast(Number, self._along()[0][()])

    @property
    def added_photons(self) -> Number:
        """Photons n_added that the link puts where nothing is sent: (1 - η) n."""
        return cast(Number, self._along()[2][()])

    @property
    def thermal_photons(self) -> Number:
        """Photon number n that the link mixes in; 0 for a lossless link, which mixes in none."""
        _, loss, added = self._along()
        return cast(Number, np.divide(added, np.where(loss == 0, 1, loss))[()])

    @property
    def thermal_population(self) -> Number:
        """Excited population n/(1 + 2n) of the qubit that a link of η = 0 leaves."""
        photons = self.thermal_photons
        return photons / (1 + 2 * photons)

    @property
    def coherence_factor(self) -> Number:
        """Factor √η c exp(-φ²/2) G⁻² on the off-diagonal element, with G = 1 + n_added."""
        dephasing = np.exp(-(np.asarray(self.phase_rms, dtype=float) ** 2) / 2)
        gain = 1 + np.asarray(0.0 if self.relaxation else self.added_photons)
        kept = np.sqrt(self.total_transmissivity) * np.asarray(self.coherence, dtype=float)
        return cast(Number, (kept * dephasing / gain**2)[()])

    @property
    def is_hot(self) -> bool:
        """Whether it mixes in more photons than a qubit channel describes well."""
        return not self.relaxation and bool(np.any(np.asarray(self.thermal_photons) > MOST_PHOTONS))

    @property
    def warning(self) -> str:
        """One line about a link with more thermal photons than this model describes; else empty.

        Example:
            >>> Link(transmissivity=0.5, temperature=0.1).warning
            '0.0998 thermal photons, above 0.05: a qubit channel is no good model of it'
        """
        if not self.is_hot:
            return ""
        photons = float(np.max(self.thermal_photons))
        return (
            f"{photons:.3g} thermal photons, above {MOST_PHOTONS:g}: a qubit channel is no good "
            "model of it"
        )

    def transmit(self, state: ArrayLike) -> States:
        """State after the link of a qubit state before it (array of shape (..., 2, 2)).

        Example:
            >>> Link(transmissivity=0.25).transmit([[0.5, 0.5], [0.5, 0.5]]).real.round(3)
            array([[0.875, 0.25 ],
                   [0.25 , 0.125]])
        """
        rho = np.asarray(state, dtype=np.complex128)
        if rho.shape[-2:] != (2, 2):
            raise BadInput(f"state has the shape {rho.shape}: give states of a qubit, (..., 2, 2)")
        up, down = self._rates()
        ground = (1 - up) * rho[..., 0, 0] + down * rho[..., 1, 1]
        excited = up * rho[..., 0, 0] + (1 - down) * rho[..., 1, 1]
        factor = self.coherence_factor
        off, conjugate = factor * rho[..., 0, 1], factor * rho[..., 1, 0]
        rows = np.broadcast_arrays(ground, off, conjugate, excited)
        return np.stack(rows, axis=-1).reshape(*np.shape(rows[0]), 2, 2)

    def kraus(self) -> States:
        """Kraus operators of the channel (array of shape (..., 4, 2, 2)).

        Example:
            >>> operators = Link(transmissivity=0.5, temperature=0.1).kraus()
            >>> np.abs(sum(K.conj().T @ K for K in operators) - np.eye(2)).max() < 1e-15
            np.True_
        """
        up, down = self._rates()
        factor = np.asarray(self.coherence_factor)
        up, down, factor = np.broadcast_arrays(up, down, factor)
        operators = np.zeros((*up.shape, 4, 2, 2), dtype=np.complex128)
        kept = np.sqrt(1 - up)  # up is below 1/2
        operators[..., 0, 0, 0], operators[..., 0, 1, 1] = kept, factor / kept
        # s² ≤ (1 - up)(1 - down) for any η and c; below zero there is rounding only.
        operators[..., 1, 1, 1] = np.sqrt(np.maximum(1 - down - (factor / kept) ** 2, 0))
        operators[..., 2, 1, 0], operators[..., 3, 0, 1] = np.sqrt(up), np.sqrt(down)
        return operators

    def metrics(self) -> LinkMetrics:
        """Fidelities, concurrence and CHSH of the link.

        Example:
            >>> metrics = Link(transmissivity=0.675, coherence=0.896, temperature=0.01).metrics()
            >>> f"{metrics.state_fidelity:.3f}, {metrics.bell_fidelity:.3f}, {metrics.chsh:.2f}"
            '0.858, 0.787, 2.08'
        """
        kept = np.asarray(self.total_transmissivity)
        factor = np.asarray(self.coherence_factor)
        up, down = self._rates()
        return link_metrics(kept, factor, up, down)

    def _rates(self) -> tuple[Real, Real]:
        """Probabilities of |0⟩ → |1⟩ and of |1⟩ → |0⟩."""
        loss, population = self._along()[1], np.asarray(self.thermal_population)
        return loss * population, loss * (1 - population)

    def _along(self) -> tuple[Real, Real, Real]:
        """Transmissivity η, loss 1 - η and added photons after all losses in their order."""
        reflected = passed_of_decibels(self.return_loss)
        absorbed = self.mode_overlap * absorbed_in_time(self.timing_offset, self.bandwidth)
        passed = passed_of_decibels(self.insertion_loss) * (1 - reflected) * absorbed
        frequency = self.usual_frequency if self.frequency is None else self.frequency
        lumped = np.asarray(np.asarray(self.transmissivity, dtype=float) * passed)
        return along_line(lumped, self.segments, self.temperature, frequency)
