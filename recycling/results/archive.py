"""An archive for years: a bundle that needs neither this package, nor Qiskit, nor a service.

It is the bag of ``recycling.store.bundle``, whose base is an RO-Crate 1.1, with beside data/ ::

    ro-crate-metadata.json    what each file is, by whom, from which software (JSON-LD)
    CITATION.cff  LICENSE     as declared by whoever publishes it
    circuits/*.qasm           every circuit as OpenQASM 3
    schemas/*.json            JSON Schema of every JSON file
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from recycling.errors import BadInput
from recycling.extras import command
from recycling.results.schemas import json_schemas
from recycling.store.bundle import Addition, Entry, write_bundle
from recycling.store.circuits import qiskit_is_missing
from recycling.store.crate import METADATA, crate, title_of
from recycling.store.directory import Run
from recycling.store.publication import Publication
from recycling.store.qasm import programs

#: Derived files of a run that only Qiskit can make again.
KEPT = ("theory.nc", "calibrations.json", "figures/schedule.svg", "figures/circuit.svg")
#: What is beside data/.
MEANINGS = {
    METADATA: "description of all files as RO-Crate 1.1 (JSON-LD)",
    "CITATION.cff": "how to cite these data (Citation File Format 1.2.0)",
    "LICENSE": "licence of the data",
    "circuits/": "all circuits as OpenQASM 3: inputs in rad, delays in dt, in s on line 2",
    "schemas/": "JSON Schemas: run.json; job: jobs/*.json; a line of telemetry.jsonl; …",
}


def write_archive(run: Run, archive_path: Path, publication: Publication) -> Path:
    """Put a finished run into an archive for years; the same run gives the same bytes.

    results.nc and report.html go into it as they are now: analyse and report the run before.

    Raises:
        BadInput: as for ``write_bundle``; or the circuits cannot be written as OpenQASM 3.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     write_archive(run, Path(folder) / "run.zip", Publication()).name
        'run.zip'
    """
    day = publication.published or str(run.record["created"])[:10]
    identifiers = [f"recycling-run-{run.run_id}", f"spec SHA-256 {run.record['spec_hash']}"]
    files = {
        "CITATION.cff": publication.citation(title_of(run), day, identifiers),
        "LICENSE": publication.licence_file(),
        **{f"circuits/{name}": text for name, text in _programs(run).items()},
        **{
            f"schemas/{name}.schema.json": json.dumps(schema, indent=1) + "\n"
            for name, schema in json_schemas().items()
        },
    }
    groups = {name if "/" not in name else f"{name.partition('/')[0]}/" for name in files}
    addition = Addition(
        KEPT,
        {name: text.encode() for name, text in files.items()},
        {name: MEANINGS[name] for name in MEANINGS if name in {*groups, METADATA}},
        partial(_described, run, publication, day),
    )
    return write_bundle(run, archive_path, addition)


def _programs(run: Run) -> dict[str, str]:
    if "circuits.qpy" not in run.record["checksums"]:
        return {}  # counts from elsewhere
    if qiskit_is_missing():
        raise BadInput(
            "archive: Qiskit, which writes the circuits as OpenQASM 3, is not installed: "
            + command("qiskit")
        )
    return programs(run.all_circuits, run.device.dt)


def _described(
    run: Run, publication: Publication, day: str, files: Mapping[str, Entry]
) -> dict[str, bytes]:
    return {METADATA: crate(run, files, publication, day)}
