"""The commands, one file each, in the order of the help; everything slow is imported inside."""

from recycling.cli.commands.adopt import adopt
from recycling.cli.commands.analyse import analyse
from recycling.cli.commands.archive import archive, verify
from recycling.cli.commands.bundle import bundle
from recycling.cli.commands.cancel import cancel
from recycling.cli.commands.compare import compare
from recycling.cli.commands.design import design
from recycling.cli.commands.export import export
from recycling.cli.commands.import_counts import import_counts
from recycling.cli.commands.latency import latency
from recycling.cli.commands.layouts import layouts
from recycling.cli.commands.ledger import ledger
from recycling.cli.commands.plan import plan
from recycling.cli.commands.rehearse import rehearse
from recycling.cli.commands.report import report
from recycling.cli.commands.reset import reset
from recycling.cli.commands.resume import resume
from recycling.cli.commands.run import replay, run
from recycling.cli.commands.stage import stage
from recycling.cli.commands.status import status
from recycling.cli.commands.sweep import sweep
from recycling.cli.commands.unbundle import unbundle

COMMANDS = (
    replay, run, resume, status, cancel, plan, design, layouts, stage, sweep, analyse, report,
    compare, ledger, export, bundle, unbundle, latency, rehearse, import_counts, reset, archive,
    verify, adopt,
)  # fmt: skip
