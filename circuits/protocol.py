"""The protocol: an algorithm with failure branches, their reset into a bath, and a task.

There is a circuit for each arm, stage and target preparation, here for HHL and the erasure::

    C_I  ─┤           ├──────────────╳─(if flag = 0)────────────────── tomography
    C_C  ─┤ algorithm ├
    C_A  ─┤           ├─ flag ─ latency
    B    ────────────────────────────╳── link ────────────╳─────────── tomography
    S    ─ X? ────────────────────────────────────────────╳ (stage "after" only)  ─ tomography

It is a chain: algorithm, flags, reset, link, task, tomography. The recycling arm has the
conditional SWAP and the link, and its failed branches are analysed; the equilibrium arm has
neither, so that B stays thermal, and its successful branches are analysed. Where B waits for the
link, S is prepared after the wait.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from circuits.design import RECYCLING, Design, design_of
from circuits.design import Setting as Setting
from circuits.gates import swap_all
from circuits.links import IDENTITY, Link
from circuits.tasks.erasure import ERASURE
from circuits.tasks.task import Task
from circuits.tomography import append_tomography

if TYPE_CHECKING:
    from qiskit import ClassicalRegister, QuantumCircuit
    from qiskit.circuit import Parameter, Qubit

    from circuits.algorithms.algorithm import AnyAlgorithm


def recycling_circuit(
    algorithm: AnyAlgorithm,
    *,
    arm: str = RECYCLING,
    stage: str = "after",
    excited: bool = False,
    feedforward_latency: float | Parameter = 0.0,
    tomography: bool = True,
    preparation: str | None = None,
    task: Task = ERASURE,
    link: Link = IDENTITY,
    turned: bool = False,
) -> QuantumCircuit:
    """Build the experiment as a dynamic circuit.

    Args:
        algorithm: the algorithm whose failed branches are recycled.
        arm: "recycling" (conditional reset into B) or "equilibrium" (none).
        stage: when to measure, a stage of the task: of the erasure "before" or "after" SWAP(S, B).
        excited: prepare the target S by the task's second preparation (|1⟩), not by its first.
        feedforward_latency: time from the end of the flags' measurement to the start of a
            conditional block, s. It becomes a delay on every qubit, since no scheduling pass
            accounts for it. The equilibrium arm does not wait. A parameter stays open.
        tomography: append the basis rotation and the measurement of the measured qubits.
        preparation: name of the preparation of the target; overrules ``excited``.
        task: what the bath is used for.
        link: channel on the recycled state between the reset and the task; recycling arm only.
        turned: each measured qubit turns by the ``basis_parameters`` of its role.

    Returns:
        QuantumCircuit with the registers of the algorithm, B and S; the bits "flag" and, with
        tomography, a bit for each measured qubit, named by its role; all parameters are in rad.

    Raises:
        ValueError: unknown arm, stage or preparation, negative latency.

    Example:
        >>> from circuits import HHL
        >>> circuit = recycling_circuit(HHL([[2, -1], [-1, 2]]), stage="before")
        >>> circuit.num_qubits, circuit.num_clbits
        (6, 4)
    """
    from qiskit.circuit import Parameter

    design = design_of(algorithm, task)
    preparation = design.preparations[int(excited)] if preparation is None else preparation
    _check(design, (arm, stage, preparation), feedforward_latency)
    computation = algorithm.circuit(*map(Parameter, design.parameter_names))
    wires = _wires(design, computation, name=f"{arm} {stage} {preparation}")
    _compute(wires, computation)
    _measure_flags(wires)
    prepare = partial(task.preparations[preparation], wires.circuit, wires.of(design.target))
    if design.arm(arm).resets:
        _recycle(wires, algorithm, feedforward_latency, link, prepare)
    else:
        prepare()
    _act(wires, task, stage)
    if tomography:
        _tomography(wires, turned)
    return wires.circuit


@dataclass(frozen=True)
class _Wires:
    """A circuit in the making, with its qubits by role and its register of flags."""

    circuit: QuantumCircuit
    design: Design
    qubits: dict[str, Qubit]
    flag: ClassicalRegister

    def of(self, roles: Iterable[str]) -> list[Qubit]:
        """Qubits of some roles."""
        return [self.qubits[role] for role in roles]

    @property
    def waiting(self) -> list[Qubit]:
        """All qubits but the target, which can so be prepared late."""
        return self.of(role for role in self.design.roles if role not in self.design.target)


def _wires(design: Design, computation: QuantumCircuit, name: str) -> _Wires:
    from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister

    added = [
        QuantumRegister(register.size, register.name)
        for register in design.registers
        if register.purpose != "algorithm"
    ]
    flag = ClassicalRegister(len(design.flags), "flag")
    circuit = QuantumCircuit(*computation.qregs, *added, flag, name=name)
    return _Wires(circuit, design, dict(zip(design.roles, circuit.qubits, strict=True)), flag)


def _compute(wires: _Wires, computation: QuantumCircuit) -> None:
    """Append the algorithm."""
    wires.circuit.compose(computation, computation.qubits, inplace=True)
    wires.circuit.barrier(wires.waiting)


def _measure_flags(wires: _Wires) -> None:
    """Measure every flag, the first flag into the lowest bit."""
    for qubit, bit in zip(wires.of(wires.design.flags), wires.flag, strict=True):
        wires.circuit.measure(qubit, bit)
    wires.circuit.barrier(wires.waiting)


def _recycle(
    wires: _Wires,
    algorithm: AnyAlgorithm,
    latency: float | Parameter,
    link: Link,
    prepare: Callable[[], object],
) -> None:
    """Reset each failed branch into the bath, and send this over the link.

    The target is prepared beside the reset, or after a wait.
    """
    if not link.wait:
        prepare()
    for record in wires.design.failure:
        _reset(wires, record, algorithm.corrections.get(record), latency)
    if link.append(wires.circuit, wires.of(wires.design.bath)):
        wires.circuit.barrier()
    if link.wait:
        prepare()


def _reset(
    wires: _Wires,
    record: int,
    correction: QuantumCircuit | None,
    latency: float | Parameter,
) -> None:
    """Swap the recycled register into the bath where the flags have a record.

    Each record has its feedforward, so each waits for its latency.
    """
    circuit, design = wires.circuit, wires.design
    recycled, bath = wires.of(design.register(design.recycled).roles), wires.of(design.bath)
    if not isinstance(latency, int | float) or latency > 0:
        circuit.delay(latency, wires.waiting, unit="s")
        circuit.barrier(wires.waiting)
    with circuit.if_test((wires.flag, record)):
        if correction is not None:
            circuit.compose(correction, recycled, inplace=True)
        swap_all(circuit, recycled, bath)
    circuit.barrier()


def _act(wires: _Wires, task: Task, stage: str) -> None:
    """Append all actions of the task up to a stage."""
    circuit, design = wires.circuit, wires.design
    for name in design.stages[: design.stages.index(stage) + 1]:
        action = task.stages[name]
        if action is not None:
            action(circuit, wires.of(design.target), wires.of(design.bath))
            circuit.barrier()


def _tomography(wires: _Wires, turned: bool) -> None:
    """Rotate and measure the qubits of the design, each into a register named by its role."""
    from qiskit import ClassicalRegister

    bits = [ClassicalRegister(1, role) for role in wires.design.measured]
    wires.circuit.add_register(*bits)
    roles = wires.design.measured
    append_tomography(
        wires.circuit,
        wires.of(roles),
        [register[0] for register in bits],
        roles if turned else None,
    )


def _check(design: Design, setting: Setting, latency: float | Parameter) -> None:
    """Check that a design has a setting, and that a latency is a time."""
    choices = {
        "arm": design.arm_names, "stage": design.stages, "preparation": design.preparations
    }  # fmt: skip
    for (field, known), name in zip(choices.items(), setting, strict=True):
        if name not in known:
            raise ValueError(f"{field} = {name!r}: give one of {', '.join(known)}")
    if isinstance(latency, int | float) and not latency >= 0:
        raise ValueError(f"feedforward_latency = {latency}: give seconds, 0 or more")
