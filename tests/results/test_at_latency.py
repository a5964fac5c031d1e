"""A measured latency moves the sealed prediction, and explains a gap where none is measured."""

import numpy as np
import pytest

import recycling as rc
from recycling.rehearsal.chips import Chip
from recycling.reporting.evidence import Evidence
from recycling.reporting.parts import Paragraph, Rows
from recycling.reporting.prediction_section import attribution_table, prediction_section
from recycling.results.at_latency import LABEL, MOST, at_latency, with_latency_term
from recycling.results.gap import gap_of
from recycling.results.prediction import BY_LATENCY, ERROR, PROBABILITY, SENSITIVITY
from recycling.results.timing import Latency
from recycling.running.prediction import predicted
from tests.loopback import LoopbackService, Physics
from tests.on_ibm import IBM, connected, plan_on_ibm, planned_once, spec

TINY = {
    "name": "tiny", "algorithm": {"name": "repeat-until-success"},
    "sweep": {"theta": [0.3, 0.6], "p_x": [0.1]},
}  # fmt: skip
DEVICES = (
    {"profile": "ideal", "t1": 8e-5, "t2": 5e-5, "feedforward_latency": 6e-7},
    {"profile": "FakeTorino"},
)


def measured(seconds):
    return Latency(seconds, seconds, seconds, 4, "4 rounds")


@pytest.mark.parametrize("device", DEVICES, ids=[each["profile"] for each in DEVICES])
def test_it_is_what_the_engine_predicts_at_the_other_latency(device):
    """Probabilities and quantities of a plan with another latency, which is compiled for it."""
    planned = rc.plan(rc.Experiment(**TINY, device=device))
    sealed, dt = predicted(planned), planned.device.dt
    start = sealed[BY_LATENCY].attrs["latency_s"]
    cycles = np.random.default_rng(7).integers(40, 300)
    other = device | {"feedforward_latency": float(start + cycles * dt)}
    direct = predicted(rc.plan(rc.Experiment(**TINY, device=other)))
    latency = measured(direct[BY_LATENCY].attrs["latency_s"])
    found = at_latency(sealed, latency, planned.experiment, planned.device)
    # Left out is the second order, relative to the first half a step in lifetimes.
    share = (latency.seconds - start) / found.lifetime
    assert found.later == pytest.approx(cycles * dt)
    for name in (PROBABILITY, "heat", "excess_tight", "entropy"):
        expected, change = direct[name], abs(direct[name] - sealed[name])
        left = abs(found.prediction[name] - expected)
        if "limit" in expected.dims:
            change, left = change.sel(limit="value"), left.sel(limit="value")
        assert left.max() < share * change.max(), name
    assert (found.prediction["heat"].dims, found.known) == (sealed["heat"].dims, True)


def test_a_step_that_is_not_small_is_refused(small_plan):
    sealed, device = predicted(small_plan), small_plan.device
    limit = MOST * min(*device.t1, *device.t2)
    start = sealed[BY_LATENCY].attrs["latency_s"]
    for step, shown in ((0.99 * limit, True), (1.01 * limit, False)):
        found = at_latency(sealed, measured(start + step), small_plan.experiment, device)
        assert (found.prediction is not None) == shown


def test_the_latency_is_a_number_of_the_noise_where_it_is_assumed(small_run, small_dataset):
    gap = gap_of(small_run, small_dataset)
    assert gap.at_latency is None
    noise = gap.prediction.sel(noise=LABEL)
    assert noise[ERROR] == 0.1
    assert noise["noise_value"] == pytest.approx(small_run.device.feedforward_latency)
    slope = gap.prediction[BY_LATENCY] * noise["noise_value"]
    np.testing.assert_allclose(noise[SENSITIVITY], slope, rtol=1e-6, atol=1e-12)
    assert "them: durations" in attribution_table(gap).note
    # A file from before has no such number.
    older = gap.prediction.drop_vars(BY_LATENCY)
    assert with_latency_term(older) is older


def test_the_error_is_no_part_of_a_hash_unless_given(small_spec):
    usual, same, other = (
        rc.Experiment.parse(f"{small_spec}\n[prediction]\nt1 = 0.3\n{line}")
        for line in ("", "feedforward_latency = 0.1", "feedforward_latency = 0.2")
    )
    assert "feedforward_latency = 0.1" not in usual.to_toml().split("[prediction]")[1]
    assert usual.hash == same.hash != other.hash


@pytest.fixture(scope="module")
def later_run(tmp_path_factory):
    """A run on a device that takes 4.2 µs longer than planned, with many shots."""
    folder = tmp_path_factory.mktemp("later")
    text = spec().replace("shots = 200", "shots = 30000")
    accounts = folder / "accounts.json"
    with LoopbackService(seed=1) as service, connected(service, accounts):
        planned = plan_on_ibm(rc.Experiment.parse(text))
        true = planned.device.feedforward_latency + 4.2e-6
        chip = Chip("FakeMarrakesh", Physics(feedforward_latency=true))
        service.chips[chip.name] = chip
        with pytest.MonkeyPatch.context() as once:
            planned_once(once, planned)
            run = rc.run(planned.experiment, IBM, folder / "run", spec=text)
        yield run, planned, true


def test_a_measured_latency_takes_the_surprise_away(later_run):
    """Through the service, whose schedules tell what the plan did not know."""
    run, _, true = later_run
    dataset = rc.analyse(run, folder=None)
    gap = gap_of(run, dataset)
    moved = gap.at_latency
    assert moved.latency.seconds == pytest.approx(true, abs=4e-9)
    assert LABEL not in gap.prediction["noise"]
    assert gap.surprise.p_statistical < 1e-6
    assert moved.surprise.p_statistical > 0.01
    section = prediction_section(Evidence(run, dataset))
    texts = [part.text for part in section.parts if isinstance(part, Paragraph)]
    (line,) = (text for text in texts if text.startswith("Feedforward latency"))
    assert "(+4.200 µs)" in line
    assert "to first order (modelled): χ² = " in line
    table = next(part.table for part in section.parts if isinstance(part, Rows))
    assert "ΔQ_B at measured latency" in table.columns
    assert len(table.rows) == 2
