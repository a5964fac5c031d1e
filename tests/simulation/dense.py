"""Channels of the engine as full matrices, for tests."""

import numpy as np

from recycling.compilation.times import Times
from recycling.simulation.gates import gate_entries, gate_of
from recycling.simulation.noise import Channels
from recycling.simulation.numbers import Numbers
from recycling.simulation.program import Relax, Single
from recycling.simulation.sparse import value_of


def dense(channel, size):
    """Matrix (*sweep, size, size) of the entries of a channel."""
    values = {place: np.asarray(value_of(entry)) for place, entry in channel.items()}
    shape = np.broadcast_shapes(*(value.shape for value in values.values()))
    matrix = np.zeros((*shape, size, size))
    for (row, column), value in values.items():
        matrix[..., row, column] = value
    return matrix


def gate_channel(operation, values):
    """PTM of a Qiskit gate, with values of its parameters."""
    return dense(gate_entries(gate_of(operation), values), 4**operation.num_qubits)


def entries_of(rows):
    return {(row, column): entry for row, terms in rows.entries.items() for column, entry in terms}


def idle_channel(device, qubit, duration):
    """PTM of a qubit of a device that idles for a duration, s."""
    times = Times()
    idle = Relax(idle=(times.cycles(duration / device.dt),))
    return dense(
        entries_of(Channels(Numbers.of(device), times, {}, np).rows(Single(qubit, (idle,)))), 4
    )


def gate_noise(device, operation, qubits):
    """PTM of what a gate does beside its unitary: depolarization, then relaxation."""
    channels = Channels(Numbers.of(device), Times(), {}, np)
    key = (operation.name, qubits)
    relaxations = [
        dense(entries_of(channels.rows(Single(qubit, (Relax(gates=(key,)),)))), 4)
        for qubit in qubits
    ]
    kept = value_of(channels._kept(key))
    depolarized = np.diag([1.0, *[kept] * (4 ** len(qubits) - 1)])
    return (relaxations[0] if len(qubits) == 1 else np.kron(*relaxations)) @ depolarized
