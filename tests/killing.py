"""Run an experiment in a process that is killed, really, at a chosen durable write."""

import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

#: Loaded once in the process from which all others are forked: loading takes seconds.
PRELOAD = [
    "recycling.campaign.driver",
    "recycling.results.analysis",
    "recycling.running.runs",
    "recycling.studies.protocol",
    "qiskit",
    "qiskit.qpy",
    "qiskit_ibm_runtime",
    "qiskit_ibm_runtime.executor_sampler",
    "qiskit_experiments.library",
    "xarray",
]
#: A small experiment on given qubits: nothing is searched for, and a run takes a second.
SPEC = """\
name = "killed"
seed = 5

[device]
profile = "FakeMarrakesh"
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }

[sweep]
theta_b = [0.0, 0.7853981633974483]
p_x = [0.4]

[measurement]
shots = 200
trials = 2

[hardware]
brackets = false
assignment = false

[inference]
resamples = 100
"""
#: Variable that says what a run in rounds is to show; without it a run measures all of its trials.
UNTIL = "TESTS_RUN_UNTIL"
#: Rounds of such a run. It is settled in none of them, and not given up before the last.
ROUNDS = 3


def forked(target: Callable, *arguments: object, timeout: float = 300.0) -> int:
    """Call a function in a process of its own; returns its exit code, −9 if it was killed."""
    context = get_context("forkserver")
    context.set_forkserver_preload(PRELOAD)
    process = context.Process(target=target, args=arguments)
    process.start()
    process.join(timeout)
    if process.is_alive():
        process.kill()
        process.join()
        raise TimeoutError(f"{target.__name__}{arguments} takes longer than {timeout} s")
    return int(process.exitcode or 0)


def run_and_die(
    backend: str,
    out: Path,
    environment: dict[str, str],
    kill_at: int | None,
    count_in: Path | None,
    list_lag: float = 0.1,
    wait: bool = True,
) -> None:
    """Run ``SPEC``, or go on with it, and die at a durable write.

    Args:
        backend: where to run.
        out: run directory.
        environment: variables to set.
        kill_at: number of the write point to die at; None lives.
        count_in: file to write the number of points to that were passed.
        list_lag: time within which a list is taken to show an accepted job, s.
        wait: wait for the jobs.

    It exits with 4 where the backend fails, and with 3 where jobs are under way.
    """
    from recycling.spec.experiment import Experiment
    from recycling.studies.protocol import run

    _prepare(environment, list_lag)
    passed = _die_at(kill_at)
    until = environment.get(UNTIL)
    text = SPEC if until is None else SPEC.replace("trials = 2", f"trials = {ROUNDS}")
    rule = {} if until is None else {"until": until, "futility": 0.0}
    with _exit_code():
        run(Experiment.parse(text), backend, out, spec=text, wait=wait, **rule)
    if count_in is not None:
        count_in.write_text(str(passed()), encoding="utf-8")


def resume_and_die(
    out: Path, environment: dict[str, str], list_lag: float, kill_at: int | None
) -> None:
    """Submit lost jobs of a run again, and die at a durable write; as ``run_and_die``."""
    from recycling.studies.stored import resume

    _prepare(environment, list_lag)
    _die_at(kill_at)
    with _exit_code():
        resume(out, retry_failed=True)


def run_campaign_and_die(folder: Path, kill_at: int | None) -> None:
    """Run the campaign of a folder, or go on with it, and die at a durable write.

    The folder holds campaign.toml and key; the campaign is in its folder "out".
    """
    from recycling.campaign.driver import run_campaign
    from recycling.campaign.folder import given_folder
    from recycling.campaign.log import SignedLog

    _die_at(kill_at, (SignedLog, "append"))  # SQLite syncs by itself
    campaign = given_folder(folder / "campaign.toml", folder / "out")
    run_campaign(campaign, (folder / "key").read_bytes())


def _prepare(environment: dict[str, str], list_lag: float) -> None:
    os.environ.update(environment)
    from recycling.execution.ibm.backend import HardwareBackend
    from recycling.running import desk

    HardwareBackend.list_lag, desk.FIRST_WAIT, desk.LONGEST_WAIT = list_lag, 0.1, 1.0


@contextmanager
def _exit_code() -> Iterator[None]:
    """Exit as the command line does."""
    from recycling.errors import BackendFailure, Incomplete

    try:
        yield
    except BackendFailure:
        sys.exit(4)
    except Incomplete:
        sys.exit(3)


def _die_at(kill_at: int | None, *others: tuple[Any, str]) -> Callable[[], int]:
    """Make every durable step a point to die at: before and after each sync and each rename.

    ``others`` are owners and names of further functions that make something durable.
    """
    passed = 0

    def point() -> None:
        nonlocal passed
        if passed == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        passed += 1

    def killing(step: Callable) -> Callable:
        def stepped(*arguments: object, **options: object) -> object:
            point()
            result = step(*arguments, **options)
            point()
            return result

        return stepped

    for owner, name in ((os, "fsync"), (Path, "replace"), *others):
        setattr(owner, name, killing(getattr(owner, name)))
    return lambda: passed


def points(backend: str, out: Path, environment: dict[str, str]) -> int:
    """Number of points to die at in a whole run."""
    count = out.with_name(out.name + ".points")
    assert forked(run_and_die, backend, out, environment, None, count) == 0
    return int(count.read_text(encoding="utf-8"))


def kill_and_resume(
    backend: str,
    out: Path,
    environment: dict[str, str],
    first: int,
    randomness: random.Random,
    list_lag: float = 0.1,
) -> int:
    """Run, die at a point, and go on with the same command, sometimes dying again, to the end.

    Returns:
        Number of deaths.
    """
    deaths, kill_at = 0, first
    arguments = (backend, out, environment)
    while forked(run_and_die, *arguments, kill_at, None, list_lag) == -signal.SIGKILL:
        deaths += 1
        # Mostly it dies again, early enough to be on its way.
        kill_at = randomness.randrange(40) if deaths < 8 and randomness.random() < 0.7 else None
    return deaths
