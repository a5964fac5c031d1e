"""The commands ``recycling campaign …``; everything slow is imported inside them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from recycling.cli.options import AccountName, AsJson, Debug, Instance, PlanName
from recycling.cli.panels import Panels
from recycling.cli.terminal import errors, print_json, print_lines, print_table, shown

campaign = typer.Typer(
    cls=Panels,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    help="Run many runs over weeks, and know that nothing drifted, stopped or was changed.",
)
Directory = Annotated[Path, typer.Argument(metavar="DIR", help="Directory of the campaign.")]
Key = Annotated[
    Path | None,
    typer.Option("--key", help="File with the log's key, 32 bytes or more, kept elsewhere."),
]


@campaign.command()
def run(
    spec: Annotated[Path, typer.Argument(metavar="SPEC", help="Path of a campaign's spec.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Directory of the campaign.")
    ] = None,
    key: Key = None,
    instance: Instance = None,
    plan: PlanName = None,
    account: AccountName = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Run a campaign; the same command goes on with one that was interrupted."""
    with errors(debug=debug):
        from recycling.campaign.folder import given_folder
        from recycling.campaign.keys import read_key

        out = _given(out, "out", "--out DIR, the directory of the campaign")
        secret = read_key(_given_key(key), outside=out)
        folder = given_folder(spec, out)
        with shown(jobs=True) as work:
            from recycling.campaign.driver import run_campaign
            from recycling.execution.machine import Account

            run_campaign(
                folder,
                secret,
                account=Account(instance, plan, account),
                progress=work.step,
                watch=work.watch,
            )
        _print_status(out, as_json=as_json)


@campaign.command()
def status(directory: Directory, as_json: AsJson = False, debug: Debug = False) -> None:
    """Show where a campaign stands; asks no backend, and needs no key."""
    with errors(debug=debug):
        _print_status(directory, as_json=as_json)


@campaign.command()
def verify(
    directory: Directory,
    key: Key = None,
    head: Annotated[
        str | None, typer.Option("--head", help="Head N:MAC that was kept elsewhere.")
    ] = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Check the log, and the outcomes of every run against it."""
    with errors(debug=debug), shown() as work:
        work.step("verifying the log")
        from recycling.campaign.folder import read_folder
        from recycling.campaign.keys import read_key
        from recycling.campaign.verification import verify as verify_campaign

        found = verify_campaign(
            read_folder(directory), read_key(_given_key(key), outside=directory), head
        )
    if as_json:
        print_json(found)
    else:
        print_lines([f"{found['records']} records verify; head: {found['head']}"])


@campaign.command()
def serve_metrics(
    directory: Directory,
    port: Annotated[int, typer.Option("--port", help="Port; 0 takes a free one.")] = 0,
    debug: Debug = False,
) -> None:
    """Show a campaign to Prometheus on the loopback address, until interrupted."""
    with errors(debug=debug):
        from recycling.campaign.server import serve
        from recycling.campaign.status import exposed

        exposed(directory)
        with suppress(KeyboardInterrupt):
            serve(port, lambda: exposed(directory), typer.echo)


@campaign.command("import")
def import_file(
    directory: Directory,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV: time, metric, value, unit.")],
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Import the log of a cryostat: all of a file, or nothing."""
    with errors(debug=debug):
        with shown() as work:
            work.step("importing")
            from recycling.campaign.cryostat import import_log
            from recycling.campaign.folder import read_folder

            found = import_log(read_folder(directory).path, file, work.fraction)
        if as_json:
            print_json(asdict(found))
            return
        lines = [f"{found.samples} samples, of which {found.new} are new"]
        if found.without_zone:
            lines.append(f"warning: {found.without_zone} times without a zone were read as UTC")
        print_lines(lines)


@campaign.command()
def report(directory: Directory, debug: Debug = False) -> None:
    """Write the report of a campaign into its directory: one HTML file."""
    with errors(debug=debug):
        with shown() as work:
            work.step("loading")
            from recycling.campaign.report import report_campaign

            path = report_campaign(directory, work.step)
        typer.echo(path)


@campaign.command()
def export_slo(
    directory: Directory,
    dialect: Annotated[
        str,
        typer.Option(
            "--dialect",
            help="openslo/v1, or what sloth and Pyrra read: openslo/v1alpha, pyrra.dev/v1alpha1.",
        ),
    ] = "openslo/v1",
    days: Annotated[int, typer.Option("--days", help="Period of the error budget.")] = 30,
    debug: Debug = False,
) -> None:
    """Print the objectives as YAML, of which other tools make rules for Prometheus."""
    with errors(debug=debug):
        from recycling.campaign.folder import read_folder
        from recycling.campaign.rules import export_objectives

        objectives = [slo.build() for slo in read_folder(directory).spec.slo]
        typer.echo(export_objectives(objectives, dialect, days=days), nl=False)


def _print_status(directory: Path, *, as_json: bool) -> None:
    from recycling.campaign.status import status_of
    from recycling.campaign.status_view import decision_table, objective_table, status_lines

    found: dict[str, Any] = status_of(directory)
    if as_json:
        print_json(found)
        return
    for table, title in (
        (objective_table(found), "objectives"),
        (decision_table(found), "deferred, rejected and failed runs"),
    ):
        if table.rows:
            print_table(table, title)
    first, *lines = status_lines(found)
    print_lines([first], style="bold")
    print_lines(lines)


def _given_key(key: Path | None) -> Path:
    return _given(key, "key", "--key FILE with 32 random bytes or more, kept outside of DIR")


def _given(path: Path | None, name: str, what: str) -> Path:
    """The value of an option that is needed."""
    from recycling.errors import BadInput

    if path is None:
        raise BadInput(f"{name} is missing: give {what}")
    return path
