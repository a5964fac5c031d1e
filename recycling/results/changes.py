"""What differs between runs besides their outcomes: spec, device, calibration, software."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from recycling.devices.displaced import displaced_devices

if TYPE_CHECKING:
    from recycling.results.comparison import Member

#: Attributes of a Dataset that say how it came about.
_ATTRIBUTES = (
    "data_kind", "device", "temperature_K", "temperature_source", "readout", "estimator", "trials",
)  # fmt: skip
#: What stands where a run has no such entry.
NONE = "–"


def changes_of(members: Sequence[Member]) -> dict[str, list[tuple[str, ...]]]:
    """List what differs between runs.

    Returns:
        By topic the entries that are not the same in all runs: their name, then their value in each
        run as text.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> import recycling as rc
        >>> from recycling.results.comparison import Member
        >>> spec = rc.preset("theory")
        >>> with TemporaryDirectory() as folder:
        ...     runs = [rc.run(spec.model_copy(update={"seed": n}), out=f"{folder}/{n}")
        ...             for n in (1, 2)]
        ...     members = [Member(str(n), run, rc.analyse(run)) for n, run in enumerate(runs)]
        ...     changes_of(members)["spec"]
        [('seed', '1', '2')]
    """
    topics = {
        "run": [_of_run(member) for member in members],
        "spec": [dict(_flat(m.run.experiment.model_dump(mode="json"))) for m in members],
        "device": [_of_device(member) for member in members],
        "software": [member.run.record["software"] for member in members],
    }
    return {topic: _different(entries) for topic, entries in topics.items()}


def _different(entries: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    names = dict.fromkeys(name for each in entries for name in each)
    rows = ((name, *(str(each.get(name, NONE)) for each in entries)) for name in names)
    return [row for row in rows if len(set(row[1:])) > 1]


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Entries of nested tables by their names with dots."""
    if isinstance(value, Mapping) and value:
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else str(key))
    elif value is not None:
        yield name, value


def _of_run(member: Member) -> dict[str, Any]:
    record, attributes = member.run.record, member.dataset.attrs
    told = {name: attributes[name] for name in _ATTRIBUTES if name in attributes}
    return {"created": record["created"], "backend": record["backend"], **told}


def _of_device(member: Member) -> dict[str, Any]:
    """Layout and latency, and each number of the noise."""
    device = member.run.device
    numbers, _ = displaced_devices(device, 1.0)
    return {
        "layout": device.layout,
        "feedforward latency": _in_units(float(device.feedforward_latency), "s"),
        **{each.label: _in_units(each.value, each.unit) for each in numbers},
    }


def _in_units(value: float, unit: str) -> str:
    scale, shown = {"s": (1e6, " µs"), "K": (1e3, " mK")}.get(unit, (1.0, ""))
    return f"{value * scale:.4g}{shown}"
