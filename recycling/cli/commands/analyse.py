"""The command ``recycling analyse``."""

from __future__ import annotations

from recycling.cli import finish
from recycling.cli.newest import named_run
from recycling.cli.options import AsJson, Debug, Elsewhere, ReadoutName, RunPath, Strict
from recycling.cli.terminal import errors


def analyse(
    run_path: RunPath,
    readout: ReadoutName = None,
    out: Elsewhere = None,
    strict: Strict = False,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Analyse a stored run again: writes results.nc, or results-READOUT.nc."""
    with errors(debug=debug):
        run_path = named_run(run_path)
        from recycling.store.targets import results_folder
        from recycling.studies.stored import of_the_protocol, open_run

        opened, folder = open_run(run_path), results_folder(run_path, out)
        if readout is None and finish.reread(opened, folder, as_json=as_json):
            return
        of_the_protocol(opened)
        finish.analyse(opened, folder, readout=readout, as_json=as_json, strict=strict)
