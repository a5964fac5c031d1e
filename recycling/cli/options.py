"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recycling.cli.completing import backends, runs, specs, words

Out = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="New run directory [default: runs/<name>-<time>]."),
]
Seed = Annotated[int | None, typer.Option("--seed", help="Seed that overrules the spec's.")]
Set = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the spec, such as bath.temperature=43mK; may be repeated.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Elsewhere = Annotated[
    Path | None,
    typer.Option("--out", "-o", help="Folder for the results [default: RUN itself]."),
]
Strict = Annotated[bool, typer.Option("--strict", help="Exit with 5 if a control failed.")]
RunPath = Annotated[
    Path,
    typer.Argument(
        metavar="RUN", help="Run directory, or: latest, for the newest.", autocompletion=runs
    ),
]
Spec = Annotated[
    str,
    typer.Argument(metavar="SPEC", help="Path of a spec, or: paper, theory.", autocompletion=specs),
]
Backend = Annotated[
    str,
    typer.Option(
        "--backend",
        "-b",
        help="Where to run: exact, aer, fake:NAME or ibm:NAME.",
        autocompletion=backends,
    ),
]
Instance = Annotated[
    str | None, typer.Option("--instance", help="IBM Quantum instance, by name or CRN.")
]
PlanName = Annotated[
    str | None,
    typer.Option(
        "--plan",
        autocompletion=words("open", "premium"),
        help="IBM Quantum plan, e.g. open, where no instance is given.",
    ),
]
AccountName = Annotated[
    str | None, typer.Option("--account", help="Name of a saved IBM Quantum account.")
]
Budget = Annotated[
    float | None,
    typer.Option("--max-qpu-seconds", min=0, help="Budget of the whole run: submit nothing above."),
]
Until = Annotated[
    str | None,
    typer.Option(
        "--until",
        autocompletion=words("below_tight", "below_landauer", "both"),
        help="Stop when it is shown: below_tight, below_landauer or both; in rounds.",
    ),
]
UntilPoints = Annotated[
    int, typer.Option("--until-points", help="At how many points, at least, of the sweep.")
]
Spending = Annotated[
    str,
    typer.Option(
        "--spending",
        autocompletion=words("obrien-fleming", "pocock"),
        help="Level over the rounds: obrien-fleming or pocock.",
    ),
]
Futility = Annotated[
    float,
    typer.Option("--futility", help="Give up below this conditional power; 0: never."),
]
PastJobs = Annotated[
    int,
    typer.Option(
        "--past-jobs", min=0, help="Ask the account what its last jobs on the device were billed."
    ),
]
LatencyFrom = Annotated[
    Path | None,
    typer.Option(
        "--latency-from",
        autocompletion=runs,
        help="Run on the device whose measured feedforward latency is taken.",
    ),
]
ErrorBudget = Annotated[
    bool,
    typer.Option(
        "--error-budget", help="Show what limits the device, by JAX: takes a minute or so."
    ),
]
ReadoutName = Annotated[
    str | None,
    typer.Option(
        "--readout",
        autocompletion=words("raw", "corrected", "unmixed"),
        help="raw, corrected or unmixed [default: that of the spec].",
    ),
]
NoWait = Annotated[
    bool, typer.Option("--no-wait", help="Leave when all jobs are submitted; resume fetches them.")
]
