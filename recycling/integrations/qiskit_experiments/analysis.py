"""The analysis: the counts of an ``ExperimentData`` through the analysis of this package."""

from __future__ import annotations

from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import Any

from qiskit_experiments.framework import (
    AnalysisResultData,
    ArtifactData,
    BaseAnalysis,
    FigureData,
    Options,
)

from recycling.integrations.qiskit_experiments.results import results_of
from recycling.integrations.qiskit_experiments.stored import COUNTS, DATASET, run_of
from recycling.reporting.figures import paper_figures
from recycling.results.analysis import analysed


class RecyclingAnalysis(BaseAnalysis):  # type: ignore[misc]
    """Heat, bounds and verdicts of a ``RecyclingErasure``, as ``recycling.analyse`` gives them.

    The spec and the device come with the data.

    Options:
        readout: "raw", "corrected" or "unmixed"; None takes the spec's.
        plot: whether figures are drawn.

    Example:
        >>> from qiskit_aer import AerSimulator
        >>> from recycling.integrations.qiskit_experiments import RecyclingErasure
        >>> spec = {
        ...     "name": "tiny",
        ...     "algorithm": {"name": "repeat-until-success"},
        ...     "device": {"profile": "ideal"},
        ...     "sweep": {"theta": [0.6], "p_x": [0.4]},
        ...     "measurement": {"shots": 50, "trials": 1},
        ... }
        >>> experiment = RecyclingErasure(spec)
        >>> experiment.analysis.set_options(plot=False)
        >>> data = experiment.run(AerSimulator()).block_for_results()
        >>> sorted({result.name for result in data.analysis_results(dataframe=True).itertuples()})
        ... # doctest: +NORMALIZE_WHITESPACE
        ['bound_athermal', 'bound_landauer', 'bound_tight', 'entropy_decrease', 'excess_athermal',
         'excess_landauer', 'excess_tight', 'heat', 'verdict_landauer', 'verdict_tight']
    """

    @classmethod
    def _default_options(cls) -> Options:
        options = super()._default_options()
        options.readout = None
        options.plot = True
        return options

    def _run_analysis(
        self, experiment_data: Any
    ) -> tuple[list[AnalysisResultData | ArtifactData], list[FigureData]]:
        with TemporaryDirectory() as folder:
            run = run_of(experiment_data, f"{folder}/run")
            dataset = analysed(run, readout=self.options.readout)
            # Arrays, since the encoder of qiskit-experiments keeps their bytes.
            artifacts = [
                ArtifactData(DATASET, dataset.to_dict(data="array")),
                ArtifactData(COUNTS, run.counts.to_dict(data="array")),
            ]
        figures = list(_figures(dataset)) if self.options.plot else []
        return [*results_of(dataset), *artifacts], figures


def _figures(dataset: Any) -> Iterator[FigureData]:
    """The figures of the paper, each with its caption as metadata."""
    for name, (figure, caption) in paper_figures(dataset, theory=None).items():
        yield FigureData(figure, f"{name}.svg", {"caption": caption})
