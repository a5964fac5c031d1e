"""A link made of waiting: the bath relaxes for as long as its photon loss would take."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from recycling.devices.link import Link
from recycling.errors import BadInput

if TYPE_CHECKING:
    from recycling.devices.device import Device

#: Delays of a Heron start and end on multiples of so many dt.
ALIGNMENT = 16
#: Longest wait within a shot, s: services take no longer circuits.
LONGEST_WAIT = 0.1


def idle_wait(transmissivity: float, device: Device) -> float:
    """Wait t = -T1 ln η of B that loses as much as a link, in whole steps of the device, s.

    Raises:
        BadInput: B does not relax, or it would have to wait too long.

    Example:
        >>> from recycling.devices.profiles import ideal_device, override_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9)
        >>> device = override_device(ideal, t1=397e-6, t2=180.5e-6)
        >>> f"{idle_wait(0.675, device) * 1e6:.1f} µs"
        '156.0 µs'
    """
    t1 = float(device.t1[device.roles.index("B")])
    if transmissivity == 1:
        return 0.0
    if not np.isfinite(t1):
        raise BadInput(
            "link.realisation = 'idle': B of this device does not relax; give 'channel', or "
            "device.t1"
        )
    wait = -t1 * np.log(transmissivity)
    if wait > LONGEST_WAIT:
        raise BadInput(
            f"link.realisation = 'idle': B would wait {wait:.3g} s for η = {transmissivity:.3g}; "
            f"give a link that needs {LONGEST_WAIT:g} s or less, or 'channel'"
        )
    return aligned(wait, device)


def aligned(wait: float, device: Device) -> float:
    """Round a wait to whole steps of ``ALIGNMENT`` dt of a device, s; a short one is none.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9)
        >>> heron = device.replace("example", dt=4e-9)
        >>> [f"{aligned(wait, heron) * 1e9:.0f} ns" for wait in (28e-9, 1e-6)]
        ['0 ns', '1024 ns']
    """
    step = ALIGNMENT * device.dt
    return float(round(wait / step) * step)


def link_of_wait(wait: float, t1: float, t2: float, temperature: float, frequency: float) -> Link:
    """Link that a wait makes: η = exp(-t/T1), c = exp(-t/T2)/√η, thermal at its end.

    Args:
        wait: time that the bath waits, s.
        t1: T1 of the bath, s.
        t2: T2 of the bath, s, at most 2 T1.
        temperature: that the bath relaxes to, K.
        frequency: of the bath, Hz.

    Example:
        >>> link = link_of_wait(156e-6, 397e-6, 180.5e-6, temperature=0.043, frequency=5e9)
        >>> f"η = {link.total_transmissivity:.3f}, c = {link.coherence:.3f}"
        'η = 0.675, c = 0.513'
    """
    kept = np.exp(-wait / t1)
    coherence = np.exp(wait / (2 * t1) - wait / t2)
    return Link(
        transmissivity=float(kept),
        coherence=float(min(coherence, 1)),  # rounding, with T2 = 2 T1
        temperature=temperature,
        frequency=frequency,
        relaxation=True,
    )


def link_made(wait: float, device: Device) -> Link:
    """Link that a wait of B makes on a device, by its T1, T2 and temperature.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> link_made(1e-4, ideal_device(temperature=0.043, frequency=5e9)).total_transmissivity
        np.float64(1.0)
    """
    bath = device.roles.index("B")
    temperatures = np.broadcast_to(device.temperature, len(device.roles))
    t1, t2 = float(device.t1[bath]), float(device.t2[bath])
    return link_of_wait(wait, t1, t2, float(temperatures[bath]), float(device.frequency[bath]))
