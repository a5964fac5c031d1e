"""The same physics on Qiskit Aer, shot by shot: an independent check of the exact engine.

Nothing of ``recycling.simulation`` is used here. Aer puts no noise on delays and starts every
qubit in |0⟩, so idle noise and the thermal start are written into the circuit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from recycling.compilation.decouple import without_label
from recycling.compilation.timeline import duration_of
from recycling.errors import BackendFailure
from recycling.execution.registry import BackendKind
from recycling.jobs.job import full_parameters, most_bits, together
from recycling.jobs.outcomes import Outcomes, shot_dtype

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from qiskit import QuantumCircuit
    from qiskit_aer import AerSimulator
    from qiskit_aer.noise import NoiseModel, QuantumError

    from recycling.devices.device import Device
    from recycling.devices.gates import Gate
    from recycling.execution.backend import Progress
    from recycling.jobs.job import Job, Pub


def noise_model(device: Device) -> NoiseModel:
    """Make the noise of the device's native gates and of its readout.

    A gate is followed by its ``gate_error``; readout is asymmetric.

    Source: the device models of Aer, ``qiskit_aer.noise.device``. They take T0 by a frequency that
    the snapshots lack, and symmetric readout; so they are not used here.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> sorted(noise_model(device).noise_qubits)
        []
    """
    from qiskit_aer.noise import NoiseModel, ReadoutError

    model = NoiseModel(["id", "x", "sx", "rz", "cz"])
    for gate in device.gates:
        error = reset_error(gate) if gate.name == "reset" else gate_error(device, gate)
        model.add_quantum_error(error, gate.name, list(gate.qubits))
    for qubit, assignment in enumerate(device.assignment):
        # Aer has a row for each true value, the device a row for each recorded value.
        model.add_readout_error(ReadoutError(assignment.T), [qubit])
    return model


def gate_error(device: Device, gate: Gate) -> QuantumError:
    """Make the error after a native gate: depolarization, then relaxation.

    Together they have the calibrated average infidelity. The average fidelity is linear in the
    channel, (1 - λ) F(relaxation) + λ F(full depolarization) = 1 - error, hence the strength λ.
    Where relaxation alone is worse than the calibrated error, λ = 0; it ends at 4ⁿ/(4ⁿ - 1), which
    is the most that a channel can depolarize.

    Source: ``qiskit_aer.noise.device.basic_device_gate_errors``.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from recycling.devices.gates import Gate
        >>> gate_error(device, Gate(name="x", qubits=(0,), duration=32e-9, error=1e-3)).num_qubits
        1
    """
    from qiskit.quantum_info import SuperOp, average_gate_fidelity
    from qiskit_aer.noise import depolarizing_error

    count = len(gate.qubits)
    relaxation = relaxation_error(device, gate.qubits[0], gate.duration)
    for qubit in gate.qubits[1:]:
        relaxation = relaxation.expand(relaxation_error(device, qubit, gate.duration))
    relaxed = average_gate_fidelity(SuperOp(relaxation))
    depolarized = average_gate_fidelity(SuperOp(depolarizing_error(1.0, count)))
    strength = (relaxed - (1 - gate.error)) / (relaxed - depolarized)
    largest = 4**count / (4**count - 1)
    return depolarizing_error(float(np.clip(strength, 0, largest)), count).compose(relaxation)


def reset_error(reset: Gate) -> QuantumError:
    """Make the error after a reset: it ends in |0⟩ but for an excitation of the size of its error.

    Example:
        >>> from recycling.devices.gates import Gate
        >>> error = reset_error(Gate(name="reset", qubits=(0,), duration=1e-6, error=0.02))
        >>> [f"{probability:.2f}" for probability in error.probabilities]
        ['0.02', '0.98']
    """
    from qiskit_aer.noise import pauli_error

    return pauli_error([("X", reset.error), ("I", 1 - reset.error)])


def relaxation_error(device: Device, qubit: int, duration: float) -> QuantumError:
    """Make the relaxation of an idle qubit towards its thermal state for a duration in s.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> relaxation_error(device, qubit=0, duration=1e-6).ideal()  # T1 is infinite
        True
    """
    from qiskit_aer.noise import thermal_relaxation_error

    # Python's numbers: Aer subtracts infinite times, of which numpy's numbers warn.
    return thermal_relaxation_error(
        float(device.t1[qubit]),
        float(device.t2[qubit]),
        duration,
        excited_state_population=float(device.excited_population[qubit]),
    )


def with_idle_noise(circuit: QuantumCircuit, device: Device) -> QuantumCircuit:
    """Write the thermal start and the relaxation of all idle time into a scheduled circuit.

    Args:
        circuit: output of ``compile_circuits``: native gates, idle time as delays.
        device: the device it was compiled for.

    Returns:
        QuantumCircuit with an excitation by chance at the start of each qubit, and a relaxation
        channel in place of each delay, those in conditional blocks included.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> with_idle_noise(circuit, device).count_ops()["quantum_channel"]
        2
    """
    from qiskit_aer.noise import pauli_error

    noisy = circuit.copy_empty_like()
    for qubit, excited in enumerate(device.excited_population):
        start = pauli_error([("X", excited), ("I", 1 - excited)])
        noisy.append(start.to_instruction(), [qubit])
    return _append_relaxing(noisy, circuit, tuple(range(circuit.num_qubits)), device)


def execute_aer(
    job: Job,
    pubs: Sequence[Pub],
    device: Device,
    seed: np.random.SeedSequence,
    progress: Progress = lambda _fraction: None,
) -> Outcomes:
    """Execute a job shot by shot, each shot a noisy statevector; see ``execute_exact``.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> from recycling.jobs.job import Job, Pub
        >>> job, seed = Job("trial-0", trial=0, shots=5), np.random.SeedSequence(1)
        >>> execute_aer(job, [Pub(circuit, {})], device, seed).shots.shape
        (1, 5)
    """
    assert job.shots is not None  # the plan refuses infinitely many
    device.refuse_sweep()
    device.refuse_detuning()
    noise = noise_model(device)
    sweeps = [list(np.ndindex(*pub.sweep)) for pub in pubs]
    seeds = iter(seed.generate_state(sum(map(len, sweeps))))
    done, total = 0, sum(map(len, sweeps))
    outcomes = []
    for pub, sweep in zip(pubs, sweeps, strict=True):
        parameters = full_parameters(pub)
        bits = len(pub.circuit.clbits)
        shots = np.empty((*pub.sweep, job.shots), dtype=shot_dtype(bits))
        for index in sweep:
            values = {name: float(array[index]) for name, array in parameters.items()}
            shots[index] = simulate_shots(
                pub.circuit, device, values, job.shots, int(next(seeds)), noise=noise
            )
            done += 1
            progress(done / total)
        outcomes.append(shots)
    return Outcomes(most_bits(pubs), shots=together(outcomes))


def simulate_shots(
    circuit: QuantumCircuit,
    device: Device,
    parameters: Mapping[str, float],
    shots: int,
    seed: int,
    *,
    noise: NoiseModel | None = None,
) -> NDArray[Any]:
    """Simulate a compiled circuit shot by shot, each shot a noisy statevector.

    Args:
        circuit: output of ``compile_circuits``, with at most 16 classical bits.
        device: the device it was compiled for.
        parameters: value of each circuit parameter by name, rad.
        shots: number of shots.
        seed: seed of the simulator.
        noise: the device's ``noise_model``, where it is at hand; it takes about 1 s to build.

    Returns:
        Bits of each shot as a number, the first bit lowest (array of shape (shots,)).

    Raises:
        ValueError: a parameter is missing.
        BackendFailure: Aer failed.

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> from qiskit import QuantumCircuit
        >>> circuit = QuantumCircuit(2, 1)
        >>> _ = circuit.x(0)
        >>> _ = circuit.measure(0, 0)
        >>> simulate_shots(circuit, device, {}, shots=5, seed=1).tolist()
        [1, 1, 1, 1, 1]
    """
    bound = with_idle_noise(circuit, device).assign_parameters(dict(parameters))
    if bound.parameters:
        missing = ", ".join(parameter.name for parameter in bound.parameters)
        raise ValueError(f"parameters: {missing} has no value: give one for each parameter")
    simulator = simulator_of(noise_model(device) if noise is None else noise)
    result = simulator.run(bound, shots=shots, seed_simulator=seed, memory=True).result()
    if not result.success:
        raise BackendFailure(f"Aer failed: {result.status}")
    # Qiskit writes the last register first: in a binary number the first register is lowest.
    memory = np.array([key.replace(" ", "") for key in result.get_memory()])
    keys, inverse = np.unique(memory, return_inverse=True)
    dtype = shot_dtype(len(circuit.clbits))
    return np.array([int(key, 2) for key in keys], dtype=dtype)[inverse]


def simulator_of(noise: NoiseModel) -> AerSimulator:
    """Make Aer, shot by shot. shot_branching_enable with noise gives wrong counts (0.18.2).

    Example:
        >>> from recycling.devices.profiles import ideal_device
        >>> device = ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S"))
        >>> simulator_of(noise_model(device)).options.method
        'statevector'
    """
    from qiskit_aer import AerSimulator

    return AerSimulator(method="statevector", noise_model=noise)


def _append_relaxing(
    noisy: QuantumCircuit, circuit: QuantumCircuit, outer: tuple[int, ...], device: Device
) -> QuantumCircuit:
    """Append a circuit, its delays made relaxation; ``outer`` are its qubits on the device."""
    for instruction in circuit.data:
        operation: Any = instruction.operation
        qubits = tuple(outer[circuit.find_bit(qubit).index] for qubit in instruction.qubits)
        if operation.name == "delay":
            duration = duration_of(operation, qubits, device)
            operation = relaxation_error(device, qubits[0], duration).to_instruction()
        elif operation.name == "if_else":
            operation = operation.replace_blocks(
                _append_relaxing(block.copy_empty_like(), block, qubits, device)
                for block in operation.blocks
            )
        else:
            operation = without_label(operation)
        noisy.append(operation, instruction.qubits, instruction.clbits)
    return noisy


BACKEND = BackendKind(usage="'aer'", simulate=execute_aer)
