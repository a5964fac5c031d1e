"""Plans take the latency that an earlier run on the device has measured, and say so."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import recycling as rc
import recycling.studies.measured_latency as studied
from recycling.results.timing import Latency
from recycling.studies.measured_latency import measured_latency
from recycling.studies.plan_view import plan_tables
from tests.on_ibm import command

#: Whole cycles of 4 ns of the small plan's device.
SECONDS = 1.208e-6


@pytest.fixture
def measuring(small_run, monkeypatch):
    """The small run, as if schedules of a service had told its latency."""
    latency = Latency(SECONDS, 1.2e-6, 1.212e-6, 8, "8 rounds in the schedules of the service")
    monkeypatch.setattr(studied, "latency_of", lambda _run: latency)
    return small_run


def test_a_plan_predicts_at_the_measured_latency(measuring, small_spec, small_plan, tmp_path):
    spec = tmp_path / "small.toml"
    spec.write_text(small_spec)
    found = command("plan", spec, "--latency-from", measuring.path, "--json")
    summary = json.loads(found.out)
    assert summary["feedforward_latency_s"] == SECONDS
    assert summary["feedforward_latency_source"].startswith(f"measured in {measuring.path}: 8 ")
    other = small_plan.experiment.device.model_copy(update={"feedforward_latency": SECONDS})
    direct = rc.plan(small_plan.experiment.model_copy(update={"device": other}))
    heat = [point["heat_J"] for point in summary["prediction"]["points"]]
    np.testing.assert_allclose(heat, direct.prediction.values["heat"], rtol=1e-9)
    assert abs(np.subtract(heat, small_plan.prediction.values["heat"])).max() > 1e-28
    said = measured_latency(measuring.path, "exact").said_in(direct)
    note = next(table.note for table in plan_tables(said) if "latency is" in table.note)
    assert f"is measured in {measuring.path}: 8 rounds in the schedules" in note


def test_the_text_of_a_spec_keeps_its_lines(measuring):
    measured = measured_latency(measuring.path, "exact")
    for device in (
        '[device]\nt1 = "250 us" # too\n',
        'device = { t1 = "250 us" } # too\n',
        "device.feedforward_latency = 1e-9\ndevice.t1 = 2.5e-4 # too",
    ):
        made = measured.put_into(f'name = "a"  # kept\n{device}')
        experiment = rc.Experiment.parse(made)
        assert (experiment.device.feedforward_latency, experiment.device.t1) == (SECONDS, 2.5e-4)
        assert "# kept" in made
        assert "# too" in made


def test_what_tells_no_latency_is_refused_in_one_line(small_plan, measuring):
    with pytest.raises(rc.BadInput, match=r"is a run on exact, not on ibm:ibm_fez; give a run on"):
        measured_latency(measuring.path, "ibm:ibm_fez")
    measured = measured_latency(measuring.path, "exact")
    machine = SimpleNamespace(simulated=False)
    with pytest.raises(rc.BadInput, match="is of a rehearsal, and the plan is for a device"):
        measured.said_in(replace(small_plan, hardware=machine))
    with pytest.raises(rc.BadInput, match="is of a device, and the plan is for a rehearsal"):
        replace(measured, simulated=False).said_in(
            replace(small_plan, hardware=SimpleNamespace(simulated=True))
        )


def test_a_run_without_schedules_is_refused(small_run, small_spec, tmp_path):
    spec = tmp_path / "small.toml"
    spec.write_text(small_spec)
    for name in ("plan", "design"):
        found = command(name, spec, "--latency-from", small_run.path)
        assert found.code == 2
        assert "no schedule of a service tells its latency" in found.only_line
