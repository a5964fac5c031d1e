"""The stage of a cryostat that a device sits on: its numbers, carried to another temperature.

A device is calibrated at one temperature T_c. At T it has

* Γ1(T) = Γ1(T_c) tanh(hf/2kT_c)/tanh(hf/2kT) with a bath of bosons, the law of dielectric loss
  (Smith et al., npj Quantum Information 6, 8 (2020)), or Γ1(T_c) with a bath of two-level systems
  that saturate,
* Γφ(T) = Γφ(T_c) + η tan δ k(T − T_c)/ħ, where Γφ = 1/T2 − Γ1/2,
* thermal starts at T,
* gates whose relaxation is that of T. The other part of a calibrated error, depolarization, is the
  control's and stays.

So it keeps detailed balance and T2 ≤ 2 T1. docs/stage.md has sources and limits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from recycling.devices.channels import (
    depolarizing_strength,
    gate_error,
    tensor_channel,
    thermal_relaxation_channel,
)
from recycling.devices.constants import boltzmann, hbar, planck
from recycling.devices.device import Device
from recycling.devices.gates import Gates
from recycling.errors import BadInput, require

Real = NDArray[np.float64]
#: What relaxes a qubit: bosons, as in a lossy dielectric, or two-level systems that saturate.
BathKind = Literal["boson", "tls"]
#: Part of Γφ(T_c) that counts as zero: 1/T2 − 1/2T1 of a T2 that is 2 T1 is rounded.
_ROUNDING = 8 * np.finfo(float).eps


@dataclass(frozen=True)
class Stage:
    """A stage, by the temperature of the calibration and the loss of its dielectrics.

    Attributes:
        calibrated_at: temperature T_c at which the numbers of a device hold, K.
        loss_tangent: tan δ, which sets how fast dephasing grows with temperature; a number, or an
            array that broadcasts against the times, such as (sweep, 1).
        bath: "boson" or "tls".
        dephasing_prefactor: η.

    Raises:
        BadInput: a number is negative or not finite, or the bath is unknown.

    Example:
        T1 and T2 of the paper's bath qubit at 43 mK, carried to 1 K, in µs:

        >>> stage = Stage(calibrated_at=0.043, loss_tangent=1e-7)
        >>> t1, t2 = stage.times(397e-6, 180.508736e-6, frequency=5e9, temperature=1.0)
        >>> f"{t1 * 1e6:.3f} {t2 * 1e6:.3f}"
        '47.764 65.041'
    """

    calibrated_at: float
    loss_tangent: float | Real
    bath: BathKind = "boson"
    dephasing_prefactor: float = 0.05

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_numbers("stage.calibrated_at", self.calibrated_at, "K")
        check_numbers("stage.loss_tangent", self.loss_tangent, zero=True)
        check_numbers("stage.dephasing_prefactor", self.dephasing_prefactor, zero=True)
        if self.bath not in get_args(BathKind):
            raise BadInput(f"stage.bath = {self.bath!r}: give 'boson' or 'tls'")

    def times(
        self, t1: ArrayLike, t2: ArrayLike, frequency: ArrayLike, temperature: ArrayLike
    ) -> tuple[Real, Real]:
        """Carry T1 and T2 to a temperature.

        Args:
            t1: T1 at the calibration, s; infinite for none. All arrays broadcast.
            t2: T2 at the calibration, s, at most 2 t1.
            frequency: Hz.
            temperature: K.

        Returns:
            T1 and T2 at the temperature, s (arrays of shape (...), numbers for numbers); those
            given where it is the temperature of the calibration.

        Raises:
            BadInput: a number is not above 0, T2 > 2 T1, or the calibrated T2 leaves no room for
                the loss tangent: less dephasing than there is would have to go.

        Example:
            >>> Stage(0.02, 1e-7, bath="tls").times(1e-4, 2e-4, 5e9, [0.02, 0.2])[1].round(7)
            array([0.0002   , 0.0001954])
        """
        check_numbers("t1", t1, "s", finite=False)
        check_numbers("t2", t2, "s", finite=False)
        check_numbers("frequency", frequency, "Hz")
        check_numbers("temperature", temperature, "K")
        t1, t2, frequency, temperature, loss = np.broadcast_arrays(
            *(np.asarray(a, float) for a in (t1, t2, frequency, temperature, self.loss_tangent))
        )
        for place in np.argwhere(t2 > 2 * t1)[:1]:
            raise BadInput(
                f"t2 = {t2[tuple(place)]:.6g} s is above 2 t1 = {2 * t1[tuple(place)]:.6g} s: give "
                "t2 ≤ 2 t1"
            )
        relaxation, dephasing = self._rates(t1, t2, frequency, temperature, loss)
        with np.errstate(divide="ignore"):
            longer = 1 / relaxation
            coherence = np.minimum(1 / (relaxation / 2 + dephasing), 2 * longer)
        unchanged = temperature == self.calibrated_at
        return np.where(unchanged, t1, longer)[()], np.where(unchanged, t2, coherence)[()]

    def _rates(
        self, t1: Real, t2: Real, frequency: Real, temperature: Real, loss: Real
    ) -> tuple[Real, Real]:
        """Γ1 and Γφ at the temperature, 1/s."""
        relaxation = 1 / t1
        dephasing = 1 / t2 - relaxation / 2
        dephasing = np.where(np.abs(dephasing) <= _ROUNDING / t2, 0.0, dephasing)
        added = (
            self.dephasing_prefactor * loss * boltzmann * (temperature - self.calibrated_at) / hbar
        )
        total = dephasing + added
        total = np.where(np.abs(total) <= _ROUNDING * (np.abs(added) + 1 / t2), 0.0, total)
        for place in np.argwhere(total < 0)[:1]:
            at = tuple(place)
            raise BadInput(
                f"stage.loss_tangent = {loss[at]:g}: T2 = {t2[at] * 1e6:.6g} µs at "
                f"{in_kelvin(self.calibrated_at)} leaves no room for it: from there to "
                f"{in_kelvin(temperature[at])} dephasing falls by {-added[at]:.4g} 1/s, of "
                f"{dephasing[at]:.4g}; give a smaller one, or a higher temperature"
            )
        if self.bath == "boson":
            half = planck * frequency / (2 * boltzmann)
            cold, warm = np.tanh(half / self.calibrated_at), np.tanh(half / temperature)
            relaxation = relaxation * cold / warm
        return relaxation, total

    def carried(self, device: Device, temperature: float | Real) -> Device:
        """Carry a device that is calibrated at ``calibrated_at`` to a temperature.

        T1, T2, the thermal starts and the gates' errors change; frequencies, durations and readout
        stay.

        Args:
            device: the device, at one point or over a sweep.
            temperature: K; a number, or one for each point of a sweep (array of shape (*sweep, 1)).

        Returns:
            The device at the temperature, over the sweep of all numbers together; the same device
            where that is the temperature of the calibration.

        Raises:
            BadInput: as in ``times``.

        Example:
            >>> from recycling.devices.profiles import ideal_device, override_device
            >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
            >>> device = override_device(ideal, t1=2e-4, t2=1e-4)
            >>> warm = Stage(0.043, loss_tangent=1e-7).carried(device, 1.0)
            >>> warm.t1.round(7).tolist(), warm.source("t1", "B")
            ([2.41e-05, 2.41e-05], 'carried from 43 mK to 1 K (modelled): given in the spec')
        """
        if np.ndim(temperature) == 0 and temperature == self.calibrated_at:
            return device
        t1, t2 = self.times(device.t1, device.t2, device.frequency, temperature)
        carried = device.replace(
            "given for the stage",
            t1=t1,
            t2=t2,
            temperature=temperature,
            gates=self._gates(device, t1, t2, temperature),
        )
        end = in_kelvin(float(temperature)) if np.ndim(temperature) == 0 else "each temperature"
        text = f"carried from {in_kelvin(self.calibrated_at)} to {end} (modelled)"
        modelled = {
            key: f"{text}: {source}"
            for key, source in device.sources.items()
            if key.split("[")[0] in ("t1", "t2", "gates")
        }
        return carried.model_copy(update={"sources": carried.sources | modelled})

    def words(self, temperature: float) -> str:
        """Say in a line what is carried to a temperature in K.

        Example:
            >>> Stage(calibrated_at=0.043, loss_tangent=1e-7).words(1.0)
            'calibrated at 43 mK, carried to 1 K (modelled: boson bath, tan δ = 1e-07, η = 0.05)'
        """
        return (
            f"calibrated at {in_kelvin(self.calibrated_at)}, carried to {in_kelvin(temperature)} "
            f"(modelled: {self.bath} bath, tan δ = {self.loss_tangent:g}, "
            f"η = {self.dephasing_prefactor:g})"
        )

    def _gates(self, device: Device, t1: Real, t2: Real, temperature: float | Real) -> Gates:
        """Gates whose depolarizing part stays, and whose relaxation is that of new times."""
        gates = device.gates
        sweep = np.broadcast_shapes(
            t1.shape[:-1], gates.durations.shape[:-1], gates.errors.shape[:-1]
        )
        errors = np.array(np.broadcast_to(gates.errors, (*sweep, len(gates))))
        for size in {len(qubits) for qubits in gates.qubits}:
            places = [place for place, qubits in enumerate(gates.qubits) if len(qubits) == size]
            qubits = np.array([gates.qubits[place] for place in places]).T
            durations = gates.durations[..., places]
            calibrated = _relaxation(durations, device.t1, device.t2, qubits)
            strength = depolarizing_strength(gates.errors[..., places], calibrated)
            errors[..., places] = gate_error(strength, _relaxation(durations, t1, t2, qubits))
        unchanged = np.asarray(temperature) == self.calibrated_at
        return replace(gates, errors=np.where(unchanged, gates.errors, errors))


def in_kelvin(temperature: float, digits: int = 6) -> str:
    """Write a temperature in mK or K, with so many digits at most.

    Example:
        >>> in_kelvin(0.043), in_kelvin(4.2), in_kelvin(0.59184, digits=3)
        ('43 mK', '4.2 K', '592 mK')
    """
    rounded = float(f"{temperature:.{digits}g}")
    return f"{rounded * 1e3:g} mK" if rounded < 1 else f"{rounded:g} K"


def _relaxation(durations: Real, t1: Real, t2: Real, qubits: NDArray[np.intp]) -> Real:
    """PTMs of the relaxation during gates on some qubits (array of shape (*sweep, gate, d², d²)).

    ``qubits`` are the first, and perhaps the second, qubit of each gate. What a qubit relaxes to
    does not count: it is in no trace.
    """
    channels = [
        thermal_relaxation_channel(durations, t1[..., each], t2[..., each], excited_population=0)
        for each in qubits
    ]
    return channels[0] if len(channels) == 1 else tensor_channel(*channels)


def check_numbers(
    field: str, value: ArrayLike, unit: str = "", *, zero: bool = False, finite: bool = True
) -> None:
    """Check that numbers are above 0, or at least 0, and finite.

    Raises:
        BadInput: one is not; the line names the first.

    Example:
        >>> check_numbers("loss_tangent", [1e-7, 0.0], zero=True)
        >>> check_numbers("temperature", [0.04, -1.0], "K")
        Traceback (most recent call last):
        recycling.errors.BadInput: temperature = -1 K: give a finite number above 0
    """
    array = np.asarray(value, dtype=float)
    good = (array >= 0 if zero else array > 0) & (np.isfinite(array) | (not finite))
    words = ("a finite number" if finite else "a number") + (", 0 or more" if zero else " above 0")
    require(field, array, good, f"give {words}", unit=unit)
