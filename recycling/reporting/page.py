"""The report: one self-contained HTML file that asks the network for nothing."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from recycling.errors import BadInput
from recycling.inference.readout.correction import Readout
from recycling.planning.plan import plan
from recycling.planning.rehearsal import simulate_counts
from recycling.reporting import paper, tables
from recycling.reporting.branch_figures import branch_figures
from recycling.reporting.circuit_figures import circuit_figure, schedule_figure
from recycling.reporting.conduct import conduct_tables
from recycling.reporting.figures import paper_figures, to_svg
from recycling.reporting.readings import (
    assignment_table,
    readout_datasets,
    readout_table,
    temperature_table,
    threshold_table,
)
from recycling.reporting.sensitivity_figures import sensitivity_figures
from recycling.results.analysis import analyse, analyse_counts, experiment_attributes
from recycling.results.assignment import stored_assignment
from recycling.results.controls import controls, warning
from recycling.results.temperature import bath_temperatures
from recycling.spec.experiment import DeviceSpec, Experiment, InferenceSpec, MeasurementSpec
from recycling.store.files import write_whole

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure
    from qiskit import QuantumCircuit

    from recycling.devices.device import Device
    from recycling.store.directory import Run

#: Setting of the circuit that the report shows: the longest one.
SHOWN_SETTING = paper.LONGEST


@dataclass(frozen=True)
class Picture:
    """One figure of the page: name, caption and data URI."""

    name: str
    caption: str
    uri: str


def report(
    run: Run,
    dataset: xr.Dataset | None = None,
    progress: Callable[[str], None] = lambda _step: None,
    *,
    folder: Path | None = None,
) -> Path:
    """Write report.html and figures/ into a run's directory, or elsewhere.

    Args:
        run: opened run.
        dataset: its analysis; by default made now.
        progress: called with the name of each step as it begins.
        folder: where to write, by default the run's directory; created where there is none.

    Returns:
        Path of report.html.
    """
    import jinja2

    if dataset is None:
        progress("analysing")
        dataset = analyse(run, folder=folder)
    progress("computing the theory")
    theory = theory_dataset(run.experiment)
    progress("drawing figures")
    circuit = None if run.circuits_fault else run.circuits[SHOWN_SETTING]
    results = paper_figures(dataset, theory)
    compared = paper.compare(paper.replay_of(run, dataset, theory))
    temperatures = bath_temperatures(run)
    readouts = readout_datasets(run, dataset.attrs["temperature_K"])
    sensitivities = sensitivity_figures(dataset, temperatures["measured"])
    branches = branch_figures(dataset)
    machine = {} if circuit is None else _drawings(circuit, run.device)
    folder = run.path if folder is None else folder
    (folder / "figures").mkdir(parents=True, exist_ok=True)
    progress("writing the report")
    pictures = {}
    for name, (figure, caption) in (results | sensitivities | branches | machine).items():
        svg = to_svg(figure)
        write_whole(folder / "figures" / f"{name}.svg", svg)
        uri = "data:image/svg+xml;base64," + base64.b64encode(svg).decode()
        pictures[name] = Picture(name, caption, uri)
    template = resources.files("recycling.reporting") / "report.html.j2"
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    checks = controls(dataset)
    html = environment.from_string(template.read_text(encoding="utf-8")).render(
        record=run.record,
        attributes=dataset.attrs,
        headline=tables.headline(dataset),
        verdicts=tables.verdict_table(dataset, _corrected(dataset, readouts)),
        controls=checks,
        warning=warning(checks),
        results=[pictures[name] for name in results],
        sensitivities=[pictures[name] for name in sensitivities],
        branches=[pictures[name] for name in branches],
        machine=[pictures[name] for name in machine],
        readout=[
            readout_table(run, readouts),
            assignment_table(stored_assignment(run)),
        ],
        temperatures=[temperature_table(run), threshold_table(dataset)],
        device=run.device,
        device_tables=[
            tables.device_table(run.device),
            *([] if circuit is None else [tables.coupling_table(run.device, circuit)]),
            tables.source_table(run.device),
        ],
        paper=compared,
        paper_summary=paper.summary(compared),
        conduct=conduct_tables(run),
        timings=[line for line in run.telemetry if "seconds" in line],
        gate_counts={} if circuit is None else dict(circuit.count_ops()),
        circuits_fault=run.circuits_fault,
        spec=run.record["spec"],
    )
    path = folder / "report.html"
    write_whole(path, html.encode())
    return path


def _drawings(circuit: QuantumCircuit, device: Device) -> dict[str, tuple[Figure, str]]:
    """Pictures of what was executed, with their captions."""
    return {
        "schedule": (
            schedule_figure(circuit, device),
            "Schedule of the recycling arm, measured after the erasure, conditional block taken.",
        ),
        "circuit": (
            circuit_figure(circuit, device),
            "Compiled circuit of the same setting without its delays; the schedule shows those.",
        ),
    }


def _corrected(
    dataset: xr.Dataset, readouts: Mapping[Readout, xr.Dataset | BadInput]
) -> xr.Dataset | None:
    """What raw results are to be compared with, where there is anything."""
    corrected = readouts["corrected"]
    if dataset.attrs["readout"] != "raw" or isinstance(corrected, BadInput):
        return None
    return corrected


def theory_dataset(experiment: Experiment) -> xr.Dataset:
    """Noiseless counterpart of an experiment, with infinitely many shots: Fig. 4(c)."""
    ideal = experiment.model_copy(
        update={
            "device": DeviceSpec(profile="ideal"),
            "measurement": MeasurementSpec(shots="exact", trials=1),
            "inference": InferenceSpec(),
        }
    )
    planned = plan(ideal)
    attributes = experiment_attributes(ideal, planned.device) | {"data_kind": "simulated"}
    return analyse_counts(ideal, simulate_counts(planned), attributes)
