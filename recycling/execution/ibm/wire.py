"""The form in which circuits go to IBM's executor and outcomes come back: the service's side.

IBM's client writes a job and reads its result. A rehearsal of the service reads the job and writes
the result, by the same schemas.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from datetime import datetime

    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target


@dataclass(frozen=True)
class Task:
    """A job as it was decoded.

    Each item is a circuit and its arguments (array of shape (*sweep, parameters)).

    Example:
        >>> task = Task("v2.0", (), (np.zeros((3, 2, 1)),), 100, None, False, None, None)
        >>> task.executions
        600
    """

    version: str
    circuits: tuple[QuantumCircuit, ...]
    arguments: tuple[NDArray[np.float64], ...]
    shots: int
    rep_delay: float | None
    scheduler_timing: bool
    passthrough: Any
    semantic_role: str | None

    @property
    def sweeps(self) -> list[tuple[int, ...]]:
        """Shape of the sweep of each item."""
        return [array.shape[:-1] for array in self.arguments]

    @property
    def executions(self) -> int:
        """Circuit executions of all items."""
        return self.shots * sum(int(np.prod(sweep)) for sweep in self.sweeps)


def decode(params: dict[str, Any]) -> Task:
    """Read the parameters of an executor job.

    Raises:
        ValueError: unknown version, or not what the version asks for.

    Example:
        >>> decode({"schema_version": "v0"})
        Traceback (most recent call last):
        ValueError: schema_version 'v0' is not known
    """
    from qiskit_ibm_runtime.quantum_program.params_converters import (
        QUANTUM_PROGRAM_PARAMS_CONVERTERS,
    )

    version = params.get("schema_version", "")
    if version not in QUANTUM_PROGRAM_PARAMS_CONVERTERS:
        raise ValueError(f"schema_version {version!r} is not known")
    converter = QUANTUM_PROGRAM_PARAMS_CONVERTERS[version]
    model = converter.model.model_validate(params)
    program, options = converter.decoder(model)
    if any(not hasattr(item, "circuit_arguments") for item in program.items):
        raise ValueError("only circuit items can be executed here: switch twirling off")
    return Task(
        version=version,
        circuits=tuple(item.circuit for item in program.items),
        arguments=tuple(np.asarray(item.circuit_arguments, float) for item in program.items),
        shots=program.shots,
        rep_delay=options.execution.rep_delay,
        scheduler_timing=model.options.scheduler_timing,
        passthrough=model.quantum_program.passthrough_data,
        semantic_role=program._semantic_role,
    )


def contents(params: Mapping[str, Any]) -> list[tuple[QuantumCircuit, NDArray[np.float64]]]:
    """Circuits of a job and their arguments, from parameters as the client has read them.

    Raises:
        ValueError: they hold no program of circuits, e.g. since another kind of job has them.

    Example:
        >>> contents({})
        Traceback (most recent call last):
        ValueError: it holds no circuits of the executor
    """
    items = getattr(params.get("quantum_program"), "items", None)
    if not items or any(not hasattr(item, "circuit_arguments") for item in items):
        raise ValueError("it holds no circuits of the executor")
    return [(item.circuit, np.asarray(item.circuit_arguments, float)) for item in items]


def encode(
    task: Task,
    outcomes: Sequence[Mapping[str, NDArray[np.bool_]]],
    timings: Sequence[Mapping[str, Any] | None],
    window: tuple[datetime, datetime],
) -> bytes:
    """Write the result as the service sends it, in the version in which the job came.

    Args:
        task: the job.
        outcomes: for each item the bits of each register (array of shape (*sweep, shots, bits)).
        timings: for each item the schedule that is reported for it; None reports none.
        window: when the job began and when it ended.

    Example:
        >>> from datetime import UTC, datetime
        >>> task = Task("v2.0", (), (), 100, None, False, None, None)
        >>> moment = datetime(2026, 1, 1, tzinfo=UTC)
        >>> encode(task, [], [], (moment, moment))[:23]
        b'{"schema_version":"v2.0'
    """
    from ibm_quantum_schemas.common import CompressedTensorModel
    from qiskit_ibm_runtime.decoders.executor.decoder import AVAILABLE_DECODERS

    _, model = AVAILABLE_DECODERS[task.version]
    sizes = [int(np.prod(sweep)) for sweep in task.sweeps]
    parts = [
        {
            "idx_item": index,
            "size": size,
            "permutation": list(range(len(sweep))),
            "element_range": (0, size, 1),
        }
        for index, (sweep, size) in enumerate(zip(task.sweeps, sizes, strict=True))
    ]
    data = [
        {
            "results": {
                name: CompressedTensorModel.from_numpy(bits).model_dump()
                for name, bits in registers.items()
            },
            "metadata": {"scheduler_timing": timing},
        }
        for registers, timing in zip(outcomes, timings, strict=True)
    ]
    result = {
        "schema_version": task.version,
        "data": data,
        "metadata": {"chunk_timing": [{"start": window[0], "stop": window[1], "parts": parts}]},
        "passthrough_data": task.passthrough,
        "semantic_role": task.semantic_role,
    }
    return bytes(model.model_validate(result).model_dump_json(), "utf-8")


def fault_of_circuit(circuit: QuantumCircuit, target: Target) -> str:
    """Say why a chip does not take a circuit; empty where it does.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.execution.ibm.snapshots import snapshot_backend
        >>> circuit = QuantumCircuit(1)
        >>> _ = circuit.x(0)
        >>> fault_of_circuit(circuit, snapshot_backend("FakeTorino").target)
        ''
    """
    from qiskit_ibm_runtime.utils.utils import is_isa_circuit

    return str(is_isa_circuit(circuit, target))
