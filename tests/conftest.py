"""What several test modules share: the hypothesis profiles and two runs, each made once."""

import gc
import inspect
import sys
from functools import cache

import pytest
import typer.testing
from hypothesis import settings

import recycling as rc

#: "suite" is what the tests take; --hypothesis-profile=long searches anew each time, and longer.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.register_profile("long", deadline=None, max_examples=5000, print_blob=True)
settings.load_profile("suite")

#: A noisy experiment, cheap: the layout is given, so that none is searched for.
SMALL_SPEC = """\
# A comment with <script>alert("markup")</script> in it & an ampersand.
name = "small"
seed = 3

[device]
profile = "paper"
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }

[sweep]
theta_b = [0.0, 0.4, 0.7853981633974483]
p_x = [0.05, 0.1, 0.2, 0.4]

[measurement]
shots = 500
trials = 2

[inference]
resamples = 100
"""


#: As in the command line: with Python's 700 an eighth of the time goes into looking through
#: objects that imports made and keep.
gc.set_threshold(200_000, 20, 100)


@pytest.fixture(scope="session", autouse=True)
def one_command_line():
    """The command line, made once: its tests call it a thousand times, a program once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(typer.testing, "_get_command", cache(typer.main.get_command))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_stack():
    """The stack without source lines, which nobody reads.

    IBM's client asks for it at every request, to send the name of the file that it was called
    from. Under pytest, to read the sources of sixty frames takes longer than the request.
    """

    def stack(*_arguments, **_options):
        frame, found = sys._getframe(1), []
        while frame is not None:
            code = frame.f_code
            found.append(
                inspect.FrameInfo(frame, code.co_filename, frame.f_lineno, code.co_name, None, None)
            )
            frame = frame.f_back
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspect, "stack", stack)
        yield


@pytest.fixture
def short_reports(monkeypatch):
    """Reports hold the verdict alone: to draw all figures takes longer than many a run."""
    from recycling.reporting import page

    monkeypatch.setattr(page, "SECTIONS", (page.verdict_section,))


@pytest.fixture(scope="session")
def small_spec():
    """Text of the small spec."""
    return SMALL_SPEC


@pytest.fixture(scope="session")
def small_experiment(small_spec):
    return rc.Experiment.parse(small_spec)


@pytest.fixture(scope="session")
def small_plan(small_experiment):
    return rc.plan(small_experiment)


@pytest.fixture(scope="session")
def small_run(small_experiment, small_spec, tmp_path_factory):
    """The small experiment, run and stored; tests that damage it work on a copy."""
    return rc.run(small_experiment, out=tmp_path_factory.mktemp("small") / "run", spec=small_spec)


@pytest.fixture(scope="session")
def small_dataset(small_run):
    """Analysis of the small run; tests that change it work on a copy."""
    return rc.analyse(small_run)


@pytest.fixture(scope="session")
def theory_run(tmp_path_factory):
    """The preset "theory", run and stored."""
    return rc.run(rc.preset("theory"), out=tmp_path_factory.mktemp("theory") / "run")
