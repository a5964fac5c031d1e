"""Programs as pure functions of numbers, which libraries can trace, compile or differentiate."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from typing import Any

from recycling.errors import BadInput
from recycling.simulation.evolution import Tree, evolve, nothing
from recycling.simulation.noise import Channels
from recycling.simulation.numbers import Numbers
from recycling.simulation.program import Program
from recycling.simulation.state import State

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
    try:
        import jax
    except ImportError:
        raise BadInput("JAX is not installed: pip install 'thermodynamic-recycling[jax]'") from None
    jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]
    constant = ("dt", "rounded")
    jax.tree_util.register_dataclass(
        Numbers,
        data_fields=[each.name for each in fields(Numbers) if each.name not in constant],
        meta_fields=list(constant),
    )
    return jax.numpy
