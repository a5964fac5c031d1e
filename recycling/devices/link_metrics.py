"""How well a link transmits states and entanglement."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recycling.devices.photons import Number, Real


@dataclass(frozen=True)
class LinkMetrics:
    """How well a link transmits states and entanglement (arrays of the link's shape).

    ``state_fidelity`` is the mean over all pure states, ``process_fidelity`` that of the channel
    with the identity, ``bell_fidelity`` that of a Bell pair of which a half is sent;
    ``concurrence`` (Wootters) and the largest ``chsh`` (Horodecki) are those of the same pair.
    """

    state_fidelity: Number
    process_fidelity: Number
    bell_fidelity: Number
    concurrence: Number
    chsh: Number


def link_metrics(kept: Real, factor: Real, up: Real, down: Real) -> LinkMetrics:
    """Metrics of a qubit channel with population decay and a factor on the coherence.

    A Bell pair of which a half was sent has an X-shaped density matrix, hence closed forms.

    Args:
        kept: transmissivity η, which is 1 - up - down.
        factor: factor s on the off-diagonal element.
        up: probability of |0⟩ → |1⟩.
        down: probability of |1⟩ → |0⟩.

    Example:
        >>> one, zero = np.array(1.0), np.array(0.0)
        >>> f"{link_metrics(one, one, zero, zero).chsh:.4f}"  # Tsirelson's bound
        '2.8284'
    """
    bell = (1 + kept + 2 * factor) / 4
    return LinkMetrics(
        state_fidelity=((2 * bell + 1) / 3)[()],
        process_fidelity=bell[()],
        bell_fidelity=bell[()],
        concurrence=np.maximum(0, factor - np.sqrt(up * down))[()],
        chsh=2 * np.sqrt(factor**2 + np.maximum(factor, kept) ** 2)[()],
    )
