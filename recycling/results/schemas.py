"""JSON Schemas of the JSON files of a run, as this version writes them."""

from __future__ import annotations

import json
from typing import Any

from pydantic import BaseModel

from recycling.devices.device import Device
from recycling.results.calibrations import Calibrations
from recycling.store.files import Damaged
from recycling.store.identity import RunRecord
from recycling.store.journal import JobRecord
from recycling.store.rounds import Rounds
from recycling.store.schema import shortened
from recycling.store.telemetry import Event

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
#: Objects without a model: what a service reported in a form that is its own, and results of a
#: study as plain data.
_PLAIN = {
    "calibration": "Calibration as the service reported it",
    "reset": "Results of a study of resets; each name ends with its unit",
}
#: Entry with which a file, or a line of one, is sealed.
_SEALS = {
    "checksum": "SHA-256 of the other entries as JSON with sorted keys",
    "source": "SHA-256 of what the record follows from",
    "crc32": "CRC-32 of the other entries as JSON with sorted keys",
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """Make the schemas by the name of what they describe.

    Example:
        >>> sorted(json_schemas())
        ['calibration', 'calibrations', 'device', 'job', 'reset', 'rounds', 'run', 'telemetry']
    """
    return {
        "run": _sealed(RunRecord, "checksum"),
        "job": _sealed(JobRecord, "checksum"),
        "rounds": _sealed(Rounds, "checksum"),
        "telemetry": _sealed(Event, "crc32"),
        "device": {"$schema": _DIALECT, **Device.model_json_schema()},
        "calibrations": _with_infinity(_sealed(Calibrations, "checksum", "source")),
        **{
            name: {"$schema": _DIALECT, "title": title, "type": "object"}
            for name, title in _PLAIN.items()
        },
    }


def schema_of(name: str) -> str | None:
    """Name of the schema of a file of a run by the file's name; None where it is no JSON.

    Example:
        >>> schema_of("jobs/trial-0.json"), schema_of("run.json.copy"), schema_of("results.nc")
        ('job', 'run', None)
    """
    if name.startswith("jobs/"):
        return "job"
    known = {
        "run.json": "run", "run.json.copy": "run", "device.json": "device",
        "calibration.json": "calibration", "calibrations.json": "calibrations",
        "telemetry.jsonl": "telemetry", "rounds.json": "rounds", "reset.json": "reset",
    }  # fmt: skip
    return known.get(name)


def records_of(name: str, content: bytes) -> list[Any]:
    r"""Records of a JSON file: one, or that of each line of a telemetry.

    Raises:
        Damaged: it is no JSON.

    Example:
        >>> records_of("telemetry.jsonl", b'{"event": "planned"}\n{"event": "done"}\n')[1]
        {'event': 'done'}
    """
    parts = content.splitlines() if name.endswith(".jsonl") else [content]
    try:
        return [json.loads(part) for part in parts]
    except (ValueError, RecursionError) as error:
        raise Damaged(f"{name} is no JSON: {shortened(str(error))}") from None


def _sealed(model: type[BaseModel], *seals: str) -> dict[str, Any]:
    """Schema of a model with the entries that seal and bind its record."""
    schema: dict[str, Any] = {"$schema": _DIALECT, **model.model_json_schema()}
    described = {seal: {"type": "string", "description": _SEALS[seal]} for seal in seals}
    schema["properties"] = {**schema["properties"], **described}
    schema["required"] = [*schema.get("required", []), *seals]
    return schema


def _with_infinity(schema: Any) -> Any:
    """Schema in which a number may also be a text: JSON has neither infinity nor NaN."""
    if isinstance(schema, list):
        return [_with_infinity(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if schema.get("type") == "number":
        return {"anyOf": [schema, {"enum": ["NaN", "Infinity", "-Infinity"]}]}
    return {key: _with_infinity(each) for key, each in schema.items()}
