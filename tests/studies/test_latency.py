"""Gate-time amplification: ladders, the clock model, the fit, and the whole way to the result."""

import csv
import json
import shutil
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from qiskit import transpile
from scipy import special, stats

import recycling as rc
import recycling.running.runs
import recycling.studies.latency.study
from circuits.calibration.ladders import REPETITION, feedforward_ladder, x_ladder
from recycling.compilation.structure import duration_of_circuit
from recycling.compilation.target import device_target
from recycling.compilation.timeline import timeline
from recycling.compilation.walk import cz_counts
from recycling.errors import BadInput
from recycling.execution.ibm.backend import placed_circuit
from recycling.execution.ibm.scheduling import schedule_as_late_as_possible
from recycling.execution.machine import Account
from recycling.execution.registry import connect, parse_backend
from recycling.inference.ladders import nodes
from recycling.inference.ladders.disturbances import disturbance, drift_basis
from recycling.inference.ladders.knee import Knees, coarse_knees, counted_lengths
from recycling.inference.ladders.latency import fit_ladder
from recycling.planning.circuits import compile_as_executed
from recycling.studies.latency.clock import job_metrics, shot_period
from recycling.studies.latency.plan import (
    compile_ladders,
    ladder_jobs,
    plan_on,
    repeat_rung,
)
from recycling.studies.latency.results import job_time, ladder_times
from recycling.studies.latency.run import open_latency_run
from recycling.studies.latency.spec import LatencySpec
from tests.loopback import Destiny, Drop, Fault, LoopbackService
from tests.on_ibm import IBM, alive, command, connected
from tests.scripted import begin

#: The paper's settings: seconds of an X gate and of a feedforward round, executions of each job.
X_GATE, FEEDFORWARD, EXECUTIONS = 32e-9, 3.3e-6, 100_000
#: Standard deviations that a statistic may be off, in either direction.
SIGMAS = 4
LAYOUT = "layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }"
SPEC = LatencySpec()


# -- ladders -----------------------------------------------------------------------------------


def test_no_transpiler_removes_a_gate():
    circuit = x_ladder(6)
    assert circuit.count_ops()["x"] == 6
    assert [i.operation.name for i in circuit.data[2:-1]] == ["x", "barrier"] * 6
    assert (
        transpile(circuit, basis_gates=["x", "sx", "rz"], optimization_level=3).count_ops()["x"]
        == 6
    )


