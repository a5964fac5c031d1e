"""A commented spec to begin with: every common key with its value, its unit and its choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from recycling.spec.experiment import Experiment

#: What stands beside each key of the sections that most specs change.
COMMENTS: Mapping[str, Mapping[str, str]] = {
    "algorithm": {
        "name": 'or "repeat-until-success", or "circuit" with file = "mine.qasm"',
        "matrix": "Hermitian, 2 to 16 rows",
        "clock_qubits": "2 to 6",
        "scale": "of the eigenvalues; the paper does not print it",
        "data_angle": "rad, of the input state",
    },
    "bath": {
        "frequency": 'Hz; or text with a unit, "5 GHz"',
        "temperature": 'K, T0, at which every qubit starts; or "43 mK"',
    },
    "device": {
        "profile": '"paper", "ideal" (no noise), or a snapshot such as "FakeTorino"',
        "layout": '"best", "readout", or a qubit for each role: { C_I = 11, B = 10, … }',
        "feedforward_latency": 's, or "profile" for that of the device',
        "optimization_level": "0 to 3, of the compiler",
        "t1": "s, on every qubit, in place of the profile's",
        "t2": "s, at most 2 T1",
        "single_qubit_error": "probability",
        "cz_error": "probability",
        "readout_error": "probability",
        "low_frequency_dephasing": "s, what an echo does not show",
    },
    "sweep": {"p_x": "excited weight of the target; costs no shots"},
    "measurement": {
        "shots": 'of each basis and preparation; or "exact", with trials = 1',
        "trials": "repetitions, which show what drifts; 5 or more for a verdict",
    },
    "hardware": {
        "mode": '"batch", "session" or "job"',
        "rep_delay": "s, wait between shots [default: the backend's]",
        "init_qubits": "reset all qubits before each shot",
        "max_execution_time": "s, of each job",
        "brackets": 'T1, T2, readout, population before and after: true, false or "auto"',
        "bracket_shots": "100 to 100,000",
        "assignment": 'readout matrices: true, false, "auto" or "interleaved"',
        "assignment_shots": "100 to 100,000",
    },
    "inference": {
        "estimator": '"linear inversion", as in the paper, or "median unbiased"',
        "readout": '"raw", "corrected" or "unmixed"',
        "temperature": 'T0 of the bounds: "given", "measured" or "calibration"',
        "resamples": "draws of the bootstrap",
    },
}
#: Values for keys that are optional: they are written as comments.
_EXAMPLES = {
    "t1": '"250 us"', "t2": '"180 us"', "single_qubit_error": "2e-4", "cz_error": "3e-3",
    "readout_error": "0.01", "low_frequency_dephasing": '"20 us"', "rep_delay": '"250 us"',
    "max_execution_time": "600",
}  # fmt: skip
_REST = "More tables: [task], [link], [stage], [decoupling], [prediction], [sweep.over]."


def template(experiment: Experiment) -> str:
    """Write an experiment as a commented spec, from which an equal experiment is read.

    Example:
        >>> text = template(Experiment(name="mine"))
        >>> Experiment.parse(text) == Experiment(name="mine")
        True
        >>> [line for line in text.splitlines() if line.startswith("temperature")][0]
        'temperature = 0.043  # K, T0, at which every qubit starts; or "43 mK"'
    """
    content = experiment.model_dump(mode="json")
    given = experiment.model_dump(mode="json", exclude_unset=True)
    lines = ["# What a key means and may be: docs/, or recycling check on this file."]
    lines += [f"name = {_toml(experiment.name)}", f"seed = {experiment.seed}"]
    comments = {**COMMENTS, "sweep": {**_of_parameters(experiment), **COMMENTS["sweep"]}}
    for section, table in content.items():
        if section in comments:
            lines += ["", f"[{section}]", *_keys(table, comments[section])]
        elif isinstance(table, dict) and section in given:
            lines += ["", f"[{section}]", *_keys(_without_none(table), {})]
    over = content["sweep"].get("over")
    if over:
        lines += ["", "[sweep.over]", *_keys(over, {})]
    return "\n".join([*lines, "", f"# {_REST}"]) + "\n"


def _of_parameters(experiment: Experiment) -> dict[str, str]:
    """Unit and range of each swept parameter."""
    return {
        parameter.name: f"{parameter.unit.removeprefix('1')}, {parameter.low:.4g} to "
        f"{parameter.high:.4g}; or a list".removeprefix(", ")
        for parameter in experiment.design.parameters
    }


def _keys(table: Mapping[str, Any], comments: Mapping[str, str]) -> Iterator[str]:
    for key, value in table.items():
        comment = f"  # {comments[key]}" if key in comments else ""
        if value is not None and not (key == "over" and isinstance(value, dict)):
            yield f"{_key(key)} = {_toml(value)}{comment}"
        elif key in _EXAMPLES:
            yield f"# {key} = {_EXAMPLES[key]}{comment}"


def _without_none(table: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in table.items() if value is not None}


def _key(key: str) -> str:
    import tomlkit

    return tomlkit.key([key]).as_string()


def _toml(value: Any) -> str:
    """A value in a line of TOML."""
    import tomlkit

    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, float) and float(f"{value:g}") == value:
        return f"{value:g}".replace("e+0", "e").replace("e-0", "e-")
    return str(tomlkit.item(value).as_string())
