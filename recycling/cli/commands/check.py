"""The command ``recycling check``."""

from __future__ import annotations

from recycling.cli.options import AsJson, Debug, Seed, Set, Spec
from recycling.cli.spec import read_experiment
from recycling.cli.terminal import errors, print_json, print_next, print_table


def check(
    spec: Spec,
    seed: Seed = None,
    settings: Set = None,
    as_json: AsJson = False,
    debug: Debug = False,
) -> None:
    """Check a spec and say what it asks for; all faults come at once, and nothing is compiled."""
    with errors(debug=debug):
        experiment = read_experiment(spec, seed, settings)[2]
        from recycling.planning.outline import outline, outline_rows

        found = outline(experiment)
        if as_json:
            print_json(found.record)
            return
        from recycling.reporting.tables import Table

        print_table(Table((f"{found.name}: no fault", ""), outline_rows(found)))
        changed = (word for each in settings or () for word in ("--set", each))
        following = "sweep" if found.over else "plan"
        print_next(following, spec, *changed)
