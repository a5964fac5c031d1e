"""The problem made from a plan of ours, and our own engine as one that solves it."""

from dataclasses import replace

import numpy as np

from benchmarks.points import paper, protocol, random_devices
from benchmarks.rivals.contestant import Contestant
from benchmarks.rivals.problem import NUMBERS, Operation, Problem
from circuits.tomography import BASIS_ANGLES, BASIS_PARAMETERS
from recycling.compilation.timeline import duration_of
from recycling.planning.circuits import compile_all
from recycling.simulation.engine import execute, lower_all, with_values
from recycling.simulation.numbers import Numbers
from recycling.simulation.traced import records_of, traced_library

SETTING = ("recycling", "after", "X")
THETA_B, BASIS = np.pi / 4, "X"
#: Numbers of the device, beside the errors of gates, that a batch runs over.
SWEPT = ("t1", "t2", "temperature", "false_excited", "false_ground", "feedforward_latency")
PARAMETERS = {"theta_b": THETA_B, **dict(zip(BASIS_PARAMETERS, BASIS_ANGLES[BASIS], strict=True))}


def circuit_and_device():
    """The compiled circuit of one setting of the preset paper, and its device."""
    planned = paper()
    return planned.circuits[SETTING], planned.device


class _Reader:
    """Writes a compiled circuit down as a ``Problem``."""

    def __init__(self, circuit, device):
        self.circuit, self.device = circuit, device
        bound = circuit.assign_parameters(
            {p: PARAMETERS[p.name] for p in circuit.parameters}, inplace=False
        )
        self.operations, self.idle, self.angle, self.measured = [], [], [], {}
        last = _last_interactions(bound)
        for index, instruction in enumerate(bound.data):
            qubits = tuple(bound.find_bit(qubit).index for qubit in instruction.qubits)
            if instruction.operation.name == "if_else":
                _, value = instruction.operation.condition
                (block,) = instruction.operation.blocks
                for inner in block.data:
                    own = tuple(qubits[block.find_bit(q).index] for q in inner.qubits)
                    # What happens to a qubit after its last interaction changes no record.
                    if all(last[qubit] >= index for qubit in own):
                        self.add(inner, own, int(value))
            elif all(last[qubit] >= index for qubit in qubits):
                self.add(instruction, qubits, None, bound)

    def add(self, instruction, qubits, when, circuit=None):
        operation = instruction.operation
        name = operation.name
        if name == "barrier":
            return
        if name == "delay":
            name, number = "idle", len(self.idle)
            self.idle.append(duration_of(operation, qubits, self.device))
        elif name == "rz":
            number = len(self.angle)
            self.angle.append(float(operation.params[0]))
        elif name == "measure":
            number = circuit.find_bit(instruction.clbits[0]).index
            self.measured[number] = qubits[0]
        else:
            number = self.device.gates.position[name, qubits]
        self.operations.append(Operation(name, qubits, number, when))

    def problem(self):
        measured = tuple(qubit for _, qubit in sorted(self.measured.items()))
        return Problem(self.device.num_qubits, measured[0], measured, tuple(self.operations))


def _last_interactions(circuit):
    """Place of the last instruction after which nothing on a qubit changes a record."""
    last = {}
    for index, instruction in enumerate(circuit.data):
        blocks = getattr(instruction.operation, "blocks", ())
        inner = [
            instruction.qubits[block.find_bit(qubit).index]
            for block in blocks
            for each in block.data
            if len(each.qubits) == 2
            for qubit in each.qubits
        ]
        interacts = instruction.name in ("cz", "measure")
        for qubit in instruction.qubits if interacts else inner:
            last[circuit.find_bit(qubit).index] = index
    return last


def problem_of(circuit, device):
    """The problem, and its numbers at the device's point or over its sweep."""
    reader = _Reader(circuit, device)
    numbers = {
        "t1": device.t1, "t2": device.t2, "excited": device.excited_population,
        "assignment": device.assignment, "error": device.gates.errors,
        "duration": device.gates.durations, "idle": np.array(reader.idle),
        "angle": np.array(reader.angle),
    }  # fmt: skip
    return reader.problem(), numbers