def test_a_round_is_that_of_the_protocol(small_plan):
    """Measurement, wait and conditional SWAP with barriers between, as the protocol has them."""
    ladder = feedforward_ladder(3, feedforward_latency=1e-6)
    names = [i.operation.name for i in ladder.data if i.operation.name != "delay"]
    assert names[2:] == ["measure", "barrier", "barrier", "if_else", "barrier"] * 3
    for instruction in ladder.data:
        if instruction.operation.name == "if_else":
            assert instruction.operation.condition == (ladder.cregs[0], 0)
            assert {ladder.find_bit(q).index for q in instruction.qubits} == {1, 2}
            assert instruction.operation.blocks[0].count_ops() == {"cx": 3}
    device = small_plan.device
    protocol = small_plan.circuits["recycling", "before", "I"]
    circuits = compile_ladders(_ladders(feedforward=(1, 2, 3, 4, 5)), device)

    def conditional(circuit):
        return [(o.name, o.qubits, round(o.duration / device.dt)) for o in timeline(circuit, device)
                if o.conditional and o.name != "delay"]  # fmt: skip

    assert conditional(circuits["feedforward", "1"]) == conditional(protocol)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: x_ladder(0), "length = 0"),
        (lambda: x_ladder(2, qubit=1), "qubits"),
        (lambda: feedforward_ladder(0), "length = 0"),
        (lambda: feedforward_ladder(1, bath=1), "qubits"),
        (lambda: feedforward_ladder(1, feedforward_latency=-1), "feedforward_latency = -1"),
    ],
)
def test_ladders_refuse_what_they_cannot_build(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def _ladders(x=(), feedforward=()):
    return LatencySpec.model_validate({"ladders": {"x": x, "feedforward": feedforward}})


def test_compiled_ladders_grow_by_the_time_of_one_operation(small_plan):
    """The paper's device: 32 ns and 3.3 µs, exactly."""
    device = small_plan.device
    spec = _ladders((1, 2, 3, 50, 1000), (1, 2, 3, 4, 20))
    circuits = compile_ladders(spec, device)
    cycles = {key: duration_of_circuit(circuit, device) / device.dt
              for key, circuit in circuits.items()}  # fmt: skip
    for ladder, seconds in (("x", X_GATE), ("feedforward", FEEDFORWARD)):
        lengths = spec.lengths(ladder)
        found = np.diff([cycles[ladder, str(n)] for n in lengths]) / np.diff(lengths)
        # Sums of floating-point seconds, in cycles of 4 ns.
        np.testing.assert_allclose(found, seconds / device.dt, rtol=1e-9)


def test_rungs_repeated_are_rungs_compiled(small_plan):
    device = small_plan.device
    ancilla, system, bath = (device.roles.index(role) for role in ("C_A", "C_I", "B"))

    def compiled(length):
        ladder = feedforward_ladder(
            length, ancilla=ancilla, system=system, bath=bath, num_qubits=device.num_qubits,
            feedforward_latency=device.feedforward_latency,
        )  # fmt: skip
        return compile_as_executed([ladder], device, optimization_level=1)[0]

    def operations(circuit):
        return [(o.name, o.qubits, round(o.start / device.dt), round(o.duration / device.dt))
                for o in timeline(circuit, device) if o.name != "delay"]  # fmt: skip

    repeated = repeat_rung(compiled(1), 4)
    assert operations(repeated) == operations(compiled(4))
    assert cz_counts(repeated) == {frozenset({system, bath}): 12}
    assert repeated.name == "feedforward 4"


def test_ladders_are_sent_without_idle_time_and_with_every_rung(small_plan):
    """The service waits by itself; barriers keep the gates of a ladder apart."""
    device = small_plan.device
    circuits = compile_ladders(_ladders((1, 2, 3, 4, 5), (1, 2, 3, 4, 5)), device)
    gates = placed_circuit(circuits["x", "5"], device, 156).count_ops()
    assert (gates["x"], gates["barrier"], gates["measure"]) == (5, 6, 1)
    # The service's own scheduler puts the gates of a ladder one after the other, too.
    scheduled = [schedule_as_late_as_possible(circuits["x", n], device_target(device))
                 for n in "15"]  # fmt: skip
    one, five = (duration_of_circuit(circuit, device) for circuit in scheduled)
    assert five - one == pytest.approx(4 * X_GATE, rel=1e-9)
    rounds = placed_circuit(circuits["feedforward", "5"], device, 156)
    assert (rounds.count_ops()["if_else"], rounds.count_ops()["measure"]) == (5, 5)
    assert "delay" not in rounds.count_ops()
    assert [p.name for p in rounds.parameters] == [REPETITION]
    between = [i.operation.name for i in rounds.data]
    ends = [place for place, name in enumerate(between) if name == "if_else"]
    assert all(between[place + 1] == "barrier" for place in ends)


def test_jobs_come_in_an_order_by_chance():
    """Drift during a run must not look like a slope."""
    jobs = ladder_jobs(SPEC, simulated=False)
    assert len({job.name for job in jobs}) == 30
    for ladder in ("x", "feedforward"):
        lengths = [job.length for job in jobs if job.ladder == ladder]
        assert sorted(lengths) == list(SPEC.lengths(ladder))
        rank = abs(stats.spearmanr(np.arange(15), lengths).statistic)
        assert rank < SIGMAS / np.sqrt(14)
    assert jobs == ladder_jobs(SPEC, simulated=False)
    assert jobs != ladder_jobs(SPEC.model_copy(update={"seed": 1}), simulated=False)


# -- clock model -------------------------------------------------------------------------------


def _clock(**changes):
    return SPEC.model_copy(update={"clock": SPEC.clock.model_copy(update=changes)})


def _charged(spec, duration, seed=0):
    metrics = job_metrics(duration, spec, np.random.default_rng(seed))
    return metrics["usage"]["qpu_charge_time_seconds"]


@pytest.mark.parametrize(("rounding", "seconds"), [("up", 45), ("down", 44), ("nearest", 44)])
def test_clock_adds_up(rounding, seconds):
    """2 s + 10 · 0.05 s + 100,000 · (250 µs + 1 µs + 166.2 µs) = 44.22 s."""
    spec = _clock(jitter=0, execution_jitter=0, rounding=rounding)
    assert _charged(spec, 166.2e-6) == seconds
    metrics = job_metrics(166.2e-6, spec, np.random.default_rng(0))
    assert metrics["circuits_execution_time_ns"] == pytest.approx(41.72e9, abs=1)
    # The queue is no part of it; time stamps are whole microseconds.
    assert job_time("job", {"timestamps": metrics["timestamps"]}) == 44


def test_short_shots_all_take_the_shortest():
    floor = SPEC.rep_delay + SPEC.clock.shortest_shot
    assert shot_period(0, SPEC) == shot_period(63e-6, SPEC) == pytest.approx(floor, rel=1e-12)
    assert shot_period(65e-6, SPEC) == pytest.approx(floor + 1e-6, rel=1e-12)


def test_clock_scatters_as_it_says():
    spec = _clock(resolution=1e-6, jitter=0.3)
    times = np.array([_charged(spec, 1e-4, seed) for seed in range(2000)])
    expected = 2 + 0.5 + EXECUTIONS * (250e-6 + 101e-6)
    assert abs(times.mean() - expected) < SIGMAS * 0.3 / np.sqrt(2000)
    assert abs(times.std() - 0.3) < SIGMAS * 0.3 / np.sqrt(2 * 2000)


def test_a_job_without_a_time_is_named():
    with pytest.raises(BadInput, match=r"x-3: metrics = \{\}: the service tells no time"):
        job_time("x-3", {})


# -- fit ---------------------------------------------------------------------------------------


def _times(lengths, operation, *, start=0.0, fraction=0.0, overhead=27.4):
    n = np.asarray(lengths, dtype=float)
    ladder = np.maximum(n, start) + fraction * np.minimum(n - start, 0)
    return overhead + EXECUTIONS * operation * ladder


@pytest.mark.parametrize(("start", "fraction"), [(0.0, 1.0), (1903.0, 0.0), (1903.0, 0.37)])
def test_exact_times_give_the_exact_slope(start, fraction):
    lengths = SPEC.lengths("x")
    times = _times(lengths, X_GATE, start=start, fraction=fraction)
    fit = fit_ladder(lengths, times, resolution=1e-6, executions=EXECUTIONS)
    # Rounding errors of 1e-6 s over a time of 24 s in the linear regime.
    assert fit.slope.value == pytest.approx(X_GATE, rel=1e-6)
    assert fit.slope.low < X_GATE < fit.slope.high
    assert fit.overhead.value == pytest.approx(27.4, abs=1e-5)
    assert fit.break_probability == pytest.approx(float(start > 0), abs=1e-6)
    assert fit.linear_from.value == pytest.approx(start or lengths[0], rel=1e-4)
    assert fit.regime.sum() == (9 if start else 15)
    np.testing.assert_allclose(fit.fitted[0], times, atol=1e-5)


@pytest.fixture
def plain_line(monkeypatch):
    """A line without a knee, and jobs without outliers: what is left is known in closed form."""
    cell = np.array([[1.0], [1.0], [0.0], [0.0]])
    monkeypatch.setattr(nodes, "coarse_knees", lambda _: Knees(cell, 0 * cell, np.zeros(1)))
    monkeypatch.setattr(nodes, "_JOBS_PER_OUTLIER", 1000)


@pytest.mark.usefixtures("plain_line")
def test_a_fine_clock_gives_the_intervals_of_a_regression():
    """Resolution → 0 and no break: Student's interval of scipy's linear regression."""
    lengths = np.array(SPEC.lengths("x"), dtype=float)
    noise = 0.3 * np.random.default_rng(8).standard_normal(lengths.size)
    times = _times(lengths, X_GATE) + noise
    fit = fit_ladder(lengths, times, resolution=1e-4)
    line = stats.linregress(lengths, times)
    student = stats.t(len(lengths) - 2, line.slope, line.stderr)
    for found, probability in ((fit.slope.low, 0.025), (fit.slope.value, 0.5),
                               (fit.slope.high, 0.975)):  # fmt: skip
        # Error of a quantile of so many draws.
        expected = student.ppf(probability)
        error = np.sqrt(probability * (1 - probability) / fit.effective_draws)
        assert abs(found - expected) < SIGMAS * error / student.pdf(expected)
    assert fit.effective_draws > 5000


@pytest.mark.usefixtures("plain_line")
def test_coarse_times_have_their_own_likelihood():
    """Against a sum over a grid of slope, offset and jitter."""
    lengths = np.array([0.0, 3, 7, 12, 16, 23])
    times = np.array([5.0, 6, 8, 11, 12, 16])
    fit = fit_ladder(lengths, times, resolution=1.0)
    slopes = np.linspace(0.2, 0.8, 121)
    offsets = np.linspace(2.5, 7.0, 91)
    # d(jitter)/√(jitter² + 1/12) = du at equal steps of u.
    jitters = np.sinh((np.arange(40) + 0.5) * 0.1) / np.sqrt(12)
    line = offsets[:, None, None] + slopes[:, None] * lengths
    total = np.zeros(slopes.size)
    for jitter in jitters:
        upper = special.ndtr((times + 0.5 - line) / jitter)
        lower = special.ndtr((times - 0.5 - line) / jitter)
        total += (upper - lower).prod(axis=-1).sum(axis=0)
    density = total / total.sum()
    expected = np.interp([0.025, 0.5, 0.975], np.cumsum(density) - density / 2, slopes)
    found = [fit.slope.low, fit.slope.value, fit.slope.high]
    at = np.interp(expected, slopes, density / (slopes[1] - slopes[0]))
    p = np.array([0.025, 0.5, 0.975])
    error = np.sqrt(p * (1 - p) / fit.effective_draws) / at
    np.testing.assert_array_less(np.abs(found - expected), SIGMAS * error)


def test_intervals_cover_and_their_middles_are_not_biased():
    """At the paper's settings; ``benchmarks/latency.py`` does it a thousand times."""
    generator, count = np.random.default_rng(17), 8
    covered, errors = 0, []
    for ladder, operation in (("x", X_GATE), ("feedforward", FEEDFORWARD)):
        lengths, start = SPEC.lengths(ladder), 63e-6 / operation
        for _ in range(count):
            exact = _times(lengths, operation, start=start, overhead=27 + generator.random())
            times = np.ceil(exact + SPEC.clock.jitter * generator.standard_normal(exact.size))
            fit = fit_ladder(lengths, times, resolution=1.0, executions=EXECUTIONS)
            covered += fit.slope.low <= operation <= fit.slope.high
            errors.append((fit.slope.value - operation) / (fit.slope.high - fit.slope.low))
    assert covered >= stats.binom.ppf(stats.norm.sf(SIGMAS), 2 * count, 0.95)
    # An interval that covers is at least as wide as that of a normal error, 2 · 1.96 σ.
    assert abs(np.mean(errors)) < SIGMAS / (2 * 1.96) / np.sqrt(2 * count)


@pytest.mark.parametrize(("softness", "tail"), [(0.1, 0.0), (0.2, 0.0), (0.1, 1.0)])
def test_the_slope_is_that_far_above_a_smooth_knee(softness, tail):
    """A sharp knee through these times is off by 0.3 to 1.3 %, many times the interval here."""
    lengths = np.array(SPEC.lengths("x"), dtype=float)
    counted = counted_lengths(lengths, 1903.0, 0.0, softness, tail)
    times = np.ceil((27.4 + EXECUTIONS * X_GATE * counted) / 0.01) * 0.01
    fit = fit_ladder(lengths, times, resolution=0.01, executions=EXECUTIONS)
    assert fit.slope.low < X_GATE < fit.slope.high
    assert fit.slope.high - fit.slope.low < 0.003 * X_GATE
    assert fit.linear_from.value > 1903 * (1 + 2 * softness)


def _disturbed(seed, late=(), drift=0.0):
    """Fits of the same coarse times as they are, and with jobs that are late and a drift."""
    lengths, generator = np.array(SPEC.lengths("x"), dtype=float), np.random.default_rng(seed)
    order = generator.permutation(lengths.size)
    exact = _times(lengths, X_GATE, start=1903) + generator.random()
    times = exact + SPEC.clock.jitter * generator.standard_normal(lengths.size)
    disturbed = times + drift * order / order.max()
    disturbed[list(late)] += 30
    return [
        fit_ladder(lengths, np.ceil(each), resolution=1.0, executions=EXECUTIONS, order=order)
        for each in (times, disturbed)
    ]


def _width(fit):
    return fit.slope.high - fit.slope.low


@pytest.mark.parametrize(("seed", "late"), [(6, {7}), (7, {12}), (8, {3, 10})])
def test_late_jobs_are_left_out(seed, late):
    """Where they counted, they widened the interval by a factor of 20 to 30."""
    clean, fit = _disturbed(seed, late)
    assert set(np.flatnonzero(fit.outlier)) == late
    assert not clean.outlier.any()
    assert fit.slope.low < X_GATE < fit.slope.high
    assert _width(fit) < 1.5 * _width(clean)


@pytest.mark.parametrize("seed", [4, 5])
def test_a_drift_is_no_slope_and_no_scatter(seed):
    """Where it counted as scatter, it widened the interval by a factor of 3.2."""
    clean, fit = _disturbed(seed, drift=3.0)
    assert fit.drift_probability > 0.95
    assert fit.drift.low < 3 < fit.drift.high
    assert clean.drift_probability < 0.5
    assert fit.slope.low < X_GATE < fit.slope.high
    assert _width(fit) < 1.6 * _width(clean)


def test_without_an_order_no_drift_is_told():
    lengths = SPEC.lengths("x")
    times = np.ceil(_times(lengths, X_GATE, start=1903))
    fit = fit_ladder(lengths, times, resolution=1.0)
    assert fit.drift_probability == 0
    assert (fit.drift.low, fit.drift.high) == (0, 0)


def test_priors_of_all_knees_add_up():
    knees = coarse_knees(np.array(SPEC.lengths("x"), dtype=float))
    assert np.exp(knees.log_prior).sum() == pytest.approx(1, rel=1e-12)
    sides = np.tile(np.arange(4), knees.log_prior.size)[: knees.log_prior.size]
    # No knee stands for itself; a split of what has no width would count it twice.
    wide = knees.half[sides, np.arange(sides.size)] > 0
    halved = knees.split(wide, sides)
    assert np.exp(halved.log_prior).sum() == pytest.approx(1, rel=1e-12)
    assert halved.log_prior.size == knees.log_prior.size + wide.sum()


def test_a_disturbance_is_a_regression_with_a_prior():
    """Against generalised least squares with the covariance of the drift, by definition."""
    generator = np.random.default_rng(9)
    x, t, order = generator.random(9), generator.random(9), generator.permutation(9)
    basis = drift_basis(order.astype(float), 9)
    given = disturbance(10.0, {3}, basis)
    kept = np.arange(9) != 3
    weight = np.linalg.inv(np.eye(8) + 100 * basis[kept] @ basis[kept].T)
    design = np.stack([np.ones(8), x[kept]], axis=-1)
    precision = design.T @ weight @ design
    overhead, slope = np.linalg.solve(precision, design.T @ weight @ t[kept])
    turned_x, turned_t = given.line @ x, given.line @ t
    assert turned_x @ turned_t / (turned_x @ turned_x) == pytest.approx(slope, rel=1e-10)
    assert given.mean @ (t - slope * x) == pytest.approx(overhead, rel=1e-10)
    assert turned_x @ turned_x * given.mean_stderr**-2 == pytest.approx(
        np.linalg.det(precision), rel=1e-10
    )
    residuals = (t - overhead - slope * x)[kept]
    drift = 100 * basis[kept] @ basis[kept].T @ weight @ residuals
    np.testing.assert_allclose(
        (given.basis @ given.drift @ (t - overhead - slope * x))[kept], drift, rtol=1e-9
    )


def test_rounding_moves_the_overhead_alone():
    lengths = SPEC.lengths("x")
    exact = _times(lengths, X_GATE, start=1900)
    up, down = (fit_ladder(lengths, rounded(exact), resolution=1.0)
                for rounded in (np.ceil, np.floor))  # fmt: skip
    assert up.slope.value == pytest.approx(down.slope.value, rel=1e-9)
    assert up.overhead.value - down.overhead.value == pytest.approx(1, rel=1e-9)


GOOD = np.array([1.0, 2, 3, 4, 5])


@pytest.mark.parametrize(
    ("lengths", "times", "changes", "message"),
    [
        (GOOD[:4], GOOD[:4], {}, "lengths: 4 different ones: give 5 or more"),
        (GOOD[[0, 0, 1, 2, 3]], GOOD, {}, "lengths: 4 different ones"),
        (GOOD, 0 * GOOD + 7, {}, "times: all are 7 s: a resolution of 1 s"),
        (GOOD, -GOOD, {}, "times: slope = -.* s: they do not grow"),
        (GOOD, GOOD[:4], {}, r"times have the shape \(4,\), lengths \(5,\)"),
        (GOOD, np.array([1, 2, np.nan, 4, 5]), {}, r"times\[2\] = nan: give a finite number"),
        (np.array([1, 2, np.inf, 4, 5]), GOOD, {}, r"lengths\[2\] = inf"),
        (GOOD, GOOD, {"resolution": 0.0}, "resolution = 0.0 s: give a positive"),
        (GOOD, GOOD, {"resolution": np.nan}, "resolution = nan s"),
        (GOOD, GOOD, {"executions": 0}, "executions = 0: give 1 or more"),
        (GOOD, GOOD, {"order": GOOD[:4]}, r"order has the shape \(4,\), lengths \(5,\)"),
        (GOOD, GOOD, {"order": np.nan * GOOD}, r"order\[0\] = nan: give a finite number"),
    ],
)
def test_bad_times_are_named(lengths, times, changes, message):
    with pytest.raises(BadInput, match=message) as error:
        fit_ladder(lengths, times, **({"resolution": 1.0} | changes))
    assert "\n" not in str(error.value)


# -- spec --------------------------------------------------------------------------------------


def test_spec_survives_toml():
    spec = LatencySpec(name="a", seed=3, shots=100, repetitions=2)
    assert LatencySpec.parse(spec.to_toml()) == spec


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ladders.x = [1, 2, 3]", "ladders.x has 3 lengths: give 5 or more"),
        ("ladders.x = [1, 2, 3, 4, 4]", "ladders.x = 4 comes twice: give each length once"),
        ("ladders = { x = [], feedforward = [] }", "ladders.both are empty: give lengths"),
        ("ladders.x = [0, 1, 2, 3, 4]", r"ladders.x\[0\] = 0: give 1 or more"),
        ("shots = 2_000_000", "shots = 2000000 in 10 repetitions: a service takes no more"),
        ('device.profile = "ideal"', "device.profile = 'ideal': nothing takes time there"),
        ("hardware.brackets = true", "hardware.brackets = True is an unknown key"),
        ("clock.jitter = -1", "clock.jitter = -1: give 0 or more"),
        ("clock.resolution = nan", "clock.resolution = nan: give"),
        ("shots =", "the spec is not TOML"),
    ],
)
def test_bad_specs_are_named(text, message):
    with pytest.raises(BadInput, match=message):
        LatencySpec.parse(text)


