"""An analysis asks the design: two flags, two swept parameters, other names, no known solution."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr
from scipy.constants import h

from circuits.design import POINT, Design, Register, SweepParameter
from circuits.tomography import BASIS_ANGLES
from recycling.devices.link import Link
from recycling.errors import BadInput
from recycling.inference.readout.assignment import Assignment
from recycling.inference.readout.correction import record_maps
from recycling.inference.states.records import Layout, RecordMap
from recycling.reporting.link_figures import link_figures
from recycling.reporting.link_table import link_table
from recycling.results.analysis import analyse_counts
from recycling.results.controls import controls
from recycling.results.export import counts_table, tables
from recycling.results.production import entropy_production
from recycling.results.sensitivity import erasure_of
from recycling.results.summary import headline
from recycling.results.sweep import curve_note, first_curve
from recycling.results.temperature import run_temperature
from recycling.results.verdicts import verdicts
from recycling.thermodynamics import binary_entropy

DESIGN = Design(
    registers=(
        Register("out", 1), Register("anc", 2), Register("R", 1, "bath"), Register("T", 1, "target")
    ),
    flags=("anc0", "anc1"),
    failure=(1, 2),
    recycled="out",
    parameters=(SweepParameter("angle", "rad"), SweepParameter("phi", "rad")),
    stages=("before", "after"),
    preparations=("I", "X"),
)  # fmt: skip
LAYOUT = Layout.of(DESIGN)
COORDINATES = {"angle": np.array([0.1, 0.2, 0.3]), "phi": np.array([1.0, 2.0])}
#: Chance of each record of the flags.
CHANCES = np.array([0.4, 0.3, 0.2, 0.1])
THERMAL = 0.0037


def experiment(shots="exact", readout="raw", solution=None, branches=None, link=None):
    grid = np.meshgrid(*COORDINATES.values(), indexing="ij")
    points = dict(zip(COORDINATES, (axis.ravel() for axis in grid), strict=True))
    algorithm = SimpleNamespace(solution=solution, branches=branches)
    return SimpleNamespace(
        design=DESIGN, coordinates=COORDINATES, points=points, p_x=np.array([0.2, 0.4]), seed=7,
        bath=SimpleNamespace(frequency=5e9, temperature=0.043),
        measurement=SimpleNamespace(shots=shots, trials=1 if shots == "exact" else 3),
        inference=SimpleNamespace(estimator="linear inversion", resamples=100, readout=readout),
        algorithm=SimpleNamespace(build=lambda: algorithm), physical_link=link, allocation=None,
    )  # fmt: skip


def states():
    """Bloch vectors (arm, angle, phi, stage, preparation, flag record, qubit, component)."""
    shape = (2, 3, 2, 2, 2, 4, 3, 3)
    bloch = np.zeros(shape)
    target, bath, output = range(3)
    sign = np.array([1.0, -1.0])[:, None]  # by preparation, for each record of the flags
    # Each branch and each point has its own z, so that none can be taken for another.
    own = 0.1 * np.arange(4) + 0.02 * np.arange(6).reshape(3, 2)[:, :, None, None]
    bloch[:, :, :, 0, :, :, target, 2] = sign
    bloch[0, :, :, :, :, :, bath, 2] = 1 - 2 * THERMAL
    bloch[1, :, :, 0, :, :, bath, 0] = 0.6 + own
    bloch[..., output, 1] = 0.5
    bloch[:, :, :, 1, :, :, target, :] = bloch[:, :, :, 0, :, :, bath, :]
    bloch[:, :, :, 1, :, :, bath, 2] = 0.9 * sign
    return bloch


def probabilities():
    """Exact counts over the dims of the design."""
    single = np.stack([(1 + states()) / 2, (1 - states()) / 2], axis=-1)
    target, bath, output = np.moveaxis(single, -3, 0)
    joint = np.einsum("...xa,...xb,...xc->...xabc", target, bath, output)
    # (arm, angle, phi, stage, preparation, flag, basis, T, R, out)
    joint = joint * CHANCES[:, None, None, None, None]
    dims = ("arm", "angle", "phi", "stage", "preparation", "flag", "basis", "T", "R", "out")
    coordinates = {
        "arm": list(DESIGN.arm_names), **COORDINATES, "stage": list(DESIGN.stages),
        "preparation": list(DESIGN.preparations), "basis": list(BASIS_ANGLES),
    }  # fmt: skip
    counts = xr.DataArray(joint, dims=dims, coords=coordinates, name="counts")
    return counts.expand_dims(trial=[0]).transpose(*DESIGN.dims)


def sampled(shots=4000, trials=3):
    exact = probabilities().isel(trial=0).transpose(..., "flag", "T", "R", "out")
    flat = exact.values.reshape(*exact.shape[:-4], -1)
    rng = np.random.default_rng(3)
    drawn = [rng.multinomial(shots, flat).reshape(exact.shape) for _ in range(trials)]
    parts = [exact.copy(data=one) for one in drawn]
    return xr.concat(parts, "trial").assign_coords(trial=range(trials)).transpose(*DESIGN.dims)


@pytest.fixture(scope="module")
def exact():
    return analyse_counts(experiment(), probabilities(), {"temperature_K": 0.043})


@pytest.fixture(scope="module")
def finite():
    spec = experiment(4000)
    attributes = {
        "temperature_K": 0.043, "frequency_Hz": 5e9, "temperature_source": "a test",
        "role_of_target": "T", "role_of_bath": "R",
    }  # fmt: skip
    return analyse_counts(spec, sampled(), attributes)


def branch_mean(arm, values):
    """Mean of values by flag record (..., flag) in the branch of an arm."""
    inside = list(DESIGN.arm(arm).records)
    return (values[..., inside] * CHANCES[inside]).sum(-1) / CHANCES[inside].sum()


# --- records -------------------------------------------------------------------------------------


def test_the_first_flag_is_the_lowest_bit_and_outermost():
    assert LAYOUT.roles == ("anc0", "anc1", "T", "R", "out")
    assert LAYOUT.size == 32
    # Record 1 of the flags, T = 1, R = 0, out = 1.
    record = 1 * 8 + 0b101
    assert LAYOUT.flag[record] == 1
    assert LAYOUT.bits[record].tolist() == [1, 0, 1, 0, 1]
    assert LAYOUT.joint[record] == 0b10101
    assert sorted(LAYOUT.joint) == list(range(32))


def test_a_branch_is_a_set_of_records():
    records = RecordMap.raw(LAYOUT, DESIGN.arm("recycling").records)
    expected = np.isin(np.arange(32) // 8, [1, 2])
    np.testing.assert_array_equal(records.weights, expected)
    np.testing.assert_array_equal(records.values[0], expected[:, None] * LAYOUT.signs)


def test_more_than_one_qubit_of_bath_is_refused_in_one_line():
    registers = (*DESIGN.registers[:2], Register("R", 2, "bath"), DESIGN.registers[3])
    layout = Layout.of(replace(DESIGN, registers=registers))
    assert layout.baths == (1, 2)
    with pytest.raises(BadInput, match=r"the bath has 2 qubits \(R0, R1\)"):
        _ = layout.bath


# --- the Dataset ---------------------------------------------------------------------------------


def test_each_parameter_has_its_dim_and_each_role_its_place(exact):
    assert exact["heat"].dims == ("arm", "angle", "phi", "p_x", "trial")
    assert exact["heat_combined"].dims == ("arm", "angle", "phi", "p_x", "limit")
    assert exact["entropy"].dims == ("arm", "angle", "phi", "p_x", "trial", "stage", "qubit")
    assert exact["success_fidelity"].dims == ("angle", "phi", "trial")
    assert exact["qubit"].values.tolist() == ["T", "R", "out"]
    for name, values in COORDINATES.items():
        np.testing.assert_array_equal(exact[name], values)


def test_exact_values_are_those_of_the_branches(exact):
    for arm in DESIGN.arm_names:
        share = CHANCES[list(DESIGN.arm(arm).records)].sum()
        np.testing.assert_allclose(exact["branch_probability"].sel(arm=arm), share, rtol=1e-12)
    own = 0.6 + 0.1 * np.arange(4) + 0.02 * np.arange(6).reshape(3, 2)[:, :, None]
    length = branch_mean("recycling", own)
    found = exact["entropy"].sel(arm="recycling", stage="before", qubit="R", trial=0)
    for p_x in exact["p_x"].values:
        expected = binary_entropy((1 + length) / 2)
        np.testing.assert_allclose(found.sel(p_x=p_x), expected, rtol=1e-9)


def test_without_a_solution_the_fidelity_is_unknown_and_says_so(exact):
    assert np.isnan(exact["success_fidelity"]).all()
    assert "no pure state is known" in exact["success_fidelity"].attrs["comment"]


def test_a_reference_or_a_solution_gives_the_fidelity():
    reference = np.tile([0.0, 1, 0], (6, 1))
    reference[2] = np.nan
    attributes = {"temperature_K": 0.043}
    found = analyse_counts(experiment(), probabilities(), attributes, reference=reference)
    fidelity = found["success_fidelity"].isel(trial=0).values.ravel()
    np.testing.assert_allclose(np.delete(fidelity, 2), 0.75, rtol=1e-12)
    assert np.isnan(fidelity[2])
    assert "comment" not in found["success_fidelity"].attrs

    def solution(angle, phi):
        assert angle.shape == phi.shape == (6,)
        return np.stack([np.ones(6), 1j * np.ones(6)], axis=-1) / np.sqrt(2)

    known = analyse_counts(experiment(solution=solution), probabilities(), attributes)
    np.testing.assert_allclose(known["success_fidelity"], 0.75, rtol=1e-12)


def test_branches_give_the_fidelity_where_success_is_pure():
    """Records 0 and 3 are success: at one point they differ, and the state is mixed."""

    def branches(angle, _phi):
        found = np.zeros((6, 4, 2, 2), dtype=complex)
        up, down = np.array([1, 1j]) / np.sqrt(2), np.array([1, -1j]) / np.sqrt(2)
        for point in range(6):
            for record, chance in enumerate(CHANCES):
                own = down if (point, record) == (4, 3) else up
                found[point, record] = chance * np.outer(own, own.conj())
        assert angle.shape == (6,)
        return found

    known = analyse_counts(experiment(branches=branches), probabilities(), {"temperature_K": 0.043})
    fidelity = known["success_fidelity"].isel(trial=0).values.ravel()
    np.testing.assert_allclose(np.delete(fidelity, 4), 0.75, rtol=1e-9)
    assert np.isnan(fidelity[4])


def test_counts_may_come_in_any_order_of_dims(finite):
    turned = sampled().transpose(..., "phi", "angle", "arm")
    again = analyse_counts(experiment(4000), turned, dict(finite.attrs))
    xr.testing.assert_identical(again, finite)


def test_limits_hold_the_exact_values(exact, finite):
    for name in ("entropy_decrease", "heat", "excess_tight"):
        true = exact[name].isel(trial=0)
        low, high = (finite[f"{name}_band"].sel(limit=end) for end in ("low", "high"))
        assert bool(((low <= true) & (true <= high)).all()), name


def test_verdicts_name_their_point(finite):
    found = verdicts(finite)
    assert [v.point for v in found] == [
        {"angle": angle, "phi": phi} for angle in COORDINATES["angle"] for phi in COORDINATES["phi"]
    ]
    heat = finite["heat_combined"].sel(arm="recycling", p_x=0.4, limit="value")
    for verdict in found:
        assert verdict.heat == float(heat.sel(verdict.point))


def test_controls_and_erasures_are_those_of_its_qubits(finite):
    names = [control.name for control in controls(finite)]
    assert "reset and erasure together at the largest angle, φ" in names
    erasure = erasure_of(finite)
    assert erasure.heat.shape == (6,)
    entropy = finite["entropy_combined"].sel(
        arm="recycling", p_x=0.4, limit="value", qubit="R", stage="before"
    )
    np.testing.assert_array_equal(erasure.bath_entropy, entropy.values.ravel())


def test_a_link_has_its_ledgers_at_every_point(exact):
    attributes = {
        "temperature_K": 0.043, "frequency_Hz": 5e9, "temperature_source": "a test",
        "data_kind": "simulated", "role_of_target": "T", "role_of_bath": "R",
    }  # fmt: skip
    link = Link(transmissivity=0.6)
    found = analyse_counts(experiment(link=link), probabilities(), attributes)
    before = exact["excited_population"].sel(arm="recycling", stage="before", qubit="R")
    left = found["link_heat"].sel(arm="recycling")
    rest = 0.4 * float(link.thermal_population)
    expected = h * 5e9 * ((before - rest) / 0.6 - before)
    np.testing.assert_allclose(left, expected, rtol=1e-9)
    table = link_table(found)
    assert table.columns[:3] == ("angle (rad)", "φ (rad)", "ΔS (nat)")
    assert len(table.rows) == 6
    assert "strict: ΔQ_B + link heat is below Q_tight at" in headline(found)
    assert all("Shown over angle at φ = 1" in text for _, text in link_figures(found).values())
    assert all(np.isfinite(entropy_production(found).value))


def test_tables_have_a_column_for_each_parameter(finite):
    found = {table.name: table for table in tables(finite)}
    assert list(found["results"].frame.columns[:5]) == ["arm", "angle", "phi", "p_x", "trial"]
    assert "target T, bath R" in found["states"].columns["qubit"]["long_name"]
    counts = counts_table(sampled(), DESIGN)
    assert counts.columns["angle"]["units"] == "rad"
    assert "anc0, anc1" in counts.columns["flag"]["long_name"]


def test_what_is_missing_is_named_by_all_parameters():
    counts = sampled()
    counts.loc[{"arm": "recycling", "angle": 0.2, "phi": 2.0, "trial": 1, "stage": "before",
                "preparation": "X", "basis": "Y"}] = 0  # fmt: skip
    found = analyse_counts(experiment(4000), counts, {"temperature_K": 0.043})
    assert found.attrs["masked"] == (
        "recycling arm, angle = 0.2000, φ = 2.0000, trial 1, before, X, basis Y"
    )


# --- readout and temperature ---------------------------------------------------------------------


def misread(counts, e0, e1):
    """Exact counts with misread bits of the measured qubits, not of the flags."""
    for place, role in enumerate(DESIGN.measured, start=len(DESIGN.flags)):
        matrix = xr.DataArray(
            [[1 - e0[place], e1[place]], [e0[place], 1 - e1[place]]], dims=("read", role)
        )
        counts = counts.dot(matrix, dim=role).rename(read=role)
    return counts.transpose(*DESIGN.dims)


@pytest.mark.parametrize("correlated", [False, True])
def test_corrected_results_are_those_without_errors(exact, correlated):
    e0, e1 = np.linspace(0.01, 0.05, 5), np.linspace(0.06, 0.02, 5)
    known = Assignment.given(e0, e1, np.full(5, 0.003), "a test")
    known = known.model_copy(update={"p_value": 0.0 if correlated else 1.0})
    recorded = misread(probabilities(), e0, e1)
    found = analyse_counts(
        experiment(readout="corrected"), recorded, {"temperature_K": 0.043},
        readout="corrected", assignment=known,
    )  # fmt: skip
    for name in ("entropy", "heat", "branch_probability"):
        scale = float(np.abs(exact[name]).max())
        np.testing.assert_allclose(found[name], exact[name], rtol=0, atol=1e-10 * scale)


def test_two_flags_cannot_be_unmixed():
    known = Assignment.given(np.full(5, 0.01), np.full(5, 0.01), np.zeros(5), "a test")
    with pytest.raises(BadInput, match=r"readout = 'unmixed': 2 flags \(anc0, anc1\)"):
        record_maps(DESIGN.arm("recycling"), "unmixed", known, LAYOUT)


def test_matrices_of_other_qubits_are_refused():
    known = Assignment.given(np.full(4, 0.01), np.full(4, 0.01), np.zeros(4), "a test")
    with pytest.raises(BadInput, match="matrices of 4 qubits: give those of anc0, anc1, T, R, out"):
        record_maps(DESIGN.arm("recycling"), "corrected", known, LAYOUT)


def test_the_temperature_is_that_of_the_bath_before_the_task():
    found = run_temperature(probabilities(), DESIGN, 5e9)
    assert found.population.value == pytest.approx(THERMAL, rel=1e-9)
    assert found.source == "R before the erasure, infinitely many shots"
    drawn = run_temperature(sampled(), DESIGN, 5e9)
    assert drawn.population.low < THERMAL < drawn.population.high


# --- an algorithm without parameters -------------------------------------------------------------


def test_without_parameters_the_sweep_is_one_point():
    design = replace(DESIGN, parameters=(POINT,))
    counts = sampled().isel(angle=[0], phi=0, drop=True)
    counts = counts.rename(angle="point").assign_coords(point=[0.0]).transpose(*design.dims)
    spec = experiment(4000, solution=lambda: np.array([1, 1j]) / np.sqrt(2))
    spec.design, spec.coordinates = design, {"point": np.zeros(1)}
    spec.points = spec.coordinates
    found = analyse_counts(spec, counts, {"temperature_K": 0.043, "frequency_Hz": 5e9})
    assert found["heat"].dims == ("arm", "point", "p_x", "trial")
    np.testing.assert_allclose(found["success_fidelity"], 0.75, atol=0.05)
    (verdict,) = verdicts(found)
    assert verdict.point == {"point": 0.0}


def test_curves_are_drawn_over_the_first_parameter_of_several_values():
    branch = (("kick", "angle"), np.zeros((1, 3)))
    dataset = xr.Dataset(
        {"branch_probability_combined": branch}, {"kick": [0.3], "angle": [0.1, 0.2, 0.3]}
    )
    assert first_curve(dataset).sizes == {"angle": 3}
    assert curve_note(dataset) == " Shown over angle at kick = 0.3, the first of their values."
