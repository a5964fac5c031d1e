"""What limits a device: derivatives by JAX against central differences, and what is shown."""

import sys
from dataclasses import replace

import jax
import numpy as np
import pytest

import recycling as rc
from recycling.devices.profiles import ideal_device
from recycling.inference.bath.budget import Budget, Contribution
from recycling.planning.budget import (
    continuous,
    derivatives,
    error_budget,
    excess_of,
)
from recycling.planning.chips import build_device
from recycling.reporting.budget_section import budget_table
from recycling.results.budget import budget_record, stored_budget
from recycling.simulation import traced
from tests.snapshots.outside import recycling

QUANTUM = 3.313e-24
IDEAL = """
[device]
profile = "ideal"
[measurement]
shots = "exact"
trials = 1
"""
TINY = """
name = "tiny"
[algorithm]
name = "repeat-until-success"
[sweep]
theta = [0.3, 0.6]
p_x = [0.4]
"""


def contribution(name, *shares, roles=("B",)):
    share = np.array(shares) * 1e-24
    return Contribution(name, roles, 0.5, "1", share / 0.5, share)


BUDGET = Budget(
    {"theta": np.array([0.3, 0.6])},
    0.4,
    np.array([1e-25, -1e-25]),
    (contribution("small", 9, 0.1), contribution("large", 0, -2), contribution("medium", 1, 1)),
)


def test_derivatives_have_the_place_of_their_number():
    numbers = continuous(ideal_device(temperature=0.043, frequency=5e9, roles=("B", "S")))

    def function(each):
        latency = each.feedforward_latency
        return jax.numpy.stack([each.temperature[1] ** 2, 3 * latency + each.temperature[0]])

    value, slopes = derivatives(function, numbers)
    np.testing.assert_allclose(value, [0.043**2, 0.043])
    np.testing.assert_allclose(slopes.temperature[1], [0.086, 0])
    np.testing.assert_allclose(slopes.feedforward_latency, [0, 3])
    assert not np.any(slopes.t1)  # infinite


def test_the_table_has_the_largest_first_at_the_lowest_excess():
    table = budget_table(BUDGET, QUANTUM)
    assert [row[0] for row in table.rows] == ["large of B", "medium of B", "small of B", "all"]
    assert table.rows[-1][-1] == f"{-0.9e-24 / QUANTUM:+.4f}"
    assert "theta = 0.600" in table.note or "θ = 0.600" in table.note
    many = replace(BUDGET, contributions=BUDGET.contributions * 9)
    assert [row[0] for row in budget_table(many, QUANTUM).rows[-2:]] == ["12 others", "all"]


def test_the_summary_holds_every_point():
    found = budget_record(BUDGET)
    assert found["lowest_at_point"] == 1
    assert [each["name"] for each in found["contributions"]] == ["large", "medium", "small"]
    np.testing.assert_allclose(found["contributions"][2]["adds_J"], [9e-24, 1e-25])


def test_without_jax_one_line_says_what_to_install(monkeypatch, tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(TINY)
    monkeypatch.setitem(sys.modules, "jax", None)
    monkeypatch.setattr(traced, "traced_library", traced.traced_library.__wrapped__)
    done = recycling("plan", spec, "--error-budget")
    assert (done.code, done.out) == (2, "")
    assert done.err.count("\n") == 1
    assert "JAX is not installed: pip install" in done.err


def test_plan_shows_the_budget(monkeypatch, tmp_path):
    spec = tmp_path / "spec.toml"
    spec.write_text(TINY)
    monkeypatch.setattr("recycling.planning.budget.error_budget", lambda *_arguments: BUDGET)
    found = recycling("plan", spec, "--error-budget", "--json").json
    assert found["error_budget"]["contributions"][0]["name"] == "large"


@pytest.mark.slow
def test_a_report_shows_the_budget_that_is_kept_with_the_run(monkeypatch, tmp_path):
    experiment = rc.Experiment.parse(TINY.replace("[sweep]", IDEAL + "[sweep]"))
    run = rc.run(experiment, out=tmp_path / "run")
    page = tmp_path / "run" / "report.html"
    monkeypatch.setattr("recycling.running.error_budget.error_budget", lambda *_arguments: BUDGET)
    assert stored_budget(run) is None
    assert recycling("report", run.path, "--error-budget").code == 0
    first = page.read_text("utf-8")
    assert "What limits the device" in first
    assert "large of B" in first
    stored = stored_budget(run)
    assert budget_record(stored) == budget_record(BUDGET)
    kept = run.path / "budget.json"
    kept.write_text(kept.read_text("utf-8").replace(experiment.hash, "another"), "utf-8")
    assert stored_budget(run) is None


@pytest.mark.slow
def test_contributions_are_those_of_central_differences():
    """All contributions at every point, to 1e-6 of each and of a thousandth of the excess.

    The differences are of the engine in NumPy, extrapolated from two steps.
    """
    experiment = rc.Experiment.parse(TINY)
    device = build_device(experiment)
    budget = error_budget(experiment, device)
    excess, numbers = excess_of(experiment, device, np), continuous(device)
    np.testing.assert_allclose(budget.excess, excess(numbers), rtol=1e-12)
    least = 1e-3 * np.abs(budget.excess).max()
    for each in budget.contributions:

        def at(change, each=each):
            return excess(scaled(numbers, device, each, 1 + change))

        near, far = ((at(step) - at(-step)) / (2 * step) for step in (1e-3, 2e-3))
        # By rates and excited populations in place of lifetimes and temperatures.
        sign = -1 if each.name in ("T1", "T2") else 1
        if each.name == "temperature":
            at_start = device.excited_population[device.roles.index(each.roles[0])]
            sign = 1 / (np.log(1 / at_start - 1) * (1 - at_start))
        np.testing.assert_allclose(
            each.share, sign * (4 * near - far) / 3, rtol=1e-6, atol=1e-6 * least, err_msg=each.name
        )
    assert len(budget.contributions) >= 30


def scaled(numbers, device, contribution, factor):
    """Numbers in which those of a contribution are multiplied by a factor."""
    name, roles = contribution.name, contribution.roles
    fields = {
        "T1": "t1", "T2": "t2", "temperature": "temperature",
        "P(1|0) of the readout": "false_excited", "P(0|1) of the readout": "false_ground",
    }  # fmt: skip
    if name in fields:
        place, before = device.roles.index(roles[0]), getattr(numbers, fields[name])
        changed = [value * factor if i == place else value for i, value in enumerate(before)]
        return replace(numbers, **{fields[name]: tuple(changed)})
    if name.endswith("error"):
        gate, on = name.split()[0], {device.roles.index(role) for role in roles}
        return replace(
            numbers,
            gate_errors={
                key: value * factor if key[0] == gate and {*key[1]} == on else value
                for key, value in numbers.gate_errors.items()
            },
        )
    if name == "duration of measurements":
        durations = tuple(value * factor for value in numbers.measure_duration)
        return replace(numbers, measure_duration=durations)
    if name == "feedforward latency":
        return replace(numbers, feedforward_latency=numbers.feedforward_latency * factor)
    length = {"one": 1, "two": 2}[name.split()[2].split("-")[0]]
    return replace(
        numbers,
        gate_durations={
            key: value * factor if len(key[1]) == length else value
            for key, value in numbers.gate_durations.items()
        },
    )