# -- the whole way, by the clock model ---------------------------------------------------------


#: Fewer X gates than by default: building them takes longer than all else.
X_LENGTHS = (110, 790, 1490, 1870, 2270, 2930, 3610, 4370, 5230)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder with an experiment like the paper's, run by the command, and its answer."""
    folder = tmp_path_factory.mktemp("latency")
    (folder / "spec.toml").write_text(f"ladders.x = {list(X_LENGTHS)}\n[device]\n{LAYOUT}\n")
    arguments = ("latency", folder / "spec.toml", "--out", folder / "run", "--seed", 4, "--json")
    done = command(*arguments)
    assert (done.code, done.traceback) == (0, "")
    return folder, arguments, json.loads(done.out)


def test_the_dataset_has_the_numbers_of_the_record(finished):
    folder, _, record = finished
    run = rc.latency(folder / "spec.toml", out=folder / "run", seed=4)
    dataset = run.dataset
    for ladder, found in record["ladders"].items():
        of_ladder = dataset.sel(ladder=ladder)
        assert float(of_ladder["compiled_slope"]) == found["compiled_slope_s"]
        slope = found["from_job_times"]["slope_s"]
        for limit, value in slope.items():
            assert float(of_ladder["slope"].sel(limit=limit)) == pytest.approx(value, rel=1e-9)
        times = dataset["job_time"][dataset["ladder_of_job"] == ladder]
        assert times.values.tolist() == found["job_times_s"]
    assert dataset.attrs["data_kind"] == record["data_kind"]
    assert run.status()["headline"] == f"{len(run.jobs)} of {len(run.jobs)} jobs done"
    with pytest.raises(BadInput, match="a latency run: only runs of the protocol have verdicts"):
        _ = run.verdicts


