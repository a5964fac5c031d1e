"""The scheduling passes of IBM's client."""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from recycling.execution.ibm.snapshot_files import client_folder

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import Target


def schedule_as_late_as_possible(circuit: QuantumCircuit, target: Target) -> QuantumCircuit:
    """Schedule a compiled dynamic circuit and write all idle time into it as delays.

    The blocks of a conditional are padded on every qubit, so that its spectators idle too.

    Example:
        >>> from qiskit import QuantumCircuit
        >>> from recycling.compilation.target import device_target
        >>> from recycling.devices.profiles import ideal_device
        >>> ideal = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> device = ideal.replace("example", measure_duration=(1e-6, 1e-6))
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.measure(0, 0)
        >>> _ = circuit.barrier()
        >>> schedule_as_late_as_possible(circuit, device_target(device)).count_ops()["delay"]
        1
    """
    from qiskit.transpiler import PassManager

    passes = _passes()
    both = [passes.ALAPScheduleAnalysis(target=target), passes.PadDelay(target=target)]
    return PassManager(both).run(circuit)


@cache
def _passes() -> ModuleType:
    """IBM's scheduling passes, read from their folder: their package would load the whole client.

    They need nothing else of it. Where it is loaded already, or keeps them elsewhere, its own are
    taken.
    """
    folder = client_folder() / "transpiler" / "passes" / "scheduling"
    if "qiskit_ibm_runtime" in sys.modules or not (folder / "__init__.py").is_file():
        return import_module("qiskit_ibm_runtime.transpiler.passes.scheduling")
    return from_folder(folder)


def from_folder(folder: Path) -> ModuleType:
    """Load a package from its folder alone, under a name of this module.

    Example:
        >>> from recycling.execution.ibm.snapshot_files import client_folder
        >>> folder = client_folder() / "transpiler" / "passes" / "scheduling"
        >>> from_folder(folder).PadDelay.__name__
        'PadDelay'
    """
    spec = spec_from_file_location(
        f"{__name__}_passes", folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None  # a folder with a file
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module  # where its modules look for each other
    spec.loader.exec_module(module)
    return module
