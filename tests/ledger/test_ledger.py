"""The ledger of a run: its rows against the theory, the circuits and the Dataset."""

import json
import math
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.constants import h, k

import recycling as rc
from circuits.design import RECYCLING
from recycling.ledger.control import count_pulses, pulse_energy
from recycling.ledger.energies import Erasure, bath_rows, heat_per_bit
from recycling.ledger.records import branch_rows, flag_row
from recycling.results.analysis import analyse_counts
from recycling.results.schema import LIMITS
from tests.results.test_any_design import DESIGN

QUANTUM = h * 5e9
BATH = ("heat", "reset heat", "separate", "saving", "bath free energy", "flag record")
CONTROL = ("control heat MXC", "control heat CP", "control heat 4K")
BASELINE = (
    "baseline aQFP ideal per bit", "baseline aQFP 1 % spread per bit",
    "baseline MANA processor per operation", "baseline qubit SWAP thermal bath per bit",
    "baseline qubit SWAP recycled bath per bit",
)  # fmt: skip


@pytest.fixture(scope="module")
def theory_dataset(theory_run):
    return rc.analyse(theory_run)


@pytest.fixture(scope="module")
def ledger(small_run, small_dataset):
    return rc.ledger_of(small_run, small_dataset)


def test_rows_of_a_noisy_run(ledger):
    names = tuple(row.name for row in ledger.rows)
    assert names == (*BATH, *CONTROL, "wall plug Carnot", "heat per bit", *BASELINE)
    assert ledger.notes == ()
    for row in ledger.rows:
        assert row.low <= row.joule <= row.high, row.name
        assert row.landauer == pytest.approx(row.joule / (k * row.temperature * math.log(2)))
    assert {row.source for row in ledger.rows[:5]} == {"simulated"}
    temperatures = {row.name: row.temperature for row in ledger.rows}
    assert [temperatures[name] for name in CONTROL] == [0.02, 0.14, 4.2]
    assert temperatures["heat"] == temperatures["flag record"] == 0.043
    assert temperatures["wall plug Carnot"] == 300


def test_theory_at_its_last_angle(theory_run, theory_dataset):
    ledger = rc.ledger_of(theory_run, theory_dataset)
    assert (round(ledger.theta_b, 6), ledger.p_x) == (0.785398, 0.4)
    expected = {
        "heat": -0.099249, "reset heat": 0.5 - 0.00375646, "saving": 0.383247 + 0.099249,
        "separate": 0.496244 + 0.383247, "bath free energy": 0.495182,
        "heat per bit": -0.099249 * math.log(2) / 0.642662,
    }  # fmt: skip
    for name, value in expected.items():
        row = ledger.row(name)
        assert row.joule / QUANTUM == pytest.approx(value, abs=1.5e-6), name
        assert row.low == row.joule == row.high, name
    p = 0.750181
    entropy = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert ledger.row("flag record").joule == pytest.approx(k * 0.043 * entropy, rel=1e-6, abs=0)
    assert f"{ledger.row('heat per bit').joule:.2e}" == "-3.55e-25"
    # Ideal gates take no time, so no pulse drives them.
    assert not any(row.name in CONTROL for row in ledger.rows)
    assert ledger.notes == ("no control heat: gates of this device take no time",)


@pytest.mark.parametrize("estimator", ["linear inversion", "median unbiased"])
def test_saving_heat_and_reset_are_what_is_separate(estimator, small_run, small_dataset):
    if estimator == "median unbiased":
        inference = small_run.experiment.inference.model_copy(update={"estimator": estimator})
        spec = small_run.experiment.model_copy(update={"inference": inference})
        known = ("temperature_K", "frequency_Hz", "data_kind")
        attributes = {name: small_dataset.attrs[name] for name in known}
        small_dataset = analyse_counts(spec, small_run.counts, attributes)
    for angle in small_dataset["theta_b"].values:
        ledger = rc.ledger_of(small_run, small_dataset, theta_b=angle)
        assert ledger.theta_b == angle
        heat, reset, separate, saving = (ledger.row(name) for name in BATH[:2] + BATH[2:4])
        together = saving.joule + heat.joule + reset.joule
        assert together == pytest.approx(separate.joule, abs=1e-12 * QUANTUM)
        excess = small_dataset["excess_tight_combined"].sel(arm=RECYCLING, p_x=0.4, theta_b=angle)
        assert [saving.joule, saving.high, saving.low] == [-float(x) for x in excess]


# -- control -------------------------------------------------------------------------------------