def test_command_recovers_what_the_schedule_says(finished):
    _, _, record = finished
    assert record["simulated"] is True
    assert record["data_kind"] == "simulated by the clock model"
    for ladder, operation in (("x", X_GATE), ("feedforward", FEEDFORWARD)):
        found = record["ladders"][ladder]
        assert found["compiled_slope_s"] == pytest.approx(operation, rel=1e-9)
        assert found["scheduled_slope_s"] == pytest.approx(operation, rel=1e-9)
        coarse, fine = (found[f"from_{clock}_times"] for clock in ("job", "execution"))
        assert coarse["slope_s"]["low"] < operation < coarse["slope_s"]["high"]
        # A millisecond of jitter over 9.5 s and more.
        assert fine["slope_s"]["value"] == pytest.approx(operation, rel=SIGMAS * 1e-3 / 9.5)
        # The clock begins to be linear where a shot is longer than 65 µs.
        begin = coarse["linear_from"]
        assert begin["low"] < 63e-6 / operation < begin["high"]
        assert coarse["break_probability"] > 0.99


def test_files_hold_the_data_and_say_that_they_are_simulated(finished):
    folder, _, record = finished
    assert json.loads((folder / "run" / "latency.json").read_text()) == {
        key: value for key, value in record.items() if key not in ("files", "surplus")
    }
    with (folder / "run" / "latency.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 24
    assert [float(r["job_time_s"]) for r in rows if r["ladder"] == "x"] == (
        record["ladders"]["x"]["job_times_s"]
    )
    assert "simulated by the clock model" in (folder / "run" / "latency.svg").read_text()


def test_same_command_gives_the_same_and_times_nothing_again(finished):
    """For people this time: the table names the clocks."""
    folder, arguments, record = finished
    journals = {p: p.stat().st_mtime_ns for p in (folder / "run" / "jobs").iterdir()}
    again = command(*arguments[:-1])
    assert again.code == 0
    assert json.loads((folder / "run" / "latency.json").read_text())["ladders"] == record["ladders"]
    assert {p: p.stat().st_mtime_ns for p in (folder / "run" / "jobs").iterdir()} == journals
    assert "exact: simulated by the clock model" in again.out
    for text in ("X gate", "feedforward", "jobs", "executions", "service", "compiled", "inside"):
        assert text in again.out
    assert max(map(len, again.out.split("X gate:")[0].splitlines())) <= 80


def test_damage_is_seen_and_mended_to_the_same_times(finished, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(finished[0] / "run", run)
    (run / "jobs" / "feedforward-4.json").write_text("{")
    (run / "circuits.qpy").write_bytes(b"QISKIT")
    (run / "jobs" / "feedforward-99.json").unlink()
    for name in ("feedforward-99", "feedforward-4"):
        (run / "shots" / f"{name}.npz").unlink()
    told = json.loads(command("status", run, "--json").out)
    assert told["headline"] == "22 of 24 jobs done; 2 damaged"
    assert {text.split(":")[0] for text in told["damage"]} == {
        "circuits.qpy", "jobs/feedforward-4.json", "jobs/feedforward-99.json",
    }  # fmt: skip
    mended = rc.resume(run)
    assert mended.damage() == []
    whole = open_latency_run(finished[0] / "run")
    for found, expected in zip(ladder_times(mended), ladder_times(whole), strict=True):
        for clock in ("lengths", "job", "execution", "scheduled"):
            np.testing.assert_array_equal(getattr(found, clock), getattr(expected, clock))


def test_commands_for_any_run_know_a_latency_run(finished):
    run = finished[0] / "run"
    told = command("status", run)
    assert told.code == 0
    assert "latency on exact" in told.out
    assert "24 of 24 jobs done" in told.out
    assert command("cancel", run).out == "0 jobs cancelled\n"


@pytest.mark.parametrize("name", ["analyse", "report", "ledger", "export", "bundle"])
def test_commands_for_the_protocol_name_the_one_for_a_latency_run(name, finished):
    run = finished[0] / "run"
    refused = command(name, run)
    assert refused.code == 2
    assert refused.only_line == (
        f"error: run = '{run}' is a latency run: for its table and files: recycling latency ... "
        f"--out {run} as before, or recycling resume {run}"
    )
    assert [path.name for path in finished[0].iterdir()].count("run") == 1


def test_other_runs_are_left_alone(finished, small_plan, small_spec, tmp_path):
    folder, arguments, _ = finished
    begin(small_plan, small_spec, tmp_path / "run")
    other_seed = (*arguments[:5], 5)
    of_another_kind = ("latency", folder / "spec.toml", "--out", tmp_path / "run")
    the_protocol = ("run", "theory", "--out", folder / "run")
    for unlike in (other_seed, of_another_kind, the_protocol):
        refused = command(*unlike)
        assert refused.code == 2
        assert "exists: give a new folder" in refused.only_line
    with pytest.raises(BadInput, match="is no latency run: give another folder"):
        open_latency_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.toml",), "is neither a file nor a preset"),
        (("--backend", "aer"), "backend = 'aer' has no clock"),
        (("--backend", "FakeFez"), "backend = 'FakeFez': give"),
    ],
)
def test_bad_commands_are_one_line(arguments, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = command("latency", *arguments)
    assert done.code == 2
    assert message in done.error
    assert list(tmp_path.rglob("run.json")) == []


# -- the whole way, on a service ---------------------------------------------------------------

#: Few operations, since the service evolves them all, executed more often. X gates are scheduled as
#: the service does it further up.
ON_SERVICE = f"""\
name = "ladders"
shots = 100000

[ladders]
x = []
feedforward = [1, 2, 3, 4, 5]

[device]
{LAYOUT}

[hardware]
rep_delay = 20e-6
"""


@pytest.fixture
def service(tmp_path, monkeypatch):
    """A service, to which commands are led by one connection and with one plan."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "spec.toml").write_text(ON_SERVICE)
    snapshots = ("FakeMarrakesh",)
    with (
        LoopbackService(snapshots=snapshots, seed=1) as service,
        connected(service, tmp_path / "accounts.json") as patch,
    ):
        connection = connect(parse_backend(IBM), Account())
        plan = plan_on(LatencySpec.parse(ON_SERVICE), parse_backend(IBM), connection)
        study = replace(recycling.studies.latency.study.STUDY, plan=lambda *_: plan)
        patch.setattr(recycling.studies.latency.study, "STUDY", study)
        patch.setattr(recycling.studies.latency.run, "STUDY", study)
        patch.setattr(recycling.running.runs, "connect", lambda *_: connection)
        yield service


def test_ladders_on_a_service_are_paid_once(service):
    """Answers lost, a failed job, one cancelled, a command that leaves: each job is paid once."""
    latency = ("latency", "spec.toml", "--backend", IBM, "--out", "run")
    beyond = command(*latency, "--max-qpu-seconds", 10)
    assert beyond.code == 2
    assert "max_qpu_seconds = 10: the ladders take about" in beyond.error
    assert service.jobs == []

    service.faults.append(Fault(Drop(accept=True), tag="job:feedforward-1"))
    service.faults.append(Fault(Destiny("Failed", "too hot", 8000), tag="job:feedforward-2"))
    service.faults.append(Fault(Destiny("Queued"), tag="job:feedforward-3"))
    service.queue_polls = 10**6
    left = command(*latency, "--no-wait")
    assert left.code == 3
    assert "0 of 5 jobs are done" in left.error
    assert left.error.endswith("recycling resume run")
    assert len(alive(service)) == 5

    service.queue_polls = 0
    service.forget(next(job.id for job in service.jobs if job.name == "job:feedforward-4"))
    later = command("resume", "run", "--no-wait")
    assert later.code == 3
    assert "2 of 5 jobs are done" in later.error
    stopped = command("cancel", "run")
    assert stopped.out == (
        "1 job cancelled; submit again with: recycling resume --retry-failed run\n"
    )
    failed = command(*latency)
    assert failed.code == 4
    assert failed.error.endswith("(and 2 more); submit it again with: "
                                 "recycling resume --retry-failed run")  # fmt: skip
    told = json.loads(command("status", "run", "--json").out)
    assert told["headline"].startswith("2 of 5 jobs done; ")
    assert {"1 cancelled", "1 failed", "1 lost"} == set(told["headline"][18:].split(", "))
    (reason,) = [job["reason"] for job in told["jobs"] if job["name"] == "feedforward-2"]
    assert "too hot" in reason
    beyond = command("resume", "--retry-failed", "run", "--max-qpu-seconds", 10)
    assert (beyond.code, beyond.traceback) == (2, "")
    assert "s of QPU time are used, and" in beyond.error
    assert len(service.jobs) == 5
    done = command("resume", "--retry-failed", "run", "--json")
    assert (done.code, done.traceback) == (0, "")
    assert set(alive(service).values()) == {1}
    names = Counter(job.name for job in service.jobs)
    assert [names.pop(f"job:feedforward-{number}") for number in (2, 3, 4)] == [2, 2, 2]
    assert set(names.values()) == {1}

    record = json.loads(done.out)
    assert record["surplus"] == []
    assert record["data_kind"] == "simulated by a service that imitates IBM Quantum"
    found = record["ladders"]["feedforward"]
    scheduled = found["scheduled_slope_s"]
    assert found["compiled_slope_inside"]
    slope = found["from_job_times"]["slope_s"]
    assert slope["low"] < scheduled < slope["high"]
    # The service's schedule is whole cycles, and its executions are counted in ns.
    fine = found["from_execution_times"]["slope_s"]
    assert fine["value"] == pytest.approx(scheduled, rel=1e-6)
    assert scheduled == pytest.approx(found["compiled_slope_s"], rel=1e-6)
