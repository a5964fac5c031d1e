"""The run beside the paper: like with like, a row for each printed statement that applies."""

from dataclasses import replace

import pytest
import xarray as xr
from scipy.constants import h as planck

import recycling as rc
from recycling.compilation.structure import algorithm_part, schedule, structure
from recycling.devices.profiles import PAPER
from recycling.errors import BadInput
from recycling.planning.plan import plan
from recycling.planning.rehearsal import simulate_counts
from recycling.reporting.paper import LONGEST, STATEMENTS, Replay, compare, replay_of, summary
from recycling.reporting.paper import data_checks as data
from recycling.reporting.paper import device_checks as device
from recycling.reporting.paper.replay import Found
from recycling.results.analysis import analyse_counts, experiment_attributes
from recycling.results.theory import stored_theory
from recycling.running.theory import theory_dataset
from recycling.spec.experiment import AlgorithmSpec, BathSpec, MeasurementSpec, Range, SweepSpec

QUANTUM = planck * 5e9


@pytest.fixture(scope="module")
def replay(tmp_path_factory):
    """``recycling replay --seed 7``."""
    run = rc.run(rc.preset("paper"), out=tmp_path_factory.mktemp("paper") / "run")
    return replay_of(run, rc.analyse(run), stored_theory(run))


@pytest.fixture(scope="module")
def compared(replay):
    return {(row.where, row.about, row.printed): row for row in compare(replay)}


def changed(replay, **fields):
    """The same run, said to be of another experiment."""
    return replace(replay, experiment=replay.experiment.model_copy(update=fields))


def with_values(replay, **variables):
    """The same run with other values: ``variables`` give a function of the array by name."""
    dataset = replay.dataset.copy()
    for name, change in variables.items():
        dataset[name] = change(dataset[name])
    return replace(replay, dataset=dataset)


# -- like with like ------------------------------------------------------------------------------


def test_the_algorithm_is_compared_with_the_algorithm(replay):
    """Up to the flag, and not the whole circuit: 70 layers and 2.16 µs."""
    head = algorithm_part(replay.circuit)
    assert "measure" not in head.count_ops()
    assert (
        structure(head, replay.device).depth == 70 < structure(replay.circuit, replay.device).depth
    )
    assert device.algorithm_depth(replay).text.startswith("70, of which 45 take time")
    (algorithm,) = (
        s
        for s in schedule(replay.circuit, replay.device, replay.experiment.design)
        if s.name == "algorithm"
    )
    assert algorithm.duration == pytest.approx(2.16e-6)
    assert device.algorithm_time(replay).text == "2.16 µs"
    assert (
        device.algorithm_depth(replay).outcome == device.algorithm_time(replay).outcome == "differs"
    )


@pytest.mark.parametrize(
    ("level", "depth", "microseconds", "outcome"),
    [(0, 96, 2.42, "agree"), (1, 70, 2.16, "differs"), (2, 53, 1.79, "differs")],
)
def test_what_the_presets_comment_says_of_levels(replay, level, depth, microseconds, outcome):
    """Closest to the printed depth of about 100 is level 0, and none takes 4.0 µs."""
    layout = dict(zip(replay.device.roles, replay.device.layout, strict=True))
    spec = replay.experiment.device.model_copy(
        update={"optimization_level": level, "layout": layout}
    )
    planned = plan(replay.experiment.model_copy(update={"device": spec}))
    found = replace(replay, device=planned.device, circuit=planned.circuits[LONGEST])
    assert device.algorithm_depth(found).text.startswith(f"{depth}, ")
    assert device.algorithm_depth(found).outcome == outcome
    assert device.algorithm_time(found).text == f"{microseconds:.2f} µs"
    assert device.algorithm_time(found).outcome == "differs"


def test_the_limit_on_the_bath_entropy_has_a_thermal_target():
    """S(ρ_S) at p_x = 0.03: 0.135 nat from a pure start, 0.147 from T0, as the replay has it."""
    assert data.crossing_entropy(1e-3, 5e9) == pytest.approx(0.135, abs=5e-4)
    assert data.crossing_entropy(0.043, 5e9) == pytest.approx(0.147, abs=5e-4)
    (statement,) = (s for s in STATEMENTS if s.check is data.bath_entropy_at_zero)
    assert "below 0.147 nat" in statement.printed


