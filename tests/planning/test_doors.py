"""Other algorithms, tasks and links from a spec to counts, with no change in the package."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest

import recycling as rc
from circuits import settings
from circuits.algorithms.repeat_until_success import branch_probabilities
from circuits.tasks.erasure import ERASURE
from circuits.tasks.task import Task
from recycling.planning.rehearsal import simulate_counts

EXAMPLE = Path(__file__).parents[2] / "examples" / "own-circuit" / "spec.toml"
#: Synthesis of gates takes angles from eigenvalues by square roots.
SYNTHESIS = np.sqrt(np.finfo(float).eps)
EXACT = """
[device]
profile = "ideal"
[measurement]
shots = "exact"
trials = 1
"""
ROTATION = """\
name = "rotation"
[algorithm]
name = "repeat-until-success"
data_angle = 0.3
[sweep]
theta = [0.3, 0.6]
p_x = [0.2, 0.4]
"""


def exact_counts(text):
    return simulate_counts(rc.plan(rc.Experiment.parse(text)))


def test_repeat_until_success_has_the_probabilities_of_its_formula_where_all_starts_cold():
    counts = exact_counts(ROTATION + EXACT + "[bath]\ntemperature = 1e-3")
    assert counts.dims == (
        "arm", "stage", "preparation", "theta", "basis", "trial", "flag", "S", "B", "data"
    )  # fmt: skip
    found = counts.sum(["S", "B", "data"]).transpose(..., "theta", "flag").values
    expected = np.broadcast_to(branch_probabilities([0.3, 0.6]), found.shape)
    np.testing.assert_allclose(found / found.sum(-1, keepdims=True), expected, atol=SYNTHESIS)


def test_repeat_until_success_is_placed_on_a_chip_and_predicted():
    plan = rc.plan(rc.Experiment.parse(ROTATION))
    assert plan.device.roles == ("data", "ancilla", "B", "S")
    assert len(set(plan.device.layout)) == 4
    assert len(plan.circuits) == 8
    assert np.isfinite(plan.prediction.values["heat"]).all()


def test_a_circuit_from_a_file_has_a_plan_and_counts():
    experiment = rc.Experiment.from_toml(EXAMPLE)
    plan = rc.plan(experiment)
    counts = simulate_counts(plan)
    assert counts.sizes["theta_b"] == 5
    assert counts.sizes["kick"] == 1
    assert [job.points for job in plan.jobs] == [(0, 5)] * 3
    np.testing.assert_array_equal(counts.sum(["flag", "S", "B", "data"]), 8000)


def test_the_identity_link_changes_no_count():
    with_link = exact_counts(ROTATION + EXACT + '[link]\nname = "identity"')
    np.testing.assert_array_equal(with_link, exact_counts(ROTATION + EXACT))


# -- a second task: one file, and one line in the metadata of its package --------------------------


class RestSettings(settings.Settings):
    """A task that leaves target and bath alone."""

    name: str = "rest"

    def build(self):
        """Build the task."""
        return Task("rest", {"begin": None, "end": None}, ERASURE.preparations)


@pytest.fixture
def rest(monkeypatch):
    monkeypatch.setitem(sys.modules, "package_of_rest", sys.modules[__name__])
    entry = EntryPoint("rest", "package_of_rest:RestSettings", "recycling.tasks")
    monkeypatch.setattr(settings, "entry_points", lambda *, group: [entry] * (group == entry.group))


@pytest.mark.usefixtures("rest")
def test_a_second_task_has_its_stages_in_the_counts():
    task = Task("rest", {"begin": None, "end": None}, ERASURE.preparations)
    experiment = rc.Experiment.parse(ROTATION + EXACT + '[task]\nname = "rest"')
    assert experiment.design.stages == tuple(task.stages)
    plan = rc.plan(experiment)
    counts = simulate_counts(plan)
    assert list(counts["stage"].values) == ["begin", "end"]
    # Nothing acts, so both stages are alike, and no heat flows.
    np.testing.assert_allclose(counts.sel(stage="end"), counts.sel(stage="begin"), atol=SYNTHESIS)
    np.testing.assert_allclose(plan.prediction.values["heat"], 0, atol=1e-30)
    np.testing.assert_allclose(plan.prediction.values["entropy_decrease"], 0, atol=SYNTHESIS)
