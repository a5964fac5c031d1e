"""How time and memory of the engine grow: with points, recorded rounds, clock qubits, matrix size.

    make scaling ARGS="--points 10000 --rounds 16"

One core, shortest CPU time of a few repeats, compilation included. Memory is the peak of all
arrays, from a call of its own. Writes build/benchmarks/scaling.json.
"""

import argparse
import json
import sys
import tracemalloc
from pathlib import Path

import numpy as np
from qiskit import QuantumCircuit

from benchmarks.points import evaluated, protocol, random_devices
from benchmarks.timing import machine, on_one_core, shortest
from recycling.devices.profiles import ideal_device
from recycling.errors import BadInput
from recycling.jobs.job import Pub
from recycling.planning.plan import plan
from recycling.simulation.engine import compile_program, execute
from recycling.simulation.probabilities import pub_probabilities
from recycling.spec.experiment import Experiment, preset

FOLDER = Path("build/benchmarks")
#: Longest that a call may take before it is not repeated, s.
LONG = 1.0


def peak(function):
    """Most bytes of arrays that are held at once during a call, and what it returns."""
    tracemalloc.start()
    result = function()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most, result


def measured(function):
    """CPU time (s) and peak memory (bytes) of a call, and the bytes of all that it returns."""
    most, tables = peak(function)
    _, cpu = shortest(function, 1)
    if cpu < LONG:
        _, cpu = shortest(function, 5)
    return {"cpu": cpu, "peak": most, "final": sum(table.nbytes for table in tables)}


def states(circuit, device):
    """The Pauli tensor of all qubits of a circuit, for every record."""
    (outcome,) = execute([compile_program(circuit, device, keep=range(circuit.num_qubits))])
    return [outcome.tensor]


def over_points(largest):
    """The full protocol at 1, 10, … random devices."""
    device, pubs = protocol()
    for exponent in range(int(np.log10(largest)) + 1):
        points = 10**exponent
        devices = random_devices(device, points)
        row = measured(lambda devices=devices: evaluated(pubs, devices))
        yield {"points": points, **row, "per_second": points / row["cpu"]}


def over_rounds(largest):
    """Rounds of measurement and feedforward on one of two noisy qubits, all recorded."""
    device = _noisy(ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S")))
    for rounds in range(2, largest + 1, 2):
        circuit = QuantumCircuit(2, rounds)
        for index in range(rounds):
            circuit.sx(0)
            circuit.cz(0, 1)
            circuit.measure(0, index)
            with circuit.if_test((circuit.clbits[index], 1)):
                circuit.x(1)
            circuit.sx(1)
        yield {"rounds": rounds, **measured(lambda circuit=circuit: states(circuit, device))}


def over_algorithms(name, algorithms):
    """The full protocol at one device, for some settings of the algorithm."""
    base = preset("paper").model_dump()
    for value, settings in algorithms:
        changes = {"algorithm": base["algorithm"] | settings, "device": {"profile": "ideal"}}
        try:
            planned = plan(Experiment.model_validate(base | changes))
        except (BadInput, ValueError) as refused:
            yield {name: value, "skipped": ": ".join(str(refused).splitlines()[:3])}
            continue
        angle = {"theta_b": np.array([[np.pi / 4]])}
        pubs = [Pub(pub.circuit, pub.parameters | angle) for pub in planned.pubs(planned.jobs[0])]
        device = _noisy(planned.device)
        row = measured(lambda pubs=pubs, device=device: pub_probabilities(pubs, device))
        yield {name: value, "qubits": planned.device.num_qubits, **row}


def _noisy(device):
    lifetimes = np.full(device.num_qubits, 1e-4)
    return device.replace("benchmark", t1=lifetimes, t2=lifetimes)


def matrix(size):
    """Positive tridiagonal matrix of 2ⁿ rows."""
    rows = 2**size
    return (2 * np.eye(rows) - np.eye(rows, k=1) / 2 - np.eye(rows, k=-1) / 2).tolist()


def show(title, rows):
    """Print rows as a table; returns them as a list."""
    print(f"\n{title}", flush=True)
    kept = []
    for row in rows:
        kept.append(row)
        name, value = next(iter(row.items()))
        if "skipped" in row:
            print(f"  {name} {value}: skipped: {row['skipped']}")
            continue
        line = f"  {name:<12}{value:>8,}{row['cpu'] * 1e3:>14,.1f} ms{row['peak'] / 1e6:>12,.1f} MB"
        if "per_second" in row:
            line += f"{row['per_second']:>12,.0f} points/s"
        if name == "rounds":
            line += f"{row['peak'] / row['final']:>12,.1f} × the final state"
        if "qubits" in row:
            line += f"{row['qubits']:>6} qubits"
        print(line, flush=True)
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=100_000, help="largest batch")
    parser.add_argument("--rounds", type=int, default=16, help="most recorded rounds")
    parser.add_argument("--clock", type=int, default=4, help="most clock qubits")
    parser.add_argument("--size", type=int, default=2, help="largest n of a 2ⁿ × 2ⁿ matrix")
    options = parser.parse_args()
    if options.points < 1 or options.rounds < 2 or options.clock < 2 or options.size < 1:
        parser.error("give --points and --size of 1 or more, --rounds and --clock of 2 or more")
    on_one_core()
    where = machine()
    print(f"{where['processor']}, one core, load {where['load']:.1f}", file=sys.stderr)
    clocks = [(clock, {"clock_qubits": clock}) for clock in range(2, options.clock + 1)]
    sizes = [(n, {"matrix": matrix(n), "clock_qubits": 2}) for n in range(1, options.size + 1)]
    tables = {
        "points": show("random devices, full protocol", over_points(options.points)),
        "rounds": show("recorded rounds of feedforward", over_rounds(options.rounds)),
        "clock": show("clock qubits, full protocol", over_algorithms("clock", clocks)),
        "size": show("matrix of 2ⁿ × 2ⁿ, full protocol", over_algorithms("n", sizes)),
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "scaling.json").write_text(json.dumps({"machine": where, **tables}, indent=1))


if __name__ == "__main__":
    main()