def swept_numbers(device):
    """Numbers of a device that a batch runs over, by the names that ``device_at`` takes."""
    numbers = {name: np.asarray(getattr(device, name)) for name in SWEPT}
    return numbers | {"temperature": np.atleast_1d(numbers["temperature"])}


def random_batch(circuit, device, points):
    """Numbers of a batch of random devices and latencies, with the axis of points in front."""
    devices = random_devices(device, points)
    swept = swept_numbers(devices)
    _, numbers = problem_of(circuit, devices)
    numbers["idle"] = numbers["idle"] + _later(circuit, device, swept["feedforward_latency"])
    for name, axes in NUMBERS.items():
        array = np.asarray(numbers[name])
        shape = array.shape[array.ndim - axes :]
        numbers[name] = np.ascontiguousarray(np.broadcast_to(array, (points, *shape)))
    return {**swept, **numbers}


def _later(circuit, device, latencies):
    """What each wait of a compiled circuit is longer by at other latencies, s (latency, wait)."""

    def waits(latency):
        other = device.replace("benchmark", feedforward_latency=latency)
        return _Reader(compile_all(paper().experiment, other)[SETTING], other).idle

    cycles = 100
    longer = device.feedforward_latency + cycles * device.dt
    growth = np.subtract(waits(longer), _Reader(circuit, device).idle) / (cycles * device.dt)
    # The hardware waits for whole cycles.
    given = [np.round(each / device.dt) for each in (latencies, device.feedforward_latency)]
    return np.multiply.outer((given[0] - given[1]) * device.dt, np.round(growth))


def device_at(device, numbers):
    """The device with the numbers of a point or a batch in place of its own."""
    gates = replace(device.gates, errors=numbers["error"])
    return device.replace("benchmark", gates=gates, **{name: numbers[name] for name in SWEPT})


def _program():
    """The device, and the circuit without a schedule as a program: no number enters it."""
    device, pubs = protocol()
    circuit = pubs[list(paper().circuits).index(SETTING)].circuit
    return device, *lower_all([circuit], device, scheduled=False)


def engine(_problem, _steps):
    """Our engine in NumPy: from a program and a device to the distribution."""
    device, program = _program()

    def prepare(devices):
        return with_values([program], [PARAMETERS], devices)

    def run(ready):
        (outcome,) = execute(ready)
        return outcome.probabilities

    return Contestant(
        "program compiled once, NumPy",
        prepare=lambda _numbers: prepare(device),
        execute=run,
        batch=lambda numbers: run(prepare(device_at(device, numbers))),
    )


def engine_jax(_problem, _steps):
    """Our engine with JAX: one jit from numbers to the distribution."""
    jnp = traced_library()
    from jax import jit

    device, program = _program()
    known = Numbers.of(device)

    @jit
    def solve(numbers):
        axes = numbers["t1"].ndim - 1
        records = records_of([program], jnp, sweep_axes=axes)
        (tensor,) = records(_traced(known, device, numbers), PARAMETERS)
        return jnp.moveaxis(tensor, -1, 0) if axes else tensor

    def run(numbers):
        return np.asarray(solve({name: numbers[name] for name in (*SWEPT, "error", "duration")}))

    return Contestant(
        "program compiled once, one jit of JAX", lambda numbers: numbers, run, batch=run
    )


def _traced(known, device, numbers):
    """Numbers of a device that JAX traces, in place of known ones."""

    def columns(name):
        array = numbers[name]
        places = range(len(device.roles))
        return tuple(array[..., place if array.shape[-1] > 1 else 0] for place in places)

    gates = list(zip(device.gates.names, device.gates.qubits, strict=True))
    by_gate = {
        field: {gate: numbers[name][..., place] for place, gate in enumerate(gates)}
        for field, name in (("gate_errors", "error"), ("gate_durations", "duration"))
    }
    per_qubit = {name: columns(name) for name in SWEPT if name != "feedforward_latency"}
    latency = numbers["feedforward_latency"]
    return replace(known, **per_qubit, **by_gate, feedforward_latency=latency)
