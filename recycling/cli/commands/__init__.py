"""The commands, one file each, by panels of the help; everything slow is imported inside."""

from collections.abc import Callable, Mapping
from typing import Any

from recycling.cli.commands.adopt import adopt
from recycling.cli.commands.analyse import analyse
from recycling.cli.commands.archive import archive, verify
from recycling.cli.commands.bundle import bundle
from recycling.cli.commands.cancel import cancel
from recycling.cli.commands.check import check
from recycling.cli.commands.compare import compare
from recycling.cli.commands.completion import completion
from recycling.cli.commands.design import design
from recycling.cli.commands.export import export
from recycling.cli.commands.import_counts import import_counts
from recycling.cli.commands.init import init
from recycling.cli.commands.latency import latency
from recycling.cli.commands.layouts import layouts
from recycling.cli.commands.ledger import ledger
from recycling.cli.commands.open import open_report
from recycling.cli.commands.plan import plan
from recycling.cli.commands.rehearse import rehearse
from recycling.cli.commands.report import report
from recycling.cli.commands.reset import reset
from recycling.cli.commands.resume import resume
from recycling.cli.commands.run import replay, run
from recycling.cli.commands.serve import serve
from recycling.cli.commands.stage import stage
from recycling.cli.commands.status import status
from recycling.cli.commands.sweep import sweep
from recycling.cli.commands.unbundle import unbundle

#: Names of commands whose functions cannot have them.
NAMES: Mapping[Callable[..., Any], str] = {open_report: "open"}
#: Commands by panel, with what stands beside each in ``recycling --help``: a line of 60 columns.
COMMANDS: Mapping[str, Mapping[Callable[..., Any], str]] = {
    "Plan": {
        init: "a commented spec to begin with",
        check: "is a spec right, what does it ask for",
        plan: "what a run would do, cost and find",
        design: "the spec that needs the least QPU time",
        layouts: "score every placement on the chip",
    },
    "Run": {
        replay: "the paper, end to end",
        run: "run a spec, analyse it, report",
        status: "what became of each job",
        resume: "go on with a run",
        cancel: "cancel the jobs under way",
        adopt: "take jobs submitted elsewhere into a run",
        import_counts: "a run of counts taken elsewhere",
        rehearse: "IBM Quantum on this machine, simulated",
    },
    "Read": {
        analyse: "analyse a stored run again",
        report: "write the report of a run again",
        open_report: "open a report in the browser",
        compare: "what differs between runs",
        serve: "a folder of runs in the browser",
        ledger: "every other energy beside the heat",
    },
    "Study": {
        latency: "gate and feedforward times, as Fig. 6",
        reset: "ways to reset a qubit, their heat",
        stage: "temperature, frequency, loss: a map",
        sweep: "many devices: where recycling pays",
    },
    "Keep": {
        export: "results as tables: CSV, Parquet, JSON",
        bundle: "a run as one file with checksums",
        unbundle: "check such a file and unpack it",
        archive: "the same for years, with schemas",
        verify: "check an archive or bundle",
    },
    "Shell": {
        completion: "completion in bash, zsh, fish, PowerShell",
    },
}
