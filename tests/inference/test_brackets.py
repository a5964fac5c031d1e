"""Brackets against the exact engine: recovered, covered, and drift flagged."""

import io
import json
import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import qpy
from qiskit.transpiler import generate_preset_pass_manager
from scipy.stats import chi2

from circuits.calibration.characterisation import REGISTER, bracket_circuits, bracket_metadata
from recycling.errors import BadInput
from recycling.execution.aer import noise_model, with_idle_noise
from recycling.execution.ibm.snapshots import snapshot_backend
from recycling.inference.bath.brackets import (
    Bracket,
    Quantity,
    analyse_bracket,
    effective_temperature,
)
from recycling.inference.bath.drift import drift
from recycling.inference.readout.readout import disturbance, estimate_readout, separate
from recycling.results.device import device_bracket
from recycling.simulation.engine import compile_program, execute

SHOTS = 4000
REPEATS = 20
FIELDS = tuple(Bracket.model_fields)


def circuits_for(device):
    """Circuits on B of the whole device."""
    bath = device.roles.index("B")
    return bracket_circuits(
        t1=device.t1[bath],
        t2=device.t2[bath],
        dt=device.dt,
        qubit=bath,
        num_qubits=device.num_qubits,
    )


def after_reset(circuit):
    whole = circuit.copy_empty_like()
    whole.reset(whole.qubits)
    return whole.compose(circuit)


def probabilities(circuits, device, *, reset=False):
    """Exact probabilities of the two records, by circuit name."""
    prepared = [after_reset(circuit) if reset else circuit for circuit in circuits]
    outcomes = execute([compile_program(circuit, device) for circuit in prepared])
    return {c.name: outcome.probabilities for c, outcome in zip(circuits, outcomes, strict=True)}


def sample(probabilities, seed, shots=SHOTS):
    generator = np.random.default_rng(seed)
    return {
        name: generator.multinomial(shots, records.ravel()).reshape(2, 2)
        for name, records in probabilities.items()
    }


def analyse(device, seed, *, reset=False):
    """One simulated bracket of a device; its delays are those of the device itself."""
    circuits = circuits_for(device)
    counts = sample(probabilities(circuits, device, reset=reset), seed)
    return analyse_bracket(counts, {circuit.name: circuit.metadata for circuit in circuits})


@pytest.fixture(scope="module")
def device(small_plan):
    return small_plan.device


@pytest.fixture(scope="module")
def circuits(device):
    return circuits_for(device)


@pytest.fixture(scope="module")
def metadata(circuits):
    return {circuit.name: circuit.metadata for circuit in circuits}


@pytest.fixture(scope="module")
def exact(circuits, device):
    return probabilities(circuits, device)


@pytest.fixture(scope="module")
def repeats(exact, metadata):
    return [analyse_bracket(sample(exact, seed), metadata) for seed in range(REPEATS)]


@pytest.fixture(scope="module")
def truth(device):
    """What the engine simulates: it starts thermal, without a reset."""
    snapshot = device_bracket(device, "B")
    return snapshot.model_copy(update={"start_population": snapshot.thermal_population})


def deviations(brackets, truth):
    """Deviation from the truth in standard errors (array of shape (bracket, quantity))."""
    return np.array(
        [[entry.z for entry in drift(truth, bracket, role="B")] for bracket in brackets]
    )


