"""The command ``recycling rehearse``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recycling.cli.completing import snapshots
from recycling.cli.options import AsJson, Debug
from recycling.cli.terminal import errors, print_json, shown
from recycling.spec.foreign_text import visible

Devices = Annotated[
    list[str] | None,
    typer.Option(
        "--device",
        help="Heron snapshot, e.g. FakeFez; may be given several times.",
        autocompletion=snapshots,
    ),
]


def rehearse(
    folder: Annotated[
        Path, typer.Option("--folder", help="Where the service keeps its jobs.")
    ] = Path("rehearsal"),
    device: Devices = None,
    faults: Annotated[
        str, typer.Option("--faults", help="Faults to come, by name, separated by commas.")
    ] = "",
    queue: Annotated[
        float | None,
        typer.Option("--queue", help="Median wait in the queue, s; jobs then take their time."),
    ] = None,
    list_lag: Annotated[
        float | None, typer.Option("--list-lag", help="Time after which a job is listed, s.")
    ] = None,
    latency: Annotated[
        float | None, typer.Option("--latency", help="True feedforward latency of the devices, s.")
    ] = None,
    temperature: Annotated[
        float | None, typer.Option("--temperature", help="True temperature of the qubits, K.")
    ] = None,
    plan: Annotated[
        str | None, typer.Option("--plan", help="Plan of the account: premium or open.")
    ] = None,
    engine: Annotated[
        str | None, typer.Option("--engine", help="What executes jobs: exact or sampler.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="Seed of all shots.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the service; its jobs stay.")] = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Rehearse IBM Quantum on this machine, without an account: all outcomes are simulated."""
    with errors(debug=debug):
        if stop:
            _stop(folder, as_json=as_json)
            return
        from recycling.rehearsal.desk import start

        given = {
            "devices": tuple(device) if device else None,
            "plan": plan,
            "engine": engine,
            "seed": seed,
            "queue": queue,
            "list_lag": list_lag,
            "feedforward_latency": latency,
            "temperature": temperature,
        }
        chosen = {name: value for name, value in given.items() if value is not None}
        with shown() as work:
            work.step("starting the service")
            found = start(folder, chosen, faults)
        if as_json:
            print_json(dict(found.about) | {"environment": found.environment})
        else:
            _print_environment(folder, found.about, found.environment)


def _print_environment(folder: Path, about: Any, environment: dict[str, str]) -> None:
    """Print lines for a shell: what a person needs to know stands in comments."""
    from recycling.rehearsal.folder import ENVIRONMENT, exports

    names = ", ".join(f"ibm:{name}" for name in about["devices"])
    typer.echo(
        visible(
            f"# IBM Quantum is rehearsed at {about['url']} (process {about['pid']}): simulated.\n"
            f"# Devices: {names}. Lead a shell there:\n"
            f"#   source {folder / ENVIRONMENT}\n"
            f"# End it with: recycling rehearse{_option(folder)} --stop"
        )
    )
    typer.echo(exports(environment), nl=False)


def _stop(folder: Path, *, as_json: bool) -> None:
    from recycling.rehearsal.desk import running, stop

    found = running(folder)
    stopped = stop(folder)
    if as_json:
        print_json({"stopped": stopped})
        return
    typer.echo(f"# {'stopped' if stopped else 'no rehearsal runs'}; its jobs stay in {folder}")
    if found is not None:
        typer.echo(f"unset {' '.join(found.about['environment'])}")


def _option(folder: Path) -> str:
    return "" if folder == Path("rehearsal") else f" --folder {folder}"