def operations(circuit):
    """Operations by name, those of conditional blocks too."""
    for instruction in circuit.data:
        yield instruction.operation.name
        for block in getattr(instruction.operation, "blocks", ()):
            yield from operations(block)


def test_control_heat_counts_the_pulses_that_were_executed(small_run, ledger):
    circuit = small_run.circuits[RECYCLING, "after", "X"]
    names = list(operations(circuit))
    single = names.count("sx") + names.count("x")
    assert (single, names.count("cz"), names.count("measure")) == (65, 26, 4)
    assert set(names) <= {"sx", "x", "rz", "cz", "measure", "delay", "barrier", "if_else"}
    found = count_pulses(circuit, small_run.device)
    assert (found.single, found.double, found.measurements) == (65, 26, 4)
    pulse = QUANTUM * (math.pi / 32e-9) ** 2 * 32e-9 * 10e-3 / 4
    assert f"{pulse:.1e}" == "2.6e-18"
    readout = 4 * 10 * h * 7e9 * 2 * math.pi * 5e6 * 1e-6 / 4
    energy = (65 + 2 * 26) * pulse + readout
    assert pulse_energy(found, 32e-9, 5e9) == pytest.approx(energy, rel=1e-12, abs=0)
    for name, factor in zip(CONTROL, (100, 9900, 990_000), strict=True):
        row = ledger.row(name)
        assert row.joule == pytest.approx(factor * energy, rel=1e-12, abs=0)
        assert (row.low, row.high) == (row.joule / 10, row.joule * 10)
        assert row.source == "modelled"
    mxc = ledger.row("control heat MXC")
    assert mxc.joule > 1e10 * abs(ledger.row("heat").joule)
    assert "times |ΔQ_B|" in mxc.note


# -- declared surroundings -----------------------------------------------------------------------


def test_plant_and_record_temperature_are_declared(small_run, small_dataset, ledger):
    other = rc.ledger_of(small_run, small_dataset, plant=5e8, record_temperature=4.3)
    heat = ledger.row("heat")
    plant = other.row("wall plug plant")
    assert plant.joule == 5e8 * heat.joule
    assert plant.source == "declared"
    record = other.row("flag record").joule
    assert record == pytest.approx(100 * ledger.row("flag record").joule, rel=1e-12, abs=0)
    assert "4.3 K (declared)" in other.row("flag record").note
    assert "T0: the least" in ledger.row("flag record").note
    carnot = other.row("wall plug Carnot")
    assert carnot.joule == pytest.approx(heat.joule * 300 / 0.043, rel=1e-12, abs=0)
    # Carnot's refrigerator leaves the number of Landauers as it is.
    assert carnot.landauer == pytest.approx(heat.landauer)


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"theta_b": 0.3}, "theta_b = 0.3: not in the sweep; give 0.4, which is nearest"),
        ({"theta_b": math.nan}, "theta_b = nan: not in the sweep; give"),
        ({"at": {"theta": 0.3}}, "theta = 0.3: this run sweeps theta_b; give those"),
        ({"record_temperature": 0}, "record_temperature = 0: give K, positive and finite"),
        ({"record_temperature": -1}, "record_temperature = -1: give K, positive and finite"),
        ({"plant": math.inf}, "plant = inf: give W/W, positive and finite"),
        ({"ambient_temperature": math.nan}, "ambient_temperature = nan: give K, positive"),
    ],
)
def test_bad_input_is_refused_in_one_line(options, line, small_run):
    with pytest.raises(rc.BadInput) as error:
        rc.ledger_of(small_run, **options)
    assert str(error.value).startswith(line)
    assert len(error.value.faults) == 1


def test_an_angle_may_be_given_as_a_table_prints_it(small_run, small_dataset):
    assert rc.ledger_of(small_run, small_dataset, theta_b=0.7854).theta_b == math.pi / 4


# -- other designs -------------------------------------------------------------------------------


def test_another_algorithm_has_its_parameter(tmp_path):
    experiment = rc.Experiment(
        name="tiny",
        algorithm={"name": "repeat-until-success"},
        device={"profile": "ideal"},
        sweep={"theta": [0.3, 0.6], "p_x": [0.1, 0.4]},
        measurement={"shots": "exact", "trials": 1},
    )
    run = rc.run(experiment, out=tmp_path / "run")
    last, first = rc.ledger_of(run), rc.ledger_of(run, at={"theta": 0.3})
    assert (last.record["theta"], first.record["theta"], last.theta_b) == (0.6, 0.3, None)
    assert last.row("heat").joule != first.row("heat").joule
    assert "branch record" not in [row.name for row in last.rows]
    with pytest.raises(rc.BadInput, match=r"theta_b = 0\.3: this run sweeps theta; give those"):
        rc.ledger_of(run, theta_b=0.3)


