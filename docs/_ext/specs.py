"""Blocks of TOML in the pages: whole specs are valid, and pieces are pieces of a valid spec."""

from __future__ import annotations

import tomllib
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

from recycling.campaign.spec import CampaignSpec
from recycling.errors import BadInput
from recycling.spec.experiment import Experiment
from recycling.spec.messages import parse_spec
from recycling.spec.texts import spec_text
from recycling.studies.latency.spec import LatencySpec
from recycling.studies.reset.spec import ResetSpec

#: Specs that a block may be; tables that none of them has belong to another tool.
_MODELS = (Experiment, ResetSpec, LatencySpec, CampaignSpec)
_OTHERS = {"project", "tool", "build-system"}


def fault_of_spec(text: str, root: Path) -> str:
    r"""What is wrong with a block of TOML; empty for a good one.

    Args:
        text: the block, whose keys may be those of any spec.
        root: folder of the repository, whose examples have the circuits that it may name.

    Example:
        >>> fault_of_spec("[bath]\ntemperature = 43", Path())
        "bath.temperature = 43: give 1 mK to 10 K (did you mean '43 mK'?)"
    """
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return f"no TOML: {error}"
    if _OTHERS & content.keys():
        return ""
    faults = []
    with TemporaryDirectory() as folder:
        for circuit in (root / "examples").rglob("*.qasm"):
            copyfile(circuit, Path(folder) / circuit.name)
        path = Path(folder) / "spec.toml"
        for model in _MODELS:
            named = "name" in content or model is not Experiment
            path.write_text(text if named else f'name = "page"\n{text}', encoding="utf-8")
            try:
                parse_spec(model, spec_text(path), {})
            except BadInput as error:
                faults.append(str(error))
            else:
                return ""
    return faults[0]