class TestCircuits:
    def test_each_has_its_name_and_the_one_register(self, circuits):
        assert len({circuit.name for circuit in circuits}) == len(circuits) == 23
        for circuit in circuits:
            assert [register.name for register in circuit.cregs] == [REGISTER]
            assert circuit.num_clbits == 2

    def test_gates_are_native(self, circuits):
        allowed = {"x", "sx", "rz", "delay", "barrier", "measure"}
        assert {name for circuit in circuits for name in circuit.count_ops()} <= allowed

    @pytest.mark.parametrize(("dt", "alignment"), [(4e-9, 16), (2e-9 / 9, 16), (2e-9 / 9, 1)])
    @pytest.mark.parametrize("t1", [1e-7, 123.4567e-6])
    def test_delays_are_whole_multiples_and_are_those_of_the_metadata(self, dt, alignment, t1):
        circuits = bracket_circuits(t1=t1, t2=0.77 * t1, dt=dt, alignment=alignment)
        known = bracket_metadata(t1=t1, t2=0.77 * t1, dt=dt, alignment=alignment)
        assert known == {circuit.name: circuit.metadata for circuit in circuits}
        for circuit in circuits:
            delays = [i.operation for i in circuit.data if i.operation.name == "delay"]
            assert all(d.unit == "dt" and d.duration % alignment == 0 for d in delays)
            *waits, ring_down = (d.duration * dt for d in delays)
            assert ring_down == pytest.approx(1e-6, abs=alignment * dt)
            assert sum(waits) == pytest.approx(circuit.metadata.get("xval", 0.0), rel=1e-12, abs=0)

    def test_delays_span_four_decay_times(self, circuits, device):
        bath = device.roles.index("B")
        granule = 2 * 16 * device.dt
        for experiment, time in (("T1", device.t1[bath]), ("T2", device.t2[bath])):
            delays = [
                c.metadata["xval"] for c in circuits if c.metadata["experiment"] == experiment
            ]
            assert len(delays) == 10
            assert all(a < b for a, b in pairwise(delays))
            assert delays[0] <= granule
            assert delays[-1] == pytest.approx(4 * time, abs=granule)

    def test_the_echo_has_equal_halves_about_one_x(self, circuits):
        (echo,) = (circuit for circuit in circuits if circuit.name == "bracket T2 5")
        operations = [i.operation for i in echo.data if i.operation.name != "rz"]
        names = [operation.name for operation in operations]
        assert names == ["sx", "delay", "x", "delay", "sx", "measure", "delay", "measure"]
        assert operations[1].duration == operations[3].duration

    def test_metadata_is_json(self, metadata):
        assert json.loads(json.dumps(metadata)) == metadata

    @pytest.mark.parametrize(
        "change",
        [
            {"t1": math.inf},
            {"t2": 0.0},
            {"dt": math.nan},
            {"alignment": 0},
            {"points": 3},
            {"qubit": 1},
        ],
    )
    def test_refuses(self, change):
        with pytest.raises(ValueError, match=next(iter(change))):
            bracket_circuits(**{"t1": 1e-4, "t2": 1e-4, "dt": 4e-9} | change)

    def test_a_chip_runs_them_as_they_are(self):
        backend = snapshot_backend("FakeMarrakesh")
        manager = generate_preset_pass_manager(1, target=backend.target, initial_layout=[10])
        for circuit in bracket_circuits(t1=2e-4, t2=1e-4, dt=backend.target.dt):
            mapped = manager.run(circuit)
            assert mapped.name == circuit.name
            assert mapped.metadata == circuit.metadata
            operations = [
                (i.operation.name, [mapped.find_bit(q).index for q in i.qubits])
                for i in mapped.data
            ]
            assert operations == [(i.operation.name, [10]) for i in circuit.data]

    def test_a_stored_circuit_is_the_same(self, circuits):
        stream = io.BytesIO()
        qpy.dump(circuits, stream)
        stream.seek(0)
        for stored, circuit in zip(qpy.load(stream), circuits, strict=True):
            assert stored == circuit
            assert (stored.name, stored.metadata) == (circuit.name, circuit.metadata)

    def test_aer_agrees_with_the_engine(self, circuits, exact, device):
        from qiskit_aer import AerSimulator

        simulator = AerSimulator(method="density_matrix", noise_model=noise_model(device))
        names = ("bracket T1 4", "bracket T2 2", "bracket readout 1", "bracket thermal 0")
        chosen = [circuit for circuit in circuits if circuit.name in names]
        assert len(chosen) == len(names)
        noisy = [with_idle_noise(circuit, device) for circuit in chosen]
        result = simulator.run(noisy, shots=SHOTS, seed_simulator=1).result()
        for index, circuit in enumerate(chosen):
            counts = result.get_counts(index)
            for record, probability in np.ndenumerate(exact[circuit.name]):
                found = counts.get(f"{record[1]}{record[0]}", 0)  # Qiskit has the first bit last
                sigma = math.sqrt(SHOTS * probability * (1 - probability))
                assert abs(found - SHOTS * probability) < 4 * sigma + 1


