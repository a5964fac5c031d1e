"""The one module that imports qiskit-ibm-runtime: its snapshots and its scheduling passes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recycling.errors import BadInput

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.providers import BackendV2
    from qiskit.transpiler import Target


def snapshot_backend(name: str) -> BackendV2:
    """Offline snapshot of an IBM device, by class name, e.g. "FakeTorino".

    Raises:
        BadInput: there is no such snapshot, or it has no CZ gate (it is not a Heron).
    """
    from qiskit_ibm_runtime import fake_provider

    herons = [n for n in ("FakeTorino", "FakeFez", "FakeMarrakesh", "FakeKingston", "FakeAachen",
                          "FakeBoston", "FakePittsburgh") if hasattr(fake_provider, n)]  # fmt: skip
    backend_class = getattr(fake_provider, name, None)
    backend = backend_class() if name.startswith("Fake") and backend_class is not None else None
    if backend is None or "cz" not in backend.target.operation_names:
        raise BadInput(
            f"device.profile = {name!r} is not a Heron snapshot: give 'paper', 'ideal' or one of "
            + ", ".join(herons)
        )
    return backend


def schedule_as_late_as_possible(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Schedule a compiled dynamic circuit and write all idle time into it as delays.

    The blocks of a conditional are padded on every qubit, so that its spectators idle too.
    """
    from qiskit.transpiler import PassManager
    from qiskit_ibm_runtime.transpiler.passes.scheduling import ALAPScheduleAnalysis, PadDelay

    passes = [ALAPScheduleAnalysis(target=target), PadDelay(target=target)]
    return PassManager(passes).run(circuit)
