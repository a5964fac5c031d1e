"""Page of the reference: every key of every kind of spec, from the models that validate them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from circuits import links
from circuits.algorithms import ALGORITHMS
from circuits.algorithms import GROUP as ALGORITHM_GROUP
from circuits.settings import settings_of
from circuits.tasks import GROUP as TASK_GROUP
from circuits.tasks import TASKS
from docs._ext.fields import default_of, taken, unit_of
from docs._ext.text import prose, table
from recycling.campaign.spec import CampaignSpec
from recycling.spec.chosen import LINK
from recycling.spec.experiment import Experiment
from recycling.spec.over import GridAxis, Over, RandomAxis, SobolAxis
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.reset.spec import ResetSpec
from recycling.studies.stage_grid import StageGrid

#: Models of tables that are shown where they are used.
_INLINE = ("Range", "Over", "Experiment")
_INTRODUCTION = """\
# Keys of a spec

A spec is a TOML file. Every key has a default unless it says "required", so that a spec holds
what differs from the [paper's experiment](../first-ten-minutes.md). Numbers are SI; a quantity
may be text with a unit. An unknown key, or a value outside its range, is refused with file, line,
field, value and what to give instead.

This page is made from the models that validate a spec.
"""


def page() -> str:
    """The page in Markdown."""
    parts = [_INTRODUCTION, "## Experiment", prose(Experiment), _keys(Experiment)]
    known = set()
    for name, model in _sections():
        parts += [f"### {name}", prose(model), _keys(model)]
        known.add(model)
    for name, model in _others().items():
        parts += [f"## {name}", prose(model), _keys(model)]
        for inner, section in _tables(model):
            if section in known:
                parts.append(f"Its table `[{inner}]` is the same as that of an experiment.")
            else:
                parts += [f"### {name}: `[{inner}]`", prose(section), _keys(section)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _sections() -> Iterator[tuple[str, type[BaseModel]]]:
    """Tables of the spec of an experiment by their headings."""
    chosen = {
        "algorithm": (ALGORITHMS, ALGORITHM_GROUP),
        "task": (TASKS, TASK_GROUP),
        "link": (LINK.known, links.GROUP),
    }
    for name, field in Experiment.model_fields.items():
        if name in chosen:
            known, group = chosen[name]
            for value in known:
                yield f'`[{name}]` with `name = "{value}"`', settings_of(value, known, group)
            continue
        default = field.default
        model = type(default) if isinstance(default, BaseModel) else _model_in(field.annotation)
        if model is None:
            continue
        yield f"`[{name}]`", model
        yield from ((f"`[{name}.{key}]`", inner) for key, inner in _tables(model))
        if name == "sweep":
            yield "`[sweep.over]`", Over
            yield "An axis of `[sweep.over]`: grid", GridAxis
            yield "An axis of `[sweep.over]`: random", RandomAxis
            yield "An axis of `[sweep.over]`: Sobol", SobolAxis


def _tables(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    """Models of the tables in a model by their keys."""
    for name, field in model.model_fields.items():
        found = _model_in(field.annotation)
        if found is not None and found.__name__ not in _INLINE:
            yield name, found
            yield from ((f"{name}.{key}", inner) for key, inner in _tables(found))


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = map(_model_in, getattr(annotation, "__args__", ()))
    return next((model for model in inner if model is not None), None)


def _others() -> Mapping[str, type[BaseModel]]:
    """Specs of other studies."""
    return {
        "Latency (`recycling latency`)": LatencySpec,
        "Reset (`recycling reset`)": ResetSpec,
        "Grid of stages (`recycling stage`)": StageGrid,
        "Campaign (`recycling campaign run`)": CampaignSpec,
    }


def _keys(model: type[BaseModel]) -> str:
    rows = [
        (
            f"`{name}`",
            unit_of(field.annotation, field.metadata),
            "table" if _has_heading(model, field) else taken(field.annotation, field.metadata),
            "see below" if _has_heading(model, field) else default_of(field),
        )
        for name, field in model.model_fields.items()
    ]
    return table(["key", "unit", "takes", "default"], rows) if rows else ""


def _has_heading(model: type[BaseModel], field: FieldInfo) -> bool:
    """Whether a field is a table that the page shows under a heading."""
    found = _model_in(field.annotation)
    chosen = model is Experiment and isinstance(field.default, BaseModel)
    return chosen or (found is not None and found.__name__ not in _INLINE)
