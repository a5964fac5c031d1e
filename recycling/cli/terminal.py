"""What the command line shows: progress on standard error, results on standard output."""

from __future__ import annotations

import json
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from shlex import quote
from time import perf_counter
from typing import Any, NoReturn

import typer

from recycling.cli.tables import print_table as print_table
from recycling.spec.foreign_text import visible, visible_json
from recycling.spec.strict_json import strict

EXIT_BAD_INPUT = 2
EXIT_INCOMPLETE = 3
EXIT_BACKEND_FAILURE = 4
EXIT_CONTROL_FAILED = 5
#: Columns below which a bar is short, so that what is done and what is left stand beside it.
_NARROW = 80
#: Time over which the speed of a bar is taken, s: jobs of a queue end minutes apart.
_SPEED_OVER = 600.0


@dataclass(frozen=True)
class Shown:
    """How the work under way is shown: ``step`` begins a step, ``watch`` follows the jobs."""

    step: Callable[[str], None]
    watch: Callable[[str, str, float], None]
    fraction: Callable[[float], None]


@contextmanager
def shown(*, jobs: bool = False) -> Iterator[Shown]:
    """Show the work under way: a bar on a terminal, plain lines elsewhere.

    Elsewhere there is a line for each step done and, with ``jobs``, for each change of a job. A
    step that fails leaves no line, so that an error stands alone.
    """
    console = _console()
    with _bar(console) if console.is_terminal else _lines(console, jobs=jobs) as work:
        yield work


@contextmanager
def _bar(console: Any) -> Iterator[Shown]:
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.table import Column

    from recycling.cli.remaining import RemainingColumn

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold")),
        BarColumn(bar_width=20 if console.width < _NARROW else 40),
        TimeElapsedColumn(),
        RemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, speed_estimate_period=_SPEED_OVER
    ) as bar:
        task = bar.add_task("", total=None)

        def step(text: str) -> None:
            bar.reset(task, total=None, description=visible(text))

        def fraction(done: float) -> None:
            bar.update(task, total=1.0, completed=done)

        def watch(job: str, state: str, done: float) -> None:
            bar.update(task, total=1.0, completed=done, description=visible(f"{job}: {state}"))

        yield Shown(step, watch, fraction)


@contextmanager
def _lines(console: Any, *, jobs: bool) -> Iterator[Shown]:
    under_way: list[tuple[str, float]] = []
    states: dict[str, str] = {}

    def end() -> None:
        for text, started in under_way:
            line = f"{text}: {perf_counter() - started:.1f} s"
            console.print(visible(line), highlight=False, soft_wrap=True)
        under_way.clear()

    def step(text: str) -> None:
        end()
        under_way.append((text, perf_counter()))

    def watch(job: str, state: str, _done: float) -> None:
        changed = states.get(job) != state and not state.endswith(("ing", "%"))
        if jobs and (changed or state == "running" != states.get(job)):
            console.print(visible(f"{job}: {state}"), highlight=False, soft_wrap=True)
        states[job] = state

    yield Shown(step, watch, lambda _done: None)
    end()


def leave_at_once(code: int) -> NoReturn:
    """End the process without waiting for its threads: a simulator's would first end their work."""
    pools = sys.modules.get("multiprocessing.util")
    if pools is not None:  # else Python complains about the semaphores of pools, which stay
        pools._run_finalizers(0)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def print_json(value: Any) -> None:
    """Print a value as strict JSON."""
    typer.echo(visible_json(json.dumps(strict(value), indent=1, ensure_ascii=False)))


def print_next(*words: object) -> None:
    """Print the command to type next, the last line of what a command prints."""
    print_lines([f"next: recycling {' '.join(quote(str(word)) for word in words)}"])


def print_lines(lines: Sequence[str], style: str = "") -> None:
    """Print lines for people, none of them broken."""
    from rich.console import Console

    for line in lines:
        console = Console(markup=False, emoji=False)
        console.print(visible(line), style=style, soft_wrap=True, highlight=False)


def print_note(line: str) -> None:
    """Print a line about the call itself on standard error, so that results stand alone."""
    typer.echo(visible(line), err=True)


def _console() -> Any:
    """Console for progress: standard error, so that standard output holds results alone."""
    from rich.console import Console

    return Console(stderr=True, markup=False, emoji=False)


@contextmanager
def errors(*, debug: bool) -> Iterator[None]:
    """One line for each fault on standard error, and the exit code that belongs to the error.

    SIGTERM stops a command as Ctrl-C does: at once, and there is always a way to go on.
    """
    from recycling.errors import BackendFailure, BadInput, ControlFailed, Incomplete
    from recycling.extras import reason_of_import

    codes: dict[type[BaseException], int] = {
        BadInput: EXIT_BAD_INPUT,
        Incomplete: EXIT_INCOMPLETE,
        BackendFailure: EXIT_BACKEND_FAILURE,
        ControlFailed: EXIT_CONTROL_FAILED,
    }
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except tuple(codes) as error:
        word = "incomplete" if isinstance(error, Incomplete) else "error"
        faults = error.faults if isinstance(error, BadInput) else (str(error),)
        _leave(codes[type(error)], [f"{word}: {fault}" for fault in faults], debug=debug)
    except ModuleNotFoundError as error:
        reason = reason_of_import(error)
        if reason is None:
            raise
        _leave(EXIT_BAD_INPUT, [f"error: {reason}"], debug=debug)
    except OSError as error:
        line = f"incomplete: {error}; mend it and run the command again"
        _leave(EXIT_INCOMPLETE, [line], debug=debug)
    except MemoryError as error:
        line = f"incomplete: out of memory ({error or 'no more'}); run the command again with more"
        _leave(EXIT_INCOMPLETE, [line], debug=debug)
    except KeyboardInterrupt:
        line = "incomplete: interrupted; nothing half-written is left; run the command again"
        _leave(EXIT_INCOMPLETE, [line], debug=debug)
    finally:
        signal.signal(signal.SIGTERM, before)


def _leave(code: int, lines: Sequence[str], *, debug: bool) -> NoReturn:
    """Say why on standard error, behind the traceback of the present error if asked, and exit."""
    if debug:
        typer.echo(visible(traceback.format_exc()), err=True, nl=False)
    for line in lines:
        typer.echo(visible(" ".join(line.split())), err=True)
    sys.exit(code)
