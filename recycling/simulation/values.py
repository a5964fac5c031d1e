"""Numbers of a device and of a circuit's parameters, over a sweep, as programs are evaluated with.

Inside of the engine the axes of a sweep are the last ones of every array: first those of the
parameters, then those of the device.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.compilation.times import Times
from recycling.simulation.noise import Channels
from recycling.simulation.numbers import Numbers

if TYPE_CHECKING:
    from recycling.devices.device import Device

#: Channels are made for so many blocks of points at once, since their arrays are small.
TOGETHER = 2
#: Bases of a tomography.
BASES = 3


@dataclass(frozen=True, eq=False)
class Values:
    """Numbers of a device and values of parameters, over a sweep.

    ``parameters`` have all axes of the sweep in the engine's order, (*parameters, *device), or are
    numbers.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> swept = device.replace("swept", temperature=[[0.01], [0.02]])
        >>> values = Values.of(swept, {"basis": [0.0, 0.5, 1.0]})
        >>> values.sweep, values.parameters["basis"].shape
        ((2, 3), (3, 1))
    """

    numbers: Numbers
    parameters: Mapping[str, Any]
    device_sweep: tuple[int, ...]
    parameter_sweep: tuple[int, ...]

    @classmethod
    def of(
        cls,
        device: Device,
        parameters: Mapping[str, Any],
        along: Mapping[str, Any] | None = None,
    ) -> Values:
        """Take the numbers of a device and values of parameters; see ``compile_program``."""
        values = {name: np.asarray(value, float) for name, value in parameters.items()}
        sweep = np.broadcast_shapes(*(value.shape for value in values.values()))
        points = device.sweep
        joint = {name: np.asarray(value, float) for name, value in (along or {}).items()}
        points = np.broadcast_shapes(points, *(value.shape for value in joint.values()))
        axes = len(sweep) + len(points)
        aligned: dict[str, Any] = {
            name: value.reshape((1,) * (axes - value.ndim) + value.shape)
            for name, value in joint.items()
        } | {
            name: value.reshape((1,) * (len(sweep) - value.ndim) + value.shape + (1,) * len(points))
            for name, value in values.items()
        }
        aligned = {
            name: float(value.reshape(())) if value.size == 1 else value
            for name, value in aligned.items()
        }
        return cls(Numbers.of(device, len(points)), aligned, points, sweep)

    @property
    def sweep(self) -> tuple[int, ...]:
        """Shape of the sweep, the device's axes first."""
        return self.device_sweep + self.parameter_sweep

    def outwards(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Bring the axes of a final state (*kept, *parameters, *device) into a result's order.

        Returns:
            View with the axes (*device, *parameters, *kept).
        """
        kept = tensor.ndim - len(self.sweep)
        inner = kept + len(self.parameter_sweep)
        order = (*range(inner, tensor.ndim), *range(kept, inner), *range(kept))
        return tensor.transpose(order)

    def channels(self, times: Times, xp: Any, dtype: Any) -> Channels:
        """Channels over the sweep, in a namespace."""

        def moved(array: Any) -> Any:
            return xp.asarray(array, dtype=dtype)

        parameters = {
            name: value if isinstance(value, float) else moved(value)
            for name, value in self.parameters.items()
        }
        return Channels(self.numbers.map(moved), times, parameters, xp)

    def parts(self, points: int) -> Iterator[tuple[Values, list[slice]]]:
        """Parts of the last axis of the device's sweep, each with blocks of about so many points.

        The places of a block are given within its part.
        """
        length = self.device_sweep[-1] if self.device_sweep else 1
        # Of the parameters, those of a basis turn the last gates alone.
        others = prod(self.device_sweep[:-1]) * max(1, prod(self.parameter_sweep) // BASES)
        block = max(1, points // others)
        for first in range(0, length, TOGETHER * block):
            part = slice(first, min(first + TOGETHER * block, length))
            size = part.stop - part.start
            blocks = [slice(at, min(at + block, size)) for at in range(0, size, block)]
            yield self if size == length else self._cut(part), blocks

    def _cut(self, part: slice) -> Values:
        def cut(array: Any) -> Any:
            return array[..., part] if np.ndim(array) and array.shape[-1] > 1 else array

        parameters = {name: cut(value) for name, value in self.parameters.items()}
        sweep = (*self.device_sweep[:-1], part.stop - part.start)
        return Values(self.numbers.map(cut), parameters, sweep, self.parameter_sweep)