# -- every statement -----------------------------------------------------------------------------

#: Outcome of each statement in ``recycling replay --seed 7``.
EXPECTED = {
    "sweep": "input",
    "bath_numbers": "input",
    "any_frequency": "agree",
    "success_fidelity": "agree",
    "equilibrium_above": "agree",
    "equilibrium_bounds_equal": "differs",
    "tight_much_larger": "agree",
    "erasures_differ": "agree",
    "below_tight": "agree",
    "below_landauer": "agree",
    "above_tight_at_small_angles": "agree",
    "above_athermal": "agree",
    "below_athermal_at_zero": "differs",
    "theory_at_athermal": "agree",
    "theory_below_tight": "differs",
    "theory_below_landauer": "agree",
    "algorithm_depth": "differs",
    "algorithm_time": "differs",
    "feedforward_round": "input",
    "bath_t1": "input",
    "gate_times": "input",
    "x_gate_time": "input",
    "heat_falls_with_p_x": "agree",
    "crossing_at_zero": "not resolved",
    "bath_entropy_at_zero": "differs",
    "gain_at_all_angles": "not resolved",
}


def test_every_statement_has_its_row(replay, compared):
    assert len(compared) == len(STATEMENTS) == len(EXPECTED)
    outcomes = {s.check.__name__: s.check(replay).outcome for s in STATEMENTS}
    assert outcomes == EXPECTED
    assert summary(list(compared.values())) == (
        "26 statements apply to this run: 12 agree, 6 differ, 2 not resolved, 6 put in."
    )


def test_the_printed_numbers_are_those_of_the_paper(compared):
    printed = " | ".join(row.printed for row in compared.values())
    for number in ("0 to π/4; 8000; 5", "43 mK, 5 GHz", "0.92 to 0.97", "about 100", "4.0 µs",
                   "3.3 µs", "397 µs", "32 ns, 68 ns", "31.3 ns", "p_x ≈ 0.03"):  # fmt: skip
        assert number in printed
    about = " | ".join(row.about for row in compared.values())
    assert "3–7 GHz" in about


def test_theory_is_above_the_tight_bound_at_one_angle(replay):
    """Where the failure state passes through |0⟩: P1(B) is below the thermal one there."""
    found = data.theory_below_tight(replay)
    assert found.outcome == "differs"
    assert "below at 10 of 11 θ_b; +0.0040 hf at θ_b = 0.0785" in found.text


def test_agreement_is_found_where_there_is_some(replay):
    """Statements that differ agree once the numbers are the paper's, and the other way round."""
    lower = QUANTUM * 0.05
    shifted = with_values(
        replay,
        excess_tight_band=lambda a: a - lower,
        excess_tight_combined=lambda a: a - lower,
        excess_athermal_combined=lambda a: a - QUANTUM,
        excess_athermal_combined_z=lambda a: a - 1000,
        gain_combined=lambda a: a * 0 + xr.DataArray([0, -1e-26, 1e-26], dims="limit"),
        entropy_decrease_band=lambda a: abs(a),
        success_fidelity_combined=lambda a: a - 0.05,
    )
    assert data.gain_at_all_angles(shifted) == Found("at 11 of 11 θ_b", "agree")
    assert data.equilibrium_bounds_equal(shifted).outcome == "agree"
    assert data.below_athermal_at_zero(shifted).outcome == "agree"
    assert data.above_athermal(shifted).outcome == "differs"
    assert data.success_fidelity(shifted).outcome == "differs"


@pytest.mark.parametrize(
    ("cut", "found", "outcome"), [(0.031, "p_x = 0.03", "agree"), (0.2, "p_x = 0.19", "differs")]
)
def test_a_crossing_is_found_where_it_is(replay, cut, found, outcome):
    """ΔQ_B is below Q_tight up to some p_x, and surely so."""

    def excess(array):
        return 0 * array + xr.where(array["p_x"] < cut, -1e-25, 1e-25)

    crossing = with_values(
        replay,
        entropy_decrease_combined=lambda a: abs(a) + 0.01,
        entropy_decrease_band=lambda a: abs(a) + 0.01,
        excess_tight_combined=excess,
        excess_tight_band=excess,
    )
    assert data.crossing_at_zero(crossing).text.startswith(found)
    assert data.crossing_at_zero(crossing).outcome == outcome