def counts(shares, shots):
    """Counts of the design with two flags, the same at each of its points."""
    sizes = [2, 2, 2, 3, 2, 3, 1, 4, 2, 2, 2]
    table = np.ones(sizes) / 8 * np.array(shares)[:, None, None, None]
    table = table if shots is None else np.round(table * shots).astype(int)
    return xr.DataArray(table, dims=DESIGN.dims, coords={"arm": list(DESIGN.arm_names)})


def test_a_kept_index_of_failed_branches_has_to_be_erased():
    (exact,) = branch_rows(counts([0.4, 0.3, 0.2, 0.1], None), DESIGN, 0, 0.1, "= 0.1 K")
    entropy = -0.6 * math.log(0.6) - 0.4 * math.log(0.4)
    assert exact.joule == pytest.approx(k * 0.1 * entropy, rel=1e-12, abs=0)
    assert exact.low == exact.joule == exact.high
    (sampled,) = branch_rows(counts([0.4, 0.3, 0.2, 0.1], 8000), DESIGN, 5, 0.1, "= 0.1 K")
    assert sampled.low < sampled.joule < sampled.high
    assert sampled.joule == pytest.approx(exact.joule, rel=1e-3, abs=0)
    assert list(branch_rows(counts([1, 0, 0, 0], None), DESIGN, 0, 0.1, "")) == []


def test_a_link_takes_up_heat_and_leaves_less_of_the_saving(tmp_path):
    """The paper's theory with five metres of link (PRL 125, 260502)."""
    text = rc.preset("theory").to_toml() + '\n[link]\npreset = "eth-5m"\n'
    experiment = rc.Experiment.parse(text.replace("points = 21", "points = 2"))
    run = rc.run(experiment, out=tmp_path / "run")
    dataset = rc.analyse(run)
    ledgers = [rc.ledger_of(run, dataset, theta_b=angle) for angle in (0, None)]
    expected = {
        "heat": (0.395334, 0.063249), "saving": (0.009669, 0.118454 - 0.063249),
        "link heat": (0.002605, 0.162498), "strict heat": (0.397939, 0.225747),
    }  # fmt: skip
    for name, values in expected.items():
        found = [ledger.row(name).joule / QUANTUM for ledger in ledgers]
        assert found == pytest.approx(values, abs=2e-6), name
    for ledger in ledgers:
        parts = (ledger.row(name).joule for name in ("saving", "heat", "reset heat"))
        assert sum(parts) == pytest.approx(ledger.row("separate").joule, rel=1e-12, abs=0)
        assert "behind the link" in ledger.row("reset heat").note


# -- single estimates ----------------------------------------------------------------------------


def erasure(**quantities):
    """Estimates at a point: numbers, or values with their limits."""
    held = {
        f"{name}_combined": ("limit", np.broadcast_to(np.asarray(value, dtype=float), 3))
        for name, value in quantities.items()
        if name not in ("excited_population", "entropy")
    }
    state = {
        f"{name}_combined": (
            ("qubit", "stage", "limit"),
            np.broadcast_to(np.asarray(quantities.get(name, 0.1), dtype=float), (1, 1, 3)),
        )
        for name in ("excited_population", "entropy")
    }
    coordinates = {"qubit": ["B"], "stage": ["before"], "limit": list(LIMITS)}
    return Erasure(xr.Dataset(held | state, coordinates), rc.Bath.qubit(), "measured", "B")


def test_a_link_has_its_rows():
    without = erasure(heat=1e-25, bound_tight=2e-25, excess_tight=-1e-25)
    assert "link heat" not in [row.name for row in bath_rows(without)]
    link = [3e-25, 2e-25, 4e-25]
    linked = erasure(heat=1e-25, bound_tight=2e-25, excess_tight=-1e-25, link_heat=link)
    rows = {row.name: row for row in bath_rows(linked)}
    assert list(rows)[3:6] == ["saving", "link heat", "strict heat"]
    strict = rows["strict heat"]
    ends = [strict.joule, strict.low, strict.high]
    assert ends == pytest.approx([4e-25, 3e-25, 5e-25], rel=1e-12, abs=0)
    assert strict.source == "measured"


