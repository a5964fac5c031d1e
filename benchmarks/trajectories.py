"""Time of trajectories over qubits, beside Aer shot by shot and the exact engine's memory.

    make trajectories ARGS="--qubits 14 --shots 2000"

The circuit is the same for all, and so is the noise: layers of sx, rz, cz and idle time on a line,
with a measurement and a conditional gate halfway. Compilation and the noise model are included.
"""

import argparse
import json
from pathlib import Path
from time import process_time

import numpy as np
from qiskit import QuantumCircuit

from recycling.devices.profiles import ideal_device, override_device
from recycling.execution.aer import noise_model, simulate_shots
from recycling.jobs.sizes import density_bytes
from recycling.simulation.engine import compile_program, execute
from recycling.simulation.trajectories.lower import compile_trajectories
from recycling.simulation.trajectories.sample import estimates, sample

FOLDER = Path("build/benchmarks")
#: Most qubits for which the exact engine is asked for the distribution.
EXACT = 9


def noisy_device(qubits):
    """A device of so many qubits, all neighbours, with the errors of a good one."""
    device = ideal_device(temperature=0.05, frequency=5e9, roles=tuple(map(str, range(qubits))))
    return override_device(
        device, t1=2e-4, t2=1.5e-4, single_qubit_error=2e-4, cz_error=3e-3, readout_error=1e-2
    )


def layered(qubits, layers=8, seed=1):
    """Layers of gates on a line, with a measurement and a conditional gate halfway."""
    generator = np.random.default_rng(seed)
    circuit = QuantumCircuit(qubits, 4)
    for layer in range(layers):
        for qubit in range(qubits):
            circuit.rz(generator.uniform(-3, 3), qubit)
            circuit.sx(qubit)
            circuit.delay(300, qubit, unit="ns")
        for qubit in range(layer % 2, qubits - 1, 2):
            circuit.cz(qubit, qubit + 1)
        if layer == layers // 2:
            circuit.measure(qubits - 1, 0)
            with circuit.if_test((circuit.clbits[0], 1)):
                circuit.cz(0, 1)
                circuit.x(2)
    circuit.measure([0, 1, 2], [1, 2, 3])
    return circuit


def timed(function):
    """CPU time (s) of a call, all threads together, and what it returns."""
    started = process_time()
    result = function()
    return process_time() - started, result


def over_qubits(qubits, shots, seed=7):
    """A row for each number of qubits: CPU times (s), and the largest deviation in errors."""
    for count in qubits:
        device, circuit = noisy_device(count), layered(count)

        def ours(circuit=circuit, device=device):
            compiled = compile_trajectories(circuit, device)
            return sample(compiled, shots, np.random.default_rng(seed))

        def aer(circuit=circuit, device=device):
            noise = noise_model(device)
            return timed(lambda: simulate_shots(circuit, device, {}, shots, seed, noise=noise))

        seconds, found = timed(ours)
        _, (of_aer, other) = timed(aer)
        mine, theirs = estimates(found, bits=4), estimates(np.asarray(other, np.int64), bits=4)
        row = {
            "qubits": count,
            "cpu": seconds,
            "aer": of_aer,
            "ratio": of_aer / seconds,
            "from_aer": largest(mine.probability - theirs.probability, mine.error, theirs.error),
            "density_bytes": density_bytes(count),
        }
        if count <= EXACT:
            row["exact"], (outcome,) = timed(lambda: execute([compile_program(circuit, device)]))  # noqa: B023
            probabilities = outcome.probabilities.transpose().ravel()
            row["from_exact"] = largest(mine.probability - probabilities, mine.error, 0)
        yield row


def largest(deviation, *errors):
    """Largest deviation in standard errors."""
    return float(np.max(np.abs(deviation) / np.sqrt(sum(np.square(error) for error in errors))))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--qubits", type=int, default=14, help="most qubits")
    parser.add_argument("--shots", type=int, default=2000)
    options = parser.parse_args()
    if options.qubits < 6 or options.shots < 1:
        parser.error("give --qubits of 6 or more, and --shots of 1 or more")
    rows = []
    for row in over_qubits(range(6, options.qubits + 1, 2), options.shots):
        rows.append(row)
        exact = f"exact {row['exact']:8.2f} s" if "exact" in row else " " * 16
        print(
            f"{row['qubits']:>3} qubits {row['cpu']:8.2f} s   Aer {row['aer']:8.2f} s "
            f"({row['ratio']:.1f} times)   {exact}   ρ {row['density_bytes'] / 1e6:10,.1f} MB   "
            f"from Aer {row['from_aer']:.1f} σ, from exact {row.get('from_exact', np.nan):.1f} σ",
            flush=True,
        )
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "trajectories.json").write_text(json.dumps({"shots": options.shots, "rows": rows}))


if __name__ == "__main__":
    main()
