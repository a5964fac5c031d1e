"""Runs on the loopback service in this very process: what tests of the hardware path share."""

import os
import signal
import traceback
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace

import pytest
from typer.testing import CliRunner

import recycling.cli.app
import recycling.cli.finish
import recycling.running.collecting
import recycling.running.desk
import recycling.running.lookup
import recycling.running.runs
from recycling.execution.ibm.backend import HardwareBackend, IBMConnection
from recycling.execution.machine import Account
from recycling.execution.registry import connect, parse_backend
from recycling.planning.plan import Plan, plan_on
from tests.killing import SPEC
from tests.scripted import plan_always

IBM = "ibm:ibm_marrakesh"


def spec(*hardware, brackets=False):
    """Text of the small spec, with lines for its table [hardware]."""
    lines = "\n".join([f"brackets = {str(brackets).lower()}", *hardware])
    return SPEC.replace("brackets = false", lines)


@contextmanager
def connected(service, accounts, plan="premium"):
    """Lead this process to a service, without waits that last longer than a moment.

    Args:
        service: the loopback service.
        accounts: file of saved accounts, in place of the one of whoever runs the tests.
        plan: plan of the instance.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("QISKIT_IBM_")]:
            patch.delenv(name)
        for name, value in service.environment(plan).items():
            patch.setenv(name, value)
        patch.setattr(
            "qiskit_ibm_runtime.accounts.management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE",
            str(accounts),
        )
        patch.setattr(HardwareBackend, "list_lag", 0.02)
        patch.setattr(recycling.running.lookup, "LOOKS", (0.0, 1.0))
        patch.setattr(recycling.running.desk, "FIRST_WAIT", 0.001)
        patch.setattr(recycling.running.desk, "LONGEST_WAIT", 0.02)
        patch.setattr(recycling.running.collecting, "FIRST_POLL", 0.01)
        yield patch


@dataclass(frozen=True)
class ConnectedPlan(Plan):
    """A plan, and the connection by which its machine was read."""

    connection: IBMConnection = field(default=None, compare=False, kw_only=True)

    @property
    def client(self):
        """The client of the service."""
        return self.connection.hardware

    def through(self, client):
        """The same plan on the machine of another client."""
        connection = IBMConnection(client)
        return replace(self, connection=connection, hardware=connection.machine)


def plan_on_ibm(experiment, account=None):
    """Plan an experiment on the device of the service."""
    name = parse_backend(IBM)
    connection = connect(name, account or Account())
    planned = plan_on(experiment, name, connection)
    parts = {each.name: getattr(planned, each.name) for each in fields(planned)}
    return ConnectedPlan(**parts, connection=connection)


def planned_once(patch, plan):
    """Let runs take a plan that is there, and its connection: both take longer than to run it."""
    plan_always(patch, plan)
    patch.setattr(recycling.running.runs, "connect", lambda *_: getattr(plan, "connection", None))


def without_results(patch):
    """Let commands end when the outcomes are there: the report takes longer than all else."""
    patch.setattr(recycling.cli.finish, "_analyse", lambda *_arguments: None)
    patch.setattr(recycling.cli.finish, "_report", lambda *_arguments: (None, None))
    patch.setattr(recycling.cli.finish, "print_result", lambda *_arguments, **_options: None)


@dataclass(frozen=True)
class Done:
    """What a command returned and printed."""

    code: int
    out: str
    err: str
    #: Traceback, where one reaches the user.
    traceback: str = ""

    @property
    def error(self):
        """The line that says what is wrong: the last one, and the only one of its kind."""
        lines = self.err.splitlines()
        assert self.traceback == ""
        assert [line.startswith(("error: ", "incomplete: ")) for line in lines].count(True) == 1
        assert lines[-1].startswith(("error: ", "incomplete: "))
        assert self.err.endswith("\n")
        return lines[-1]

    @property
    def only_line(self):
        """The line that says what is wrong, where nothing else was printed."""
        assert self.out == ""
        assert self.err == self.error + "\n"
        return self.error


def command(*arguments):
    """Call the command line in this process."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        result = CliRunner().invoke(
            recycling.cli.app.app, [str(argument) for argument in arguments]
        )
    finally:
        signal.signal(signal.SIGTERM, handler)
    shown = not isinstance(result.exception, SystemExit | None)
    trace = "".join(traceback.format_exception(result.exception)) if shown else ""
    return Done(result.exit_code, result.stdout, result.stderr, trace)


def alive(service, since=0):
    """How many jobs that will be paid for were accepted under each tag."""
    return Counter(job.tags[0] for job in service.jobs[since:] if job.state != "Cancelled")
