"""Circuits of a run, as they were executed: read from its directory, and checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from circuits.calibration.assignment import PREFIX as ASSIGNMENT_PREFIX
from recycling.errors import BadInput
from recycling.store.circuits import check_bracket, check_circuit, read_circuits
from recycling.store.damage import CIRCUITS, checksum_damage
from recycling.store.files import Damaged
from recycling.store.targets import way_on

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

    from recycling.store.directory import Run

#: Beginning of the names of the brackets' circuits, and of circuits as sent to a chip.
BRACKET_PREFIX = "bracket "
SENT_PREFIX = "sent: "


def read_all(run: Run) -> dict[str, QuantumCircuit]:
    """Read all circuits of a run by name.

    Raises:
        BadInput: the file is not what was written, or cannot be read safely.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     len(read_all(rc.run("theory", out=f"{folder}/run")))
        8
    """
    if CIRCUITS not in run.record["checksums"]:
        raise BadInput(f"nobody knows the circuits of {run.record['backend']} from elsewhere")
    with reading(run):
        if why := checksum_damage(run.path / CIRCUITS, run.record["checksums"][CIRCUITS]):
            raise Damaged(why)
        return read_circuits(run.path / CIRCUITS)


def by_use(run: Run) -> dict[Any, QuantumCircuit]:
    """Choose the circuits of a run by what they are for, each checked by its study.

    Raises:
        BadInput: as for ``read_all``, or they are not those of the study.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     next(iter(by_use(rc.run("theory", out=f"{folder}/run"))))
        ('equilibrium', 'before', 'I')
    """
    stored, names = run.all_circuits, run.study.circuit_names(run.spec)
    with reading(run):
        for name in names.values():
            if name not in stored:
                raise Damaged(f"it lacks the circuit {name!r}")
            run.study.check_circuit(stored[name], run.device, run.spec)
    return {key: stored[name] for key, name in names.items()}


def brackets_of(run: Run) -> tuple[QuantumCircuit, ...]:
    """Choose the circuits of the brackets, on six qubits.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     brackets_of(rc.run("theory", out=f"{folder}/run"))
        ()
    """
    found = _named(run.all_circuits, BRACKET_PREFIX)
    with reading(run):
        for circuit in found:
            check_bracket(circuit, run.device)
    return found


def assignment_of(run: Run) -> tuple[QuantumCircuit, ...]:
    """Choose the circuits of the assignment matrices, on six qubits.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     assignment_of(rc.run("theory", out=f"{folder}/run"))
        ()
    """
    found = _named(run.all_circuits, ASSIGNMENT_PREFIX)
    with reading(run):
        for circuit in found:
            check_circuit(circuit, run.device, 2 * len(run.design.recorded_roles))
    return found


def _named(circuits: Mapping[str, QuantumCircuit], prefix: str) -> tuple[QuantumCircuit, ...]:
    return tuple(circuit for name, circuit in circuits.items() if name.startswith(prefix))


@contextmanager
def reading(run: Run) -> Iterator[None]:
    """Turn what is wrong with the circuits of a run into one line.

    Example:
        >>> from pathlib import Path
        >>> from recycling.store.directory import Run
        >>> with reading(Run(Path("runs/small"))):
        ...     raise Damaged("it is empty")
        Traceback (most recent call last):
        recycling.errors.BadInput: runs/small/circuits.qpy is damaged: it is empty; ...
    """
    try:
        yield
    except Damaged as error:
        raise BadInput(
            f"{run.path / CIRCUITS} is damaged: {error}; remove it and mend with: "
            f"{way_on(run.path)}"
        ) from None
