"""Array libraries that can compute the probabilities of programs: NumPy, JAX and CuPy."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recycling.errors import BadInput
from recycling.simulation.engine import Evaluation, execute
from recycling.simulation.traced import Compiled, traced_library


def array_library(name: str) -> Any:
    """Find a library's namespace.

    Raises:
        BadInput: it is unknown, not installed, or finds no device.

    Example:
        >>> array_library("abacus")
        Traceback (most recent call last):
        recycling.errors.BadInput: arrays = 'abacus': unknown; give numpy, jax or cupy
    """
    match name:
        case "numpy":
            return np
        case "jax":
            return traced_library()
        case "cupy":
            return _cupy()
    raise BadInput(f"arrays = {name!r}: unknown; give numpy, jax or cupy")


def _cupy() -> Any:
    try:
        library: Any = import_module("cupy")
    except ImportError:
        raise BadInput(
            "arrays = 'cupy': CuPy is not installed; give numpy or jax, or install the build of "
            "CuPy for the GPU"
        ) from None
    if not library.is_available():
        raise BadInput("arrays = 'cupy': CuPy finds no GPU; give numpy or jax")
    return library


def probabilities(
    evaluations: Sequence[Evaluation], library: str, compiled: Compiled
) -> list[NDArray[np.float64]]:
    """Joint probabilities of the records of programs that share their values.

    Args:
        evaluations: programs with their values.
        library: name of the library that computes.
        compiled: the same programs, for JAX.

    Returns:
        For each program an array of shape (*sweep, 2, …, 2).

    Raises:
        BadInput: as ``array_library``.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.devices.profiles import ideal_device
        >>> from recycling.simulation.engine import compile_program
        >>> circuit = QuantumCircuit(1, 1)
        >>> _ = circuit.measure(0, 0)
        >>> device = ideal_device(temperature=0.2, frequency=5e9, roles=("B",))
        >>> evaluation = compile_program(circuit, device)
        >>> (found,) = probabilities([evaluation], "numpy", Compiled((evaluation.program,)))
        >>> found.round(3).tolist()
        [0.768, 0.232]
    """
    if library == "jax":
        return compiled.probabilities(evaluations[0].values)
    return [each.probabilities for each in execute(evaluations, array_library(library))]
