"""The protocol as an experiment of qiskit-experiments, for those who run everything there.

``RecyclingErasure("paper").run(backend).block_for_results()`` gives the same numbers as a run of
this package with the same shots.
"""

from recycling.extras import need

need("qiskit_experiments", "qiskit_aer", "qiskit_ibm_runtime")

from recycling.integrations.qiskit_experiments.analysis import RecyclingAnalysis  # noqa: E402
from recycling.integrations.qiskit_experiments.experiment import RecyclingErasure  # noqa: E402
from recycling.integrations.qiskit_experiments.stored import dataset_of, run_of  # noqa: E402
from recycling.integrations.qiskit_experiments.thermometer import (  # noqa: E402
    ThermalPopulation,
    ThermalPopulationAnalysis,
)

__all__ = [
    "RecyclingAnalysis",
    "RecyclingErasure",
    "ThermalPopulation",
    "ThermalPopulationAnalysis",
    "dataset_of",
    "run_of",
]