@settings(max_examples=60)
@given(
    frequency=st.floats(1e9, 2e10), temperature=st.floats(5e-3, 2), before=st.floats(0, 1),
    after=st.floats(0, 1), decrease=st.floats(-0.5, 0.7),
)  # fmt: skip
def test_saving_heat_and_reset_are_what_is_separate_for_any_bath(
    frequency, temperature, before, after, decrease
):
    bath = rc.Bath.qubit(frequency, temperature)
    heat, tight = h * frequency * (after - before), float(rc.tight_bound(decrease, bath))
    estimates = erasure(
        heat=heat, bound_tight=tight, excess_tight=heat - tight, excited_population=before
    )
    rows = {row.name: row for row in bath_rows(replace(estimates, bath=bath))}
    parts = [rows[name].joule for name in ("saving", "heat", "reset heat")]
    slack = 1e-12 * h * frequency
    assert sum(parts) == pytest.approx(rows["separate"].joule, rel=1e-12, abs=slack)
    # Whatever the path, the bath ends where heat and reset have brought it.
    thermal = float(bath.gibbs()[1, 1].real)
    assert parts[1] + parts[2] == pytest.approx(h * frequency * (after - thermal), abs=slack)
    assert {row.temperature for row in rows.values()} == {temperature}


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 1))
def test_free_energy_is_that_of_the_state(population, purity):
    """Against the state itself, of any length on the way from diagonal to pure."""
    coherence = purity * math.sqrt(population * (1 - population))
    state = np.array([[1 - population, coherence], [coherence, population]])
    entropy = float(rc.von_neumann_entropy(state))
    rows = bath_rows(
        erasure(heat=0, bound_tight=0, excess_tight=0, excited_population=population,
                entropy=entropy)
    )  # fmt: skip
    found = next(row for row in rows if row.name == "bath free energy").joule
    assert found == pytest.approx(
        float(rc.free_energy(state, rc.Bath.qubit())), abs=1e-12 * QUANTUM
    )


@settings(max_examples=50)
@given(st.floats(-2, 2), st.floats(0, 1), st.floats(-0.1, 0.7), st.floats(0, 0.3))
def test_heat_per_bit_holds_every_ratio(heat, heat_error, decrease, error):
    one = [heat * 1e-25, (heat - heat_error) * 1e-25, (heat + heat_error) * 1e-25]
    two = [decrease, decrease - error, decrease + error]
    row = heat_per_bit(erasure(heat=one, entropy_decrease=two))
    if decrease <= 0:
        assert math.isnan(row.joule)
        assert "nothing is erased" in row.note
    elif decrease - error <= 0:
        assert (row.low, row.high) == (-math.inf, math.inf)
        assert "not resolved" in row.note
    else:
        for a in np.linspace(one[1], one[2], 5):
            for b in np.linspace(two[1], two[2], 5):
                ratio, slack = a * math.log(2) / b, 1e-9 * abs(row.joule) + 1e-40
                assert row.low - slack <= ratio <= row.high + slack


@settings(max_examples=50)
@given(st.floats(0, 1), st.floats(0, 0.3))
def test_cost_of_the_flag_is_within_its_interval(probability, error):
    branch = [probability, max(probability - error, 0), min(probability + error, 1)]
    row = flag_row(erasure(branch_probability=branch), 0.1, "= 0.1 K")
    for p in np.linspace(branch[1], branch[2], 7):
        entropy = float(rc.record_cost([p, 1 - p], 0.1))
        assert row.low - 1e-35 <= entropy <= row.high + 1e-35
    cost = float(rc.record_cost([probability, 1 - probability], 0.1))
    assert row.joule == pytest.approx(cost, rel=1e-12, abs=0)


# -- whole runs ----------------------------------------------------------------------------------


def test_record_is_plain_data(ledger):
    record = json.loads(json.dumps(ledger.record))
    assert list(record) == ["theta_b", "p_x", "rows", "notes"]
    assert list(record["rows"][0]) == [
        "name", "joule", "low", "high", "temperature", "landauer", "source", "note",
    ]  # fmt: skip
    with pytest.raises(KeyError):
        ledger.row("no such row")


def test_unfinished_and_foreign_runs_are_refused(tmp_path):
    journal = SimpleNamespace(state="submitted")
    job = SimpleNamespace(name="trial-0")
    unfinished = Mock(
        spec=rc.Run, kind="protocol", jobs=[job], path=tmp_path, journal=lambda _job: journal
    )
    with pytest.raises(rc.Incomplete, match=r"1 of 1 jobs are not done.* resume "):
        rc.ledger_of(unfinished)
    with pytest.raises(rc.BadInput, match="run = 'runs/a' is a latency run"):
        rc.ledger_of(Mock(spec=rc.Run, kind="latency", path="runs/a"))