class TestAnalysis:
    def test_recovers_the_device_and_its_errors_cover(self, repeats, truth):
        z = deviations(repeats, truth)
        assert np.isfinite(z).all()
        assert np.abs(z).max() < 4
        # Σz² of each quantity is χ²: neither too large nor, for errors too wide, too small.
        low, high = chi2.ppf([1e-4, 1 - 1e-4], REPEATS)
        assert ((z**2).sum(axis=0) > low).all()
        assert ((z**2).sum(axis=0) < high).all()
        # No bias: the mean of z is normal with 1/√n.
        assert (np.abs(z.mean(axis=0)) < 4 / math.sqrt(REPEATS)).all()

    def test_errors_are_as_small_as_the_delays_promise(self, repeats):
        # Cramér-Rao for these delays: 2.8 and 7.0 over the root of all shots, plus their scatter.
        for field, factor in (("t1", 2.8), ("t2", 7.0)):
            quantity = getattr(repeats[0], field)
            assert quantity.stderr / quantity.value < 1.3 * factor / math.sqrt(10 * SHOTS)

    def test_a_hot_bath_after_a_reset(self, device):
        """The start is cold and the wait heats: P(1|0) is the same, the populations are not."""
        hot = device.replace("test", temperature=0.15)
        bracket = analyse(hot, seed=5, reset=True)
        expected = device_bracket(hot, "B").model_copy(
            update={"start_population": Quantity(value=0, stderr=0)}
        )
        assert expected.thermal_population.value > 0.1
        assert np.abs(deviations([bracket], expected)).max() < 4
        temperature = effective_temperature(bracket.thermal_population, 5e9)
        assert abs(temperature.value - 0.15) < 4 * temperature.stderr < 0.15

    def test_raw_fractions_are_those_of_qiskit_experiments(self, exact, metadata, repeats):
        from qiskit_experiments.framework import ExperimentData
        from qiskit_experiments.library import LocalReadoutError

        counts = sample(exact, seed=0)
        stored = ExperimentData(LocalReadoutError([0]))
        for name in ("bracket readout 0", "bracket readout 1"):
            zeros, ones = counts[name].sum(axis=1).tolist()
            stored.add_data({"counts": {"0": zeros, "1": ones}, "metadata": dict(metadata[name])})
        LocalReadoutError([0]).analysis.run(stored).block_for_results()
        (mitigator,) = stored.analysis_results(dataframe=True)["value"]
        bracket = repeats[0]
        e0, e1 = bracket.false_excited.value, bracket.false_ground.value
        p0, contrast = bracket.start_population.value, 1 - e0 - e1
        recorded = mitigator.assignment_matrix()[1]
        assert recorded == pytest.approx([e0 + p0 * contrast, e0 + (1 - p0) * contrast], abs=1e-12)

    def test_survives_json(self, repeats, truth):
        snapshot = truth.model_copy(update={"t1": Quantity.missing("none")})
        again = Bracket.model_validate_json(snapshot.model_dump_json())
        assert math.isnan(again.t1.value)
        assert again.t1.note == "none"
        assert Bracket.model_validate_json(repeats[0].model_dump_json()) == repeats[0]

    @pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
    def test_no_decay_is_named(self, exact, metadata, fraction, caplog):
        ones = round(SHOTS * fraction)
        counts = {
            name: np.array([[SHOTS - ones, 0], [ones, 0]]) if " T" in name else records
            for name, records in sample(exact, seed=0).items()
        }
        bracket = analyse_bracket(counts, metadata)
        for quantity in (bracket.t1, bracket.t2):
            assert math.isnan(quantity.value)
            assert "no decay" in quantity.note
        assert bracket.false_ground.value > 0
        assert not caplog.records

    def test_a_fit_that_raises_is_named_and_stays_quiet(self, exact, metadata, monkeypatch, caplog):
        from qiskit_experiments.library.characterization.analysis import T1Analysis

        def broken(*_):
            raise ArithmeticError("no guess")

        monkeypatch.setattr(T1Analysis, "_generate_fit_guesses", broken)
        bracket = analyse_bracket(sample(exact, seed=0), metadata)
        assert bracket.t1.note == "the fit failed: ArithmeticError: no guess"
        assert not caplog.records

    def test_what_is_not_one_exponential_says_so(self, exact, metadata, repeats):
        counts = sample(exact, seed=0)
        for index in (2, 5):  # jumps between two states of a defect
            counts[f"bracket T1 {index}"] = np.array([[SHOTS // 2, 0], [0, SHOTS // 2]])
        quantity = analyse_bracket(counts, metadata).t1
        assert "not one exponential" in quantity.note
        assert quantity.stderr > 2 * repeats[0].t1.stderr

    def test_a_blind_readout_is_named(self, exact, metadata):
        counts = dict.fromkeys(exact, np.full((2, 2), SHOTS // 4))
        bracket = analyse_bracket(counts, metadata)
        for field in ("false_excited", "false_ground", "thermal_population", "start_population"):
            assert math.isnan(getattr(bracket, field).value)
            assert getattr(bracket, field).note == "the records do not tell |1⟩ from |0⟩"
        assert bracket.recorded_excited.value == 0.5

    def test_a_measurement_that_excites_is_named(self, exact, metadata, repeats):
        counts = sample(exact, seed=0)
        twice = counts["bracket thermal 0"]
        assert abs(disturbance(twice)) < 3
        twice[0] += [-60, 60]  # 0, then 1
        bracket = analyse_bracket(counts, metadata)
        assert "the measurement changes the state: +" in bracket.thermal_population.note
        assert bracket.recorded_excited == repeats[0].recorded_excited  # the first record

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda counts: counts.pop("bracket T1 3"), "'bracket T1 3': none"),
            (lambda counts: counts["bracket T2 0"].fill(0), "'bracket T2 0' = "),
            (lambda counts: counts["bracket T2 0"].fill(-1), "-1"),
            (lambda counts: counts.update({"bracket thermal 0": np.array([3, 4])}), "shape"),
        ],
    )
    def test_refuses_counts(self, exact, metadata, change, message):
        counts = sample(exact, seed=0)
        change(counts)
        with pytest.raises(BadInput, match=message):
            analyse_bracket(counts, metadata)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            (lambda metadata: metadata.pop("bracket thermal 0"), "0 circuits for thermal"),
            (lambda metadata: metadata.update({"other": {}}), "'other'"),
            (lambda metadata: metadata["bracket T1 3"].pop("xval"), "xval of T1"),
            (
                lambda metadata: [metadata[f"bracket T2 {i}"].update(xval=0.0) for i in range(8)],
                "xval of T2",
            ),
            (lambda metadata: metadata["bracket readout 0"].update(state_label="1"), r"give \|0⟩"),
        ],
    )
    def test_refuses_metadata(self, exact, metadata, change, message):
        own = {name: dict(data) for name, data in metadata.items()}
        change(own)
        with pytest.raises(BadInput, match=message):
            analyse_bracket(sample(exact, seed=0), own)

    def test_leaves_other_circuits_alone(self, exact, metadata, repeats):
        counts = sample(exact, seed=0) | {"recycling after X": np.zeros(16)}
        assert analyse_bracket(counts, metadata) == repeats[0]


