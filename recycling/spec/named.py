"""Experiments by what people have of them: a file, the name of a preset, or an experiment."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from recycling.errors import BadInput
from recycling.spec.experiment import Experiment, spec_text
from recycling.spec.messages import parse_spec

Model = TypeVar("Model", bound=BaseModel)
#: An experiment, the path of its file ("~" is the home folder), or the name of a preset.
Source = Experiment | str | PathLike[str]


def load(source: Source) -> Experiment:
    """Read an experiment: of a file, or of a preset.

    Args:
        source: path of a TOML file, where "~" is the home folder, or the name of a preset:
            "paper", "theory" or "payoff". An experiment is returned as it is.

    Raises:
        BadInput: it is neither, or the spec has faults: a line for each.

    Example:
        >>> load("theory").measurement.shots
        'exact'
    """
    return read_source(source)[0]


def read_source(source: Source, text: str | None = None) -> tuple[Experiment, str | None]:
    """Read an experiment, and its text as it was given.

    Args:
        source: as for ``load``.
        text: of an experiment that was read before.

    Raises:
        BadInput: as for ``load``, or there are two texts.

    Example:
        >>> experiment, text = read_source("theory")
        >>> text.count(experiment.name) > 0
        True
    """
    if isinstance(source, Experiment):
        return source, text
    if text is not None:
        raise BadInput(f"spec: {str(source)!r} has its text; leave spec out")
    return read_named(Experiment, source)


def read_named(
    model: type[Model], source: str | PathLike[str], changes: Mapping[str, Any] | None = None
) -> tuple[Model, str]:
    """Read a spec of some kind by the path of its file, or by the name of a preset; and its text.

    ``changes`` overrule its top-level fields.

    Raises:
        BadInput: as for ``load``.

    Example:
        >>> read_named(Experiment, "paper")[0].name
        'paper'
    """
    text = named_text(source)
    return parse_spec(model, text, changes or {}, source=str(Path(source))), text


def named_text(source: str | PathLike[str]) -> str:
    """Read the text of a spec by the path of its file, or by the name of a preset.

    Raises:
        BadInput: it is neither.

    Example:
        >>> named_text("payoff").count("[sweep.over]")
        1
    """
    if not isinstance(source, str | PathLike):
        raise BadInput(f"spec = {source!r}: give an experiment, a path or the name of a preset")
    path = Path(source)
    if str(path).startswith("~"):
        try:
            path = path.expanduser()
        except RuntimeError:
            raise BadInput(f"spec = {str(source)!r}: nobody has this name; give a path") from None
    return spec_text(path)
