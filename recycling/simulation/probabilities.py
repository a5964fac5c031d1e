"""Joint probabilities of the recorded bits of jobs, by the exact engine."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from circuits.protocol import ARMS, PREPARATIONS, STAGES
from recycling.devices.device import Device
from recycling.jobs.job import Pub
from recycling.simulation.engine import execute
from recycling.simulation.lower import compile_program


def pub_probabilities(pubs: Sequence[Pub], device: Device) -> list[NDArray[np.float64]]:
    """Joint probabilities of the recorded bits of PUBs.

    Args:
        pubs: circuits compiled for the device.
        device: noise, timing and temperature.

    Returns:
        For each PUB an array of shape (*sweep, 2, …, 2), one axis for each classical bit in order.
    """
    programs = [compile_program(pub.circuit, device, pub.parameters) for pub in pubs]
    return [outcome.probabilities for outcome in execute(programs)]


def protocol_probabilities(pubs: Sequence[Pub], device: Device) -> NDArray[np.float64]:
    """Joint probabilities of the protocol's PUBs.

    Returns:
        Array of shape (arm, stage, preparation, theta_b, basis, flag, S, B, C_I).
    """
    outcomes = np.stack(pub_probabilities(pubs, device))
    return outcomes.reshape(len(ARMS), len(STAGES), len(PREPARATIONS), *outcomes.shape[1:])
