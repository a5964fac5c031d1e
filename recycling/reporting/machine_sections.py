"""Sections of the report about the machine: device, circuits, how the run went, provenance."""

from __future__ import annotations

from circuits.design import Design
from recycling.reporting.circuit_figures import circuit_figure, schedule_figure
from recycling.reporting.conduct import conduct_tables
from recycling.reporting.device_tables import (
    coupling_table,
    device_table,
    source_table,
    stage_table,
)
from recycling.reporting.evidence import Evidence
from recycling.reporting.parts import Gallery, Listing, Paragraph, Part, Rows, Section
from recycling.results.calibrations import known_latency
from recycling.store.circuits import qiskit_is_missing
from recycling.store.origin import device_is_known, origin_of

#: Most gates of a circuit that is drawn: a drawing of so many takes 30 s, and nobody reads it.
_MOST_DRAWN = 2000
#: Captions of the drawings of a circuit, by the names of their files.
_DRAWINGS = {
    "schedule": "Schedule of the recycling arm, measured after the erasure, conditional block "
    "taken.",
    "circuit": "Compiled circuit of the same setting without its delays; the schedule shows those.",
}
_TRUE = " Beneath it the schedule of the service, its first operation at the time of the plan's."


def device_section(evidence: Evidence) -> Section:
    """The numbers of the device, and where each comes from."""
    if not device_is_known(evidence.run.record):
        return Section("Device", [Paragraph("is the device: no calibration was given with the "
                                            "counts.", "note", "Missing")])  # fmt: skip
    device, circuit = evidence.run.device, evidence.circuit
    latency = f"feedforward latency {device.feedforward_latency * 1e6:.2f} µs"
    true = known_latency(evidence.run)
    measured = f" Measured: {true.seconds * 1e6:.3f} µs, by {true.source}." if true.measured else ""
    couplings = [] if circuit is None else [Rows(coupling_table(device, circuit))]
    return Section(
        "Device",
        [
            Paragraph(f"{device.name}; {latency} after the measurement.{measured}"),
            Rows(device_table(device)),
            *couplings,
            Rows(
                source_table(device),
                numbers=False,
                summary="Where each number comes from",
                unfolded=True,
            ),
        ],
    )


def stage_section(evidence: Evidence) -> Section | None:
    """What the stage makes of the device, where the run has one."""
    spec, kelvin = evidence.experiment.stage, evidence.experiment.bath.temperature
    if spec is None or not device_is_known(evidence.run.record):
        return None
    stage = spec.build()
    note = (
        "Times, thermal starts and the relaxation in gate errors follow the model of "
        "docs/stage.md. Readout, durations and the control's part of gate errors stay as "
        "calibrated. The bounds take T0 from the bath, not from the calibration."
    )
    rows = Rows(stage_table(evidence.run.device, stage, kelvin))
    words = stage.words(kelvin)
    text = Paragraph(f"{words[0].upper()}{words[1:]}.")
    return Section("Stage", [text, rows, Paragraph(note, "note")])


def circuit_section(evidence: Evidence) -> Section:
    """The longest circuit: its gates, its schedule and its drawing, where it can be read."""
    circuit, device = evidence.circuit, evidence.run.device
    if circuit is None:
        return _without_circuits(evidence)
    gates = ", ".join(f"{count} {name}" for name, count in circuit.count_ops().items())
    drawings = {
        "schedule": (
            schedule_figure(
                circuit, device, condition_of(evidence.experiment.design), evidence.true_operations
            ),
            _DRAWINGS["schedule"] + (_TRUE if evidence.true_operations else ""),
        ),
    }
    counts = circuit.count_ops()
    left_out = ""
    if sum(counts.values()) - counts.get("delay", 0) <= _MOST_DRAWN:
        drawings["circuit"] = (
            circuit_figure(circuit, device),
            _DRAWINGS["circuit"],
        )
    else:
        left_out = f" The drawing of its gates is left out: they are more than {_MOST_DRAWN:,}."
    return Section(
        "What was executed",
        [
            Paragraph(f"{gates} (outside the conditional block).{left_out}", "note"),
            Gallery(drawings, wide=True),
        ],
    )


def _without_circuits(evidence: Evidence) -> Section:
    """What is missing where the circuits cannot be read, and the drawings that were kept."""
    figures = evidence.run.path / "figures"
    kept = [name for name in _DRAWINGS if (figures / f"{name}.svg").is_file()]
    if not qiskit_is_missing():
        kept = []  # they may be those of other circuits
    drawings = "" if kept else "the drawings, the schedules, "
    missing = (
        f"are {drawings}the couplings used and the times beside the paper: "
        f"{evidence.run.circuits_fault}"
    )
    parts: list[Part] = [Paragraph(missing, "note", "Missing")]
    if kept:
        pictures = {
            name: ((figures / f"{name}.svg").read_bytes(), f"{_DRAWINGS[name]} Drawn before.")
            for name in kept
        }
        parts.append(Gallery(pictures, wide=True))
    return Section("What was executed", parts)


def condition_of(design: Design) -> str:
    """Condition of the reset in words: the records of the flags that are failures."""
    return f"flag = {' or '.join(map(str, design.failure))}"


def conduct_section(evidence: Evidence) -> Section:
    """The jobs, the calibrations around them, and the schedules of the service."""
    record = evidence.run.record
    tables = conduct_tables(evidence.run, evidence.calibrations)
    origin = origin_of(record)
    declared = () if origin is None else (f"Origin: {origin.words}. {origin.unknown}",)
    return Section(
        "How the run went",
        [
            Paragraph(f"backend {record['backend']} · run {record['run_id']}", "facts"),
            *(Paragraph(text, "note", "From elsewhere") for text in declared),
            *(Rows(table, heading=caption) for caption, table in tables.items()),
        ],
    )


def provenance_section(evidence: Evidence) -> Section:
    """Spec, software and times."""
    record = evidence.run.record
    software = (f" · {name} {version}" for name, version in record["software"].items())
    times = (
        f" · {line['event']} {line['seconds']:.1f} s"
        for line in evidence.run.telemetry
        if "seconds" in line
    )
    facts = f"spec {record['spec_hash']}{''.join(software)}{''.join(times)}"
    parts: list[Part] = [Paragraph(facts, "facts")]
    if record["changes"]:
        changes = ", ".join(f"{key} = {value}" for key, value in record["changes"].items())
        parts.append(Paragraph(f"changed on the command line: {changes}", "facts"))
    return Section("Provenance", [*parts, Listing(record["spec"], "Spec")])
