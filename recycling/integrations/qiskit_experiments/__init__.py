"""The protocol as an experiment of qiskit-experiments, for those who run everything there.

``RecyclingErasure("paper").run(backend).block_for_results()`` gives the same numbers as a run of
this package with the same shots.
"""

from recycling.integrations.qiskit_experiments.analysis import RecyclingAnalysis
from recycling.integrations.qiskit_experiments.experiment import RecyclingErasure
from recycling.integrations.qiskit_experiments.stored import dataset_of, run_of
from recycling.integrations.qiskit_experiments.thermometer import (
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
