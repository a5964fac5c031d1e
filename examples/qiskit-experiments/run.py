"""Erasure with thermodynamic recycling as an experiment of qiskit-experiments (simulated)."""

from qiskit_experiments.database_service import LocalExperimentService
from qiskit_ibm_runtime.fake_provider import FakeMarrakesh

from recycling.integrations.qiskit_experiments import RecyclingErasure, dataset_of

spec = {
    "name": "first-steps",
    "seed": 7,
    "sweep": {"theta_b": [0.4, 0.785], "p_x": [0.4]},
    "measurement": {"shots": 200, "trials": 2},
}
experiment = RecyclingErasure(spec, physical_qubits=[11, 18, 12, 13, 10, 9])
data = experiment.run(FakeMarrakesh()).block_for_results()

columns = ["name", "value", "arm", "theta_b", "z", "quality"]
print(data.analysis_results(dataframe=True, columns=columns).to_string(index=False))
print(dataset_of(data)["heat_combined"].sel(arm="recycling", limit="value").values, "J")

service = LocalExperimentService()  # give db_dir to keep it on disk
data.service = service
data.save()
