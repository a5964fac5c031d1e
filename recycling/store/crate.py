"""An archive described as an RO-Crate 1.1: what each file is and comes from, as JSON-LD."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from recycling.store.authors import NOT_DECLARED
from recycling.store.bundle import Entry
from recycling.store.directory import Run
from recycling.store.files import Damaged
from recycling.store.origin import data_kind, origin_of
from recycling.store.publication import Publication

METADATA = "ro-crate-metadata.json"
#: Identifiers that the format prescribes. Nothing is fetched from there.
_CONTEXT, _PROFILE = "https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/crate/1.1"
#: Its context has the terms of schema.org 10; "sha256" came later, and must be defined to be one.
_TERMS = [_CONTEXT, {"sha256": "https://schema.org/sha256"}]
#: Media types by the ends of names; files with others have none.
_MEDIA = {
    ".json": "application/json", ".jsonl": "application/jsonl", ".copy": "application/json",
    ".toml": "application/toml", ".nc": "application/netcdf", ".html": "text/html",
    ".svg": "image/svg+xml", ".txt": "text/plain", ".cff": "application/yaml",
    ".qasm": "text/plain", ".npz": "application/zip", ".qpy": "application/octet-stream",
}  # fmt: skip


def crate(run: Run, files: Mapping[str, Entry], publication: Publication, day: str) -> bytes:
    """Write the metadata of an archive as an RO-Crate.

    Args:
        run: the run.
        files: files of the archive by their names in it.
        publication: what its user declares.
        day: day of the publication.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> with TemporaryDirectory() as folder:
        ...     run = rc.run(rc.preset("theory"), out=f"{folder}/run")
        ...     files = {"data/run.json": Entry(2, "0" * 64)}
        ...     content = crate(run, files, Publication(), "2026-11-28")
        >>> [entity["@id"] for entity in json.loads(content)["@graph"]][:3]
        ['ro-crate-metadata.json', './', 'data/run.json']
    """
    record, origin = run.record, origin_of(run.record)
    software = [
        {
            "@id": f"#{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "softwareVersion": version,
        }
        for name, version in record["software"].items()
    ]
    people = [
        {"@id": author.url if author.orcid else f"#author-{number}", "@type": "Person",
         "name": author.name}
        for number, author in enumerate(publication.authors, start=1)
    ]  # fmt: skip
    licence: dict[str, Any] = {"license": {"@id": "LICENSE"}}
    made = {
        "@id": "#run", "@type": "CreateAction", "name": f"run {record['run_id']}",
        "startTime": record["created"], "instrument": [{"@id": each["@id"]} for each in software],
        "result": [{"@id": name} for name in files if name.startswith("data/shots/")],
        "description": f"backend {record['backend']}, device {run.device.name}"
        + ("" if origin is None else f"; {origin.words}"),
    }  # fmt: skip
    root = {
        "@id": "./", "@type": "Dataset", "name": title_of(run),
        "description": f"{data_kind(record).capitalize()} data of an experiment in thermodynamic "
        f"recycling: spec, circuits, calibration, outcomes, results. Spec {record['spec_hash']}.",
        "identifier": f"recycling-run-{record['run_id']}", "datePublished": day,
        "dateCreated": record["created"], **licence,
        "author": [{"@id": each["@id"]} for each in people] or NOT_DECLARED,
        "hasPart": [{"@id": name} for name in files], "mentions": [{"@id": "#run"}],
    }  # fmt: skip
    descriptor = {
        "@id": METADATA, "@type": "CreativeWork", "conformsTo": {"@id": _PROFILE},
        "about": {"@id": "./"},
    }  # fmt: skip
    parts = [_file(name, entry) for name, entry in files.items()]
    graph = [descriptor, root, *parts, made, *people, *software]
    return (json.dumps({"@context": _TERMS, "@graph": graph}, indent=1) + "\n").encode()


def title_of(run: Run) -> str:
    """Title of the data of a run.

    Example:
        >>> from types import SimpleNamespace
        >>> title_of(SimpleNamespace(record={"name": "tiny", "run_id": "2f0c"}))
        'Thermodynamic recycling: run 2f0c of the experiment "tiny"'
    """
    record = run.record
    return f'Thermodynamic recycling: run {record["run_id"]} of the experiment "{record["name"]}"'


def _file(name: str, entry: Entry) -> dict[str, Any]:
    ends = name[name.rfind(".") :] if "." in name else ".txt"
    media = _MEDIA.get(ends)
    return {
        "@id": name, "@type": "File", "name": name.rpartition("/")[2],
        "contentSize": str(entry.size), "sha256": entry.sha256,
        **({"encodingFormat": media} if media else {}),
        **({"description": entry.meaning} if entry.meaning else {}),
    }  # fmt: skip


def check_crate(content: bytes, files: Mapping[str, Entry]) -> None:
    """Check that metadata are those of an RO-Crate 1.1 that describes given files.

    Raises:
        Damaged: its structure is another, or a file is not described, or otherwise.

    Example:
        >>> check_crate(b"[]", {})
        Traceback (most recent call last):
        recycling.store.files.Damaged: ro-crate-metadata.json has no @graph of entities with an @id
    """
    try:
        document = json.loads(content)
        entities = {entity["@id"]: entity for entity in document["@graph"]}
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Damaged(f"{METADATA} has no @graph of entities with an @id") from None
    descriptor, root = entities.get(METADATA, {}), entities.get("./", {})
    # Archives of earlier versions name the context alone.
    known = document.get("@context") in (_TERMS, _CONTEXT)
    if not known or descriptor.get("conformsTo") != {"@id": _PROFILE}:
        raise Damaged(f"{METADATA} does not conform to RO-Crate 1.1")
    needed = ("name", "description", "datePublished", "license", "hasPart")
    if root.get("@type") != "Dataset" or descriptor.get("about") != {"@id": "./"}:
        raise Damaged(f"{METADATA} is not about a Dataset './'")
    for key in needed:
        if not root.get(key):
            raise Damaged(f"{METADATA}: the Dataset lacks {key}")
    parts = {part["@id"] for part in root["hasPart"]}
    if parts != {*files}:
        raise Damaged(f"{METADATA} describes other files: {min(parts ^ {*files})}")
    for name, entry in files.items():
        found = entities.get(name, {})
        if (found.get("sha256"), found.get("contentSize")) != (entry.sha256, str(entry.size)):
            raise Damaged(f"{METADATA} describes {name} otherwise than it is")