small = st.floats(0, 0.2)
population = st.floats(0, 1)


def records(e0, e1, p, p0):
    """Frequencies that readout errors and populations make."""
    likelihood = np.array([[1 - e0, e0], [e1, 1 - e1]])  # true, recorded
    ground, excited = [1 - p0, p0] @ likelihood, [p0, 1 - p0] @ likelihood
    twice = np.einsum("t,tf,ts->fs", [1 - p, p], likelihood, likelihood)
    return np.concatenate([ground, excited, twice.ravel()])


class TestReadout:
    @given(e0=small, e1=small, p=population, p0=population)
    def test_separation_inverts_the_model(self, e0, e1, p, p0):
        contrast = 1 - e0 - e1
        expected = [contrast**2, e0, e1, p, p0, e0 + p * contrast]
        assert separate(records(e0, e1, p, p0)) == pytest.approx(expected, abs=1e-12)

    def test_standard_errors_are_the_scatter(self):
        shots, draws = 200_000, 4000
        generator = np.random.default_rng(2)
        model = records(0.015, 0.03, 0.02, 0.008)
        parts = np.split(model, [2, 4])
        samples = [generator.multinomial(shots, part, size=draws) for part in parts]
        scatter = np.std([separate(f) for f in np.hstack(samples) / shots], axis=0, ddof=1)
        ground, excited, twice = ((shots * part).round().astype(int) for part in parts)
        unused = np.zeros_like(ground)
        _, errors = estimate_readout(
            np.stack([ground, unused], axis=1),
            np.stack([excited, unused], axis=1),
            twice.reshape(2, 2),
        )
        # 4 σ of a standard deviation of 4000 draws; the two added counts are 0.04 % at most.
        assert errors == pytest.approx(scatter, rel=4 / math.sqrt(2 * draws) + 1e-3)


