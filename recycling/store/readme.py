"""README of an archive: what every file is, and how to read it without this package."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from circuits.design import FLAG
from circuits.tomography import BASIS_ANGLES
from recycling.store.bag import MANIFEST
from recycling.store.directory import Run
from recycling.store.origin import data_kind, origin_of

_README = """\
Run {run_id} of the experiment "{name}": {kind} data.

begun      {created}
backend    {backend}
device     {device}
spec hash  {spec_hash}{origin}
format     BagIt 1.0; run directory of schema {schema}

Files in data/
{files}
{beside}
To check    sha256sum -c {manifest}
To read     xarray.open_dataset("data/results.nc") in Python, or any reader of netCDF-4;
            numpy.load for the shots; all other files but circuits.qpy are text
To go on    recycling unbundle FILE.zip, then recycling analyse, report or export, with a
            thermodynamic-recycling that reads schema {schema}

{shots}

To analyse the run again gives the same Dataset with the software that it was made with:
{software}

run.json names the instance of the account on the quantum service, if one was given. No file holds
a token.
"""
#: How to check an archive that holds more than a bundle.
_VERIFY = (
    "\nTo verify   recycling verify FILE.zip: also the schemas, the circuits, results by raw bits\n"
)
#: What the outcomes of a run of the protocol are, and those of any other study.
_TRIALS = """\
In shots/trial-*.npz, shots[pub, {point}, basis, shot] holds the bits of a shot as a number, the
lowest bit first: {bits}. A pub is one of {arms} by one of
{stages} by a preparation of S ({preparations}), the last one fastest; the bases are {bases}.
A table instead of shots has a probability or a count for each such number."""
_OTHERS = """\
In shots/*.npz, shots[..., shot] holds the bits of a shot as a number, the lowest bit first; the
circuits of a job are those of its study, {kind}, in their order. A table instead of shots has a
probability or a count for each such number."""
#: What replaces the axes of shots where settings have different shots.
_ENTRIES = """
With measurement.allocation in the spec it is shots[entry, shot] instead: all entries of the pubs in
their order, each as often as its repeats say."""
#: What a file of a run is, or the files of one of its folders are.
MEANINGS = {
    "run.json": "identity, spec, device, software and checksums",
    "run.json.copy": "its copy",
    "experiment.toml": "the spec as given",
    "device.json": "calibration of the qubits used, layout, temperature, latency",
    "calibration.json": "calibration of the whole chip as the service reported it",
    "prediction.nc": "what was predicted before the first job (netCDF-4)",
    "circuits.qpy": "the circuits executed (Qiskit QPY)",
    "jobs/": "the journal of each job",
    "shots/": "the outcomes of each job in the order of the shots (npz)",
    "telemetry.jsonl": "times of the steps, calibration around the jobs",
    "rounds.json": "what each look at the rounds saw and decided",
    "reset.json": "the results of a study of resets with their intervals",
    "reset.csv": "the same, a row for each reset and preparation",
    "results.nc": "the results with their intervals (netCDF-4)",
    "report.html": "the report with its figures",
    "figures/": "drawings of the report that need Qiskit to be made again (SVG)",
    "calibrations.json": "the analysis of brackets and assignment matrices, bound to their shots",
    "theory.nc": "the noiseless theory of the experiment (netCDF-4)",
}


def meaning_of(name: str, more: Mapping[str, str]) -> str:
    """Say what a file of an archive is, by its name there; ``more`` has those beside data/.

    Example:
        >>> meaning_of("data/results.nc", {})
        'the results with their intervals (netCDF-4)'
    """
    known = MEANINGS if name.startswith("data/") else more
    return known.get(_group(name.removeprefix("data/")), "")


def readme(run: Run, names: Sequence[str], more: Mapping[str, str]) -> str:
    """Write the README of an archive.

    Args:
        run: the run.
        names: files of the run that the archive holds.
        more: what the files, or the files of a folder, beside data/ are.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     text = readme(run, ["run.json"], {})
        >>> text.splitlines()[0].split(" ", 2)[2]
        'of the experiment "theory": simulated data.'
    """
    groups = dict.fromkeys(map(_group, names))
    origin = origin_of(run.record)
    of_more = [f"  {name:24}{meaning}\n" for name, meaning in more.items()]
    return _README.format(
        **{key: run.record[key] for key in ("run_id", "name", "created", "backend", "spec_hash")},
        kind=data_kind(run.record),
        origin=""
        if origin is None
        else f"\norigin     {origin.words}\n           {origin.unknown}",
        device=run.device.name,
        schema=run.record["schema_version"],
        shots=_shots(run),
        manifest=MANIFEST,
        files="\n".join(f"  {group:18}{MEANINGS.get(group, '')}".rstrip() for group in groups),
        beside="".join(["\nFiles beside data/\n", *of_more, _VERIFY]) if more else "",
        software="\n".join(f"  {name} {of}" for name, of in run.record["software"].items()),
    )


def _shots(run: Run) -> str:
    """What the numbers in the files of the shots are."""
    if all(job.trial is None for job in run.jobs):
        return _OTHERS.format(kind=run.kind)
    design = run.design
    flags = [FLAG] if len(design.flags) == 1 else [f"{FLAG} of {role}" for role in design.flags]
    swept = design.parameter_names
    trials = _TRIALS.format(
        point=swept[0] if len(swept) == 1 else "point",
        bits=", ".join([*flags, *design.measured]),
        bases=", ".join(BASIS_ANGLES),
        arms=", ".join(design.arm_names),
        stages=", ".join(design.stages),
        preparations=", ".join(design.preparations),
    )
    return trials if run.experiment.allocation is None else trials + _ENTRIES


def _group(name: str) -> str:
    """Name of a file, or of the folder that it is in."""
    folder, slash, _ = name.partition("/")
    return folder + slash if slash else name
