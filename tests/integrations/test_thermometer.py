"""The thermal population of a qubit as an experiment of qiskit-experiments."""

import numpy as np
import pytest
from qiskit_ibm_runtime.fake_provider import FakeMarrakesh
from scipy.constants import h, k

import recycling as rc
from recycling.integrations.qiskit_experiments import ThermalPopulation

TEMPERATURE, FREQUENCY = 0.15, 5e9


@pytest.mark.slow
def test_what_was_put_into_the_simulator_comes_out():
    backend = FakeMarrakesh()
    experiment = ThermalPopulation([10], backend, FREQUENCY, TEMPERATURE)
    experiment.set_run_options(shots=800, seed_simulator=11)
    data = experiment.run().block_for_results()
    assert data.errors() == ""
    device = experiment.device
    truth = {
        "temperature": TEMPERATURE,
        "thermal_population": 1 / (1 + np.exp(h * FREQUENCY / (k * TEMPERATURE))),
        "t1": device.t1[0],
        "t2": device.t2[0],
        "false_ground": device.false_ground[0],
    }
    table = data.analysis_results(dataframe=True).set_index("name")
    for name, value in truth.items():
        found = table.loc[name, "value"]
        assert abs(found.n - value) < 4 * found.s, name
        # Few shots leave readout errors of a percent unresolved.
        assert found.s < value / 3 or name == "false_ground", name
    assert table.loc["t1", "unit"] == "s"
    placed = experiment._transpiled_circuits()
    used = {each.find_bit(qubit).index for each in placed for i in each.data for qubit in i.qubits}
    assert used == {10}


@pytest.mark.parametrize(
    ("qubits", "backend", "line"),
    [
        ([1, 2], None, r"physical_qubits = \[1, 2\]: give a single qubit"),
        ([1], FakeMarrakesh, "frequency = None: the backend reports none"),
    ],
)
def test_what_is_missing_is_named(qubits, backend, line):
    with pytest.raises(rc.BadInput, match=line):
        ThermalPopulation(qubits, backend and backend()).circuits()