# -- runs of other experiments -------------------------------------------------------------------


def names(replay):
    compare(replay)  # no check fails
    return {s.check.__name__ for s in STATEMENTS if all(need(replay) for need in s.needs)}


def test_another_algorithm_is_not_compared(replay):
    other = AlgorithmSpec(matrix=((3, -1), (-1, 3)), clock_qubits=3)
    assert names(changed(replay, algorithm=other)) == set()


def test_another_bath_is_compared_in_what_does_not_depend_on_it(replay):
    found = names(changed(replay, bath=BathSpec(temperature=0.03)))
    assert found == {
        "success_fidelity", "algorithm_depth", "algorithm_time", "feedforward_round", "bath_t1",
        "gate_times", "x_gate_time",
    }  # fmt: skip


def test_another_sweep_leaves_out_what_it_does_not_reach(replay):
    sweep = SweepSpec(theta_b=(0.0, 0.2), p_x=Range(start=0.1, stop=0.3, points=3))
    found = names(changed(replay, sweep=sweep))
    assert not found & {"below_tight", "crossing_at_zero", "gain_at_all_angles", "success_fidelity"}
    assert "algorithm_depth" in found


def test_without_noise_only_theory_is_compared(theory_run):
    replay = replay_of(theory_run, rc.analyse(theory_run), stored_theory(theory_run))
    assert {name.partition("_")[0] for name in names(replay)} == {"theory", "bath"}


def test_another_device_is_not_said_to_have_the_papers_numbers(replay):
    sources = {n: text.replace(PAPER, "a snapshot") for n, text in replay.device.sources.items()}
    other = replace(replay, device=replay.device.model_copy(update={"sources": sources}))
    assert names(replay) - names(other) == {"bath_t1", "gate_times", "x_gate_time"}
    # 3.3 µs that were not put in would agree.
    assert device.feedforward_round(other).outcome == "agree"


def test_numbers_that_a_spec_changes_are_not_the_papers(replay):
    slow = replay.device.model_copy(update={"t1": (1e-4,) * 6})
    assert device.bath_t1(replace(replay, device=slow)) == Found("100 µs", "differs")


def test_a_masked_point_leaves_the_data_out(replay):
    """Nothing is said to differ for want of shots."""
    masked = with_values(replay, heat_combined=lambda a: a.where(a["theta_b"] > 0))
    assert {row.outcome for row in compare(masked) if "theory" not in row.about} == {
        "input", "differs"
    }  # fmt: skip
    assert "algorithm_depth" in names(masked)
    assert "below_tight" not in names(masked)


@pytest.mark.parametrize("shots", [1, 40, "exact"])
def test_few_shots_and_infinitely_many_are_compared(small_experiment, small_plan, shots):
    """No warning, no crash; with few shots little is resolved."""
    measurement = {"shots": shots, "trials": 1}
    experiment = small_experiment.model_copy(update={"measurement": MeasurementSpec(**measurement)})
    counts = simulate_counts(replace(small_plan, experiment=experiment))
    dataset = analyse_counts(
        experiment, counts, experiment_attributes(experiment, small_plan.device)
    )
    circuit = small_plan.circuits[LONGEST]
    rows = compare(
        Replay(experiment, dataset, theory_dataset(experiment), small_plan.device, circuit)
    )
    assert len(rows) > 5
    assert not any("nan" in row.found for row in rows)


def test_an_unreadable_circuit_leaves_the_times_out(replay):
    class Unreadable:
        experiment, device = replay.experiment, replay.device

        @property
        def circuits(self):
            raise BadInput("circuits.qpy is damaged")

    without = replay_of(Unreadable(), replay.dataset, replay.theory)
    assert names(replay) - names(without) == {
        "algorithm_depth", "algorithm_time", "feedforward_round"
    }  # fmt: skip
