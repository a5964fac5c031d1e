"""Circuits of the experiment of qiskit-experiments on a machine: placed, never transpiled again."""

import runpy
from pathlib import Path

import pytest
from qiskit_experiments.framework import BatchExperiment
from qiskit_ibm_runtime.fake_provider import FakeMarrakesh

import recycling as rc
from recycling.integrations.qiskit_experiments import RecyclingErasure, dataset_of, run_of, ways
from recycling.integrations.qiskit_experiments.ways import way_to
from tests.loopback import LoopbackService
from tests.on_ibm import connected

TINY = {
    "name": "tiny",
    "algorithm": {"name": "repeat-until-success"},
    "sweep": {"theta": [0.6], "p_x": [0.4]},
    "measurement": {"shots": 100, "trials": 1},
}
#: Qubits of data, ancilla, B and S: both others of the algorithm are neighbours of data.
QUBITS = (11, 12, 10, 9)


@pytest.fixture(scope="module")
def way():
    """The snapshot as if it were a machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways, "simulated_here", lambda _backend: False)
        return RecyclingErasure(TINY, QUBITS, backend=FakeMarrakesh()).way


def test_circuits_are_on_their_qubits_and_keep_the_erasure(way):
    assert (way.here, way.chip, way.device.layout) == (False, 156, QUBITS)
    sent = way.sent(noisy=False)
    for setting, circuit in sent.items():
        assert circuit.num_qubits == 156
        used = {circuit.find_bit(qubit).index for each in circuit.data for qubit in each.qubits}
        assert used == set(QUBITS)
        conditional = [each for each in circuit.data if each.operation.name == "if_else"]
        assert len(conditional) == (setting[0] == "recycling")
        for each in conditional:
            (block,) = each.operation.blocks
            gates = [gate for gate in block.data if gate.operation.name not in ("delay", "barrier")]
            assert len({qubit for gate in gates for qubit in gate.qubits}) == 2
            assert block.count_ops()["cz"] == 3
        # A machine schedules by itself.
        assert "delay" not in circuit.count_ops()
    before, after = (
        sent["recycling", stage, "X"].count_ops()["cz"] for stage in ("before", "after")
    )
    assert after - before == 3


def test_a_sampler_of_the_user_gets_circuits_without_noise_and_with_their_waits():
    sent = way_to(rc.Experiment(**TINY), FakeMarrakesh(), sampled=True).sent(noisy=False)
    assert "quantum_channel" not in {name for each in sent.values() for name in each.count_ops()}
    assert any("delay" in each.count_ops() for each in sent.values())


def test_in_a_batch_circuits_are_on_the_chip():
    batch = BatchExperiment([RecyclingErasure(TINY, QUBITS)], backend=FakeMarrakesh())
    circuits = batch._transpiled_circuits()
    assert {circuit.num_qubits for circuit in circuits} == {156}
    assert not any("quantum_channel" in circuit.count_ops() for circuit in circuits)


def test_numbers_that_a_machine_has_by_itself_are_refused():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ways, "simulated_here", lambda _backend: False)
        with pytest.raises(rc.BadInput, match=r"device\.t1 = 0\.0001: hardware has its own"):
            _ = RecyclingErasure(TINY | {"device": {"t1": 1e-4}}, backend=FakeMarrakesh()).way


@pytest.mark.slow
def test_the_example_runs(capsys):
    example = Path(rc.__file__).parents[1] / "examples" / "qiskit-experiments" / "run.py"
    held = runpy.run_path(str(example))
    assert held["data"].errors() == ""
    assert "verdict_landauer" in capsys.readouterr().out
    assert held["service"].experiments() == [held["data"].experiment_id]


@pytest.mark.slow
def test_a_machine_behind_a_service(tmp_path):
    from qiskit_ibm_runtime import QiskitRuntimeService

    with LoopbackService(seed=1) as service, connected(service, tmp_path / "accounts.json"):
        backend = QiskitRuntimeService().backend("ibm_marrakesh")
        experiment = RecyclingErasure(TINY | {"hardware": {"rep_delay": 3e-4}}, QUBITS)
        experiment.analysis.set_options(plot=False)
        data = experiment.run(backend).block_for_results()
    assert data.errors() == ""
    run = run_of(data, tmp_path / "run")
    assert int(run.counts.sum()) == 2400
    assert run.record["simulated"] is True
    assert dataset_of(data).attrs["device"] == "ibm_marrakesh"