class TestDrift:
    def test_a_changed_t1_is_flagged_alone(self, device, metadata, circuits, repeats):
        bath = device.roles.index("B")
        t1 = tuple(0.7 * t if q == bath else t for q, t in enumerate(device.t1))
        counts = sample(probabilities(circuits, device.replace("test", t1=t1)), seed=50)
        changes = drift(repeats[0], analyse_bracket(counts, metadata), role="B")
        assert [entry.quantity for entry in changes if entry.flagged] == ["t1"]
        assert "T1 of B" in changes[0].text
        assert changes[0].z < -3

    def test_nothing_is_flagged_where_nothing_changed(self, repeats):
        assert not any(entry.flagged for entry in drift(repeats[0], repeats[1], role="B"))
        flagged = [
            entry.flagged
            for before, after in zip(repeats[::2], repeats[1::2], strict=True)
            for entry in drift(before, after, role="B")
        ]
        # 70 comparisons at 0.27 % each: more than two flags have a chance of 1e-3.
        assert len(flagged) == 70
        assert sum(flagged) <= 2

    def test_against_the_snapshot(self, device, repeats):
        changes = drift(
            device_bracket(device, "B"), repeats[0], names=("in the snapshot", "before"), role="B"
        )
        assert not any(entry.flagged for entry in changes)
        by_name = {entry.quantity: entry for entry in changes}
        assert by_name["t1"].text.startswith("T1 of B: 397 µs in the snapshot, ")
        assert math.isnan(by_name["start_population"].z)
        assert "no comparison" in by_name["start_population"].text
        assert "no part of a snapshot" in by_name["start_population"].text

    def test_says_it_in_one_line(self, truth):
        before = truth.model_copy(update={"t1": Quantity(value=201e-6, stderr=6e-6)})
        after = truth.model_copy(
            update={"t1": Quantity(value=160e-6, stderr=5e-6), "t2": Quantity.missing("too few")}
        )
        changed, missing, *_ = drift(before, after, role="B")
        assert changed.text == "T1 of B: 201 ± 6 µs before, 160 ± 5 µs after (−5.2 σ)"
        assert changed.flagged
        assert missing.text.endswith("no value after (no comparison); too few")
        assert not missing.flagged

    def test_digits_follow_the_error(self, truth):
        before = truth.model_copy(
            update={"thermal_population": Quantity(value=0.0038, stderr=0.001)}
        )
        after = truth.model_copy(
            update={"thermal_population": Quantity(value=-0.0006, stderr=0.0004)}
        )
        (entry,) = (e for e in drift(before, after, role="B") if e.quantity == "thermal_population")
        assert "0.38 ± 0.10 % before, −0.06 ± 0.04 % after" in entry.text

    def test_unknown_role(self, device):
        with pytest.raises(BadInput, match="role = 'Q'"):
            device_bracket(device, "Q")


class TestEffectiveTemperature:
    def test_inverts_the_device(self, device):
        bath = device.roles.index("B")
        population = Quantity(value=device.excited_population[bath], stderr=1e-5)
        temperature = effective_temperature(population, device.frequency[bath])
        assert temperature.value == pytest.approx(device.temperature, rel=1e-12)
        assert not temperature.note

    def test_error_is_the_slope(self):
        step = 1e-6
        centre = effective_temperature(Quantity(value=0.1, stderr=0.01), 5e9)
        low, high = (
            effective_temperature(Quantity(value=0.1 + d, stderr=0), 5e9) for d in (-step, step)
        )
        slope = (high.value - low.value) / (2 * step)
        assert centre.stderr == pytest.approx(0.01 * slope, rel=1e-6)

    @pytest.mark.parametrize("value", [-0.001, 0.0, 0.5, 0.7, math.nan])
    def test_no_positive_temperature(self, value):
        temperature = effective_temperature(Quantity(value=value, stderr=0.001), 5e9)
        assert math.isnan(temperature.value)
        assert "no positive temperature" in temperature.note

    def test_unresolved_population(self):
        temperature = effective_temperature(Quantity(value=0.002, stderr=0.001), 5e9)
        assert temperature.note == "the population is not resolved from zero"
