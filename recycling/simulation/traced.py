"""Programs as pure functions of numbers, which libraries can trace, compile or differentiate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.extras import is_missing
from recycling.simulation.detunings import averaged
from recycling.simulation.evolution import Tree, evolve, nothing
from recycling.simulation.noise import Channels
from recycling.simulation.numbers import SETTINGS, Numbers
from recycling.simulation.program import Program
from recycling.simulation.state import State
from recycling.simulation.values import Values

#: Points that are evaluated at a time where detunings are averaged over.
NODES_TOGETHER = 8192
#: Maps numbers of a device and values of parameters to a tensor (*bits, *qubits, *sweep) for each
#: program.
Records = Callable[[Numbers, Mapping[str, Any]], list[Any]]


def records_of(
    programs: Sequence[Program], xp: Any, *, sweep_axes: int = 0, dtype: Any = None
) -> Records:
    """Make the function from numbers to the joint probabilities of the records.

    Args:
        programs: programs that share their times.
        xp: namespace of the arrays.
        sweep_axes: number of axes of the sweep, which every array of the numbers and parameters
            has, of length 1 where it is constant.
        dtype: of the state, by default float64.

    Example:
        The derivative of a population by T1:

        >>> import jax
        >>> from dataclasses import replace
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.lower import lower
        >>> jnp = traced_library()
        >>> device = ideal_device(temperature=0.01, frequency=5e9, roles=("B",))
        >>> device = device.replace("example", t1=(1e-4,), t2=(1e-4,))
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.delay(100, 0, unit="us")
        >>> _ = circuit.measure(0, 0)
        >>> records = records_of([lower(circuit, device)], jnp)
        >>> numbers = Numbers.of(device)
        >>> def excited(t1):
        ...     return records(replace(numbers, t1=(t1,)), {})[0][1]
        >>> round(float(jax.grad(excited)(1e-4)), 1)  # e⁻¹/T1
        3678.8
    """
    tree, times = Tree.of(programs), programs[0].times
    kind = xp.float64 if dtype is None else dtype

    def records(numbers: Numbers, parameters: Mapping[str, Any]) -> list[Any]:
        channels = Channels(numbers, times, parameters, xp)
        tensors: dict[int, Any] = {}

        def receive(index: int, state: State) -> None:
            program = programs[index]
            bits = (("bit", bit) for bit in program.bits)
            qubits = (("qubit", qubit) for qubit in program.qubits)
            tensors[index] = state.order((*bits, *qubits)).tensor

        evolve(tree, nothing(channels, sweep_axes, kind), channels, receive)
        return [tensors[index] for index in range(len(programs))]

    return records


@cache
def traced_library() -> Any:
    """JAX's namespace, in double precision, with which ``Numbers`` can be traced.

    Raises:
        BadInput: JAX is not installed.

    Example:
        >>> traced_library().float64.__name__
        'float64'
    """
    if is_missing("jax"):
        raise BadInput("JAX is not installed: pip install 'thermodynamic-recycling[jax]'")
    import jax

    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    jax.tree_util.register_dataclass(
        Numbers,
        data_fields=[each.name for each in fields(Numbers) if each.name not in SETTINGS],
        meta_fields=list(SETTINGS),
    )
    return jax.numpy


@dataclass(frozen=True, eq=False)
class Compiled:
    """Programs compiled as one function by JAX's ``jit``, for sweeps over numbers of a device.

    Compiling takes a minute; it is done at the first call, and for each other number of points.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.engine import lower_all, with_values
        >>> device = ideal_device(temperature=0.2, frequency=5e9, roles=("B",))
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.measure(0, 0)
        >>> programs = lower_all([circuit], device)
        >>> swept = device.replace("swept", temperature=[[0.1], [0.2]])
        >>> (evaluation,) = with_values(programs, [{}], swept)
        >>> Compiled(tuple(programs)).probabilities(evaluation.values)[0].round(3).tolist()
        [[0.917, 0.083], [0.768, 0.232]]
    """

    programs: tuple[Program, ...]

    def probabilities(self, values: Values) -> list[NDArray[np.float64]]:
        """Joint probabilities of the records of each program (arrays (*sweep, 2, …, 2))."""
        return averaged(self.programs, values, NODES_TOGETHER, self._probabilities)

    def _probabilities(self, values: Values) -> list[NDArray[np.float64]]:
        shape = values.device_sweep

        def everywhere(number: Any) -> Any:
            # The same arrays for every sweep, so that one compilation serves.
            return np.broadcast_to(np.asarray(number, dtype=float), shape)

        numbers = values.numbers.map(everywhere, constants=True)
        found = self._function(len(values.sweep))(numbers, dict(values.parameters))
        tables = [values.outwards(np.asarray(tensor)) for tensor in found]
        shapes = [(*values.sweep, *(2,) * len(program.bits)) for program in self.programs]
        return [np.broadcast_to(*each) for each in zip(tables, shapes, strict=True)]

    @cached_property
    def _functions(self) -> dict[int, Any]:
        return {}

    def _function(self, sweep_axes: int) -> Any:
        if sweep_axes not in self._functions:
            library = traced_library()
            import jax

            records = records_of(self.programs, library, sweep_axes=sweep_axes)
            self._functions[sweep_axes] = jax.jit(records)
        return self._functions[sweep_axes]
