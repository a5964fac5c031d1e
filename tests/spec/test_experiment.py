"""The spec: presets, the way to TOML and back, and one line for each bad input."""

import inspect
import math
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.providers import BackendV2
from qiskit.transpiler import InstructionProperties
from qiskit_ibm_runtime import fake_provider

import recycling as rc
from recycling.devices.device import ROLES
from recycling.devices.snapshots import HERONS, SIMILAR
from recycling.planning import chips
from recycling.spec.experiment import (
    PROFILES,
    AlgorithmSpec,
    BathSpec,
    DeviceSpec,
    Experiment,
    HardwareSpec,
    InferenceSpec,
    MeasurementSpec,
    Range,
    SweepSpec,
    preset_names,
    spec_text,
)
from recycling.spec.files import lines_of

GOOD_LAYOUT = dict(zip(ROLES, (11, 18, 12, 13, 10, 9), strict=True))

# -- presets ---------------------------------------------------------------------------------


def test_presets_are_the_promised_ones():
    assert preset_names() == ["paper", "payoff", "theory"]
    for name in preset_names():
        assert rc.preset(name).name == name
        assert rc.preset(name) == Experiment.from_toml(name)


def test_preset_paper_is_the_experiment_of_the_paper():
    paper = rc.preset("paper")
    np.testing.assert_array_equal(paper.algorithm.build().matrix, [[2, -1], [-1, 2]])
    assert (paper.algorithm.clock_qubits, paper.algorithm.scale) == (2, 0.5)
    assert (paper.bath.frequency, paper.bath.temperature) == (5e9, 0.043)
    assert (paper.device.profile, paper.device.layout) == ("paper", "best")
    assert (paper.measurement.shots, paper.measurement.trials) == (8000, 5)
    np.testing.assert_allclose(paper.theta_b, np.linspace(0, np.pi / 4, 11), rtol=0, atol=1e-12)
    # Decimal numbers, as a reader would type them to select one.
    np.testing.assert_array_equal(paper.p_x, [round(0.01 * i, 2) for i in range(1, 41)])
    assert paper.seed == 7


def test_preset_theory_has_no_noise():
    theory = rc.preset("theory")
    assert (theory.device.profile, theory.measurement.shots) == ("ideal", "exact")
    assert np.isclose(theory.theta_b, np.pi / 16, rtol=0, atol=1e-12).any()
    assert theory.algorithm == rc.preset("paper").algorithm


def test_defaults_are_those_of_the_paper():
    bare, paper = Experiment.parse('name = "paper"\nseed = 7'), rc.preset("paper")
    assert bare == paper
    assert bare.hash == paper.hash


# -- to TOML and back ------------------------------------------------------------------------

lifetimes = st.floats(1e-9, 10)
error_rate = st.floats(0, 0.5, exclude_max=True)
text = st.text(st.characters(codec="utf-8"), max_size=20)


def optional(strategy):
    return st.none() | strategy


def sweeps(largest):
    """Lists and ranges of different values from 0 to the largest."""
    listed = st.lists(st.floats(0, largest).map(abs), min_size=1, max_size=6, unique=True)
    tenths = [largest * i / 10 for i in range(11)]
    spaced = st.builds(
        Range,
        start=st.sampled_from(tenths[:5]),
        stop=st.sampled_from(tenths[5:]),
        points=st.integers(1, 50),
    )
    return listed.map(tuple) | spaced


@st.composite
def algorithms(draw):
    """Hermitian matrices with eigenvalues of at least 1 - 0.5·√2 = 0.29, above the scale."""
    first, second = draw(st.floats(1, 10)), draw(st.floats(1, 10))
    coherence = complex(draw(st.floats(-0.5, 0.5)), draw(st.floats(-0.5, 0.5)))
    return AlgorithmSpec(
        matrix=((first, coherence), (coherence.conjugate(), second)),
        clock_qubits=draw(st.integers(2, 6)),
        scale=draw(st.floats(1e-3, 0.29)),
    )


experiments = st.builds(
    Experiment,
    name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    seed=st.integers(0, 2**63 - 1),
    algorithm=algorithms(),
    bath=st.builds(BathSpec, frequency=st.floats(1e6, 1e12), temperature=st.floats(1e-3, 10)),
    device=st.builds(
        DeviceSpec,
        profile=st.sampled_from([*PROFILES, *HERONS, *SIMILAR]),
        layout=st.just("best") | st.dictionaries(text, st.integers(0, 200), max_size=6),
        feedforward_latency=st.just("profile") | st.floats(0, 0.01),
        optimization_level=st.integers(0, 3),
        t1=optional(lifetimes),
        t2=optional(lifetimes),
        single_qubit_error=optional(error_rate),
        cz_error=optional(error_rate),
        readout_error=optional(error_rate),
    ),
    sweep=st.builds(SweepSpec, theta_b=sweeps(math.pi / 4), p_x=sweeps(1.0)),
    measurement=st.just(MeasurementSpec(shots="exact", trials=1))
    | st.builds(MeasurementSpec, shots=st.integers(1, 10**7), trials=st.integers(1, 50)),
    hardware=st.builds(
        HardwareSpec,
        mode=st.sampled_from(["batch", "session", "job"]),
        rep_delay=optional(st.floats(1e-9, 0.1)),
        init_qubits=st.booleans(),
        max_execution_time=optional(st.integers(1, 10800)),
        brackets=st.just("auto") | st.booleans(),
        bracket_shots=st.integers(100, 10**5),
        assignment=st.just("auto") | st.booleans(),
        assignment_shots=st.integers(100, 10**5),
    ),
    inference=st.builds(InferenceSpec, resamples=st.integers(100, 10**5)),
)


@given(experiments)
def test_experiments_survive_the_way_to_toml_and_back(experiment):
    written = experiment.to_toml()
    read = Experiment.parse(written)
    assert read == experiment
    assert read.hash == experiment.hash
    assert read.to_toml() == written
    np.testing.assert_array_equal(read.theta_b, experiment.theta_b)
    np.testing.assert_array_equal(read.p_x, experiment.p_x)


@given(experiments, experiments)
def test_the_hash_tells_experiments_apart(one, other):
    assert (one.hash == other.hash) == (one == other)


def test_the_hash_does_not_look_at_order():
    forward = DeviceSpec(layout=GOOD_LAYOUT)
    backward = DeviceSpec(layout=dict(reversed(GOOD_LAYOUT.items())))
    one, other = (Experiment(name="x", device=device) for device in (forward, backward))
    assert one == other
    assert one.hash == other.hash


def test_changes_overrule_the_text():
    assert Experiment.parse('name = "x"\nseed = 1', seed=2).seed == 2
    with pytest.raises(rc.BadInput, match="seed = -2: give 0 or more"):
        Experiment.parse('name = "x"', seed=-2)


def test_an_experiment_cannot_be_changed():
    with pytest.raises(ValueError, match="frozen"):
        rc.preset("paper").seed = 3


# -- bad input -------------------------------------------------------------------------------


def complaint(action, *arguments, **keywords):
    """The one line of a BadInput."""
    with pytest.raises(rc.BadInput) as caught:
        action(*arguments, **keywords)
    message = str(caught.value)
    assert message.splitlines() == [message]
    return message


#: Text after the name; then what the line must hold: field, value, mend.
BAD_SPECS = [
    ("[algorithm]\nmatrix = [[2, -1], [1, 2]]", "algorithm.matrix", "(1+0j)", "A equal to its A†"),
    ("[algorithm]\nmatrix = [[1, 1], [1, 1]]", "algorithm.matrix", "eigenvalue 0",
     "give a matrix whose eigenvalues are all positive"),
    ("[algorithm]\nmatrix = [[-2, 0], [0, 1]]", "algorithm.matrix", "eigenvalue -2",
     "give a matrix whose eigenvalues are all positive"),
    ("[algorithm]\nmatrix = [[inf, 0], [0, 1]]", "algorithm.matrix", "not finite",
     "give finite numbers"),
    ("[algorithm]\nmatrix = [[1, 0, 0], [0, 1]]", "algorithm.matrix[0]", "[1, 0, 0]",
     "give 2 entries"),
    ("[algorithm]\nmatrix = [[1, 0]]", "algorithm.matrix[1]", "missing", "add it"),
    ('[algorithm]\nmatrix = [[1, "a"], [0, 1]]', "algorithm.matrix[0][1]", "'a'", "give a number"),
    ("[algorithm]\nmatrix = 3", "algorithm.matrix", "3", "give a list"),
    ("[algorithm]\nscale = 1.5", "algorithm.scale", "1.5", "up to the smallest eigenvalue 1"),
    ("[algorithm]\nscale = 0", "algorithm.scale", "0", "give a number above 0"),
    ("[algorithm]\nclock_qubits = 1", "algorithm.clock_qubits", "1", "give 2 or more"),
    ("[algorithm]\nclock_qubits = 2.5", "algorithm.clock_qubits", "2.5", "give a whole number"),
    ('[algorithm]\nname = "shor"', "algorithm.name", "'shor'", "give 'hhl'"),
    ("[bath]\ntemperature = 0", "bath.temperature", "0", "give a number above 0"),
    ("[bath]\ntemperature = -0.043", "bath.temperature", "-0.043", "give a number above 0"),
    ("[bath]\ntemperature = inf", "bath.temperature", "inf", "give a finite number"),
    ("[bath]\ntemperature = nan", "bath.temperature", "nan", "give a finite number"),
    ('[bath]\ntemperature = "cold"', "bath.temperature", "'cold'", "give a number"),
    ("[bath]\nfrequency = 0", "bath.frequency", "0", "give a number above 0"),
    ("bath = 5e9", "bath", "5000000000.0", "give a table"),
    ("[device]\nt1 = 0", "device.t1", "0", "give a number above 0"),
    ("[device]\ncz_error = 0.5", "device.cz_error", "0.5", "give a number below 0.5"),
    ("[device]\nreadout_error = -0.1", "device.readout_error", "-0.1", "give 0 or more"),
    ("[device]\nsingle_qubit_error = nan", "device.single_qubit_error", "nan", "below 0.5"),
    ("[device]\noptimization_level = 4", "device.optimization_level", "4", "give 3 or less"),
    ("[device]\nfeedforward_latency = -1", "device.feedforward_latency", "-1",
     "give 'profile' or 0 or more"),
    ('[device]\nfeedforward_latency = "long"', "device.feedforward_latency", "'long'",
     "give 'profile' or a number"),
    ('[device]\nlayout = "good"', "device.layout", "'good'", "give 'best' or 'readout' or a table"),
    ("[device]\nlayout = { B = -1 }", "device.layout.B", "-1", "give 0 or more"),
    ("[device]\nlayout = [1, 2]", "device.layout", "[1, 2]", "give 'best' or 'readout' or a table"),
    ("[device]\nprofile = 3", "device.profile", "3", "give text"),
    ("[sweep]\np_x = [0.1, 1.2]", "sweep.p_x", "1.2", "give values in [0, 1]"),
    ("[sweep]\np_x = [-0.1]", "sweep.p_x", "-0.1", "give values in [0, 1]"),
    ("[sweep]\np_x = [nan]", "sweep.p_x", "nan", "give values in [0, 1]"),
    ("[sweep]\np_x = { start = 0, stop = 1.5, points = 4 }", "sweep.p_x", "1.5", "in [0, 1]"),
    ("[sweep]\np_x = { start = 0, stop = inf, points = 4 }", "sweep.p_x.stop", "inf",
     "give a finite number"),
    ("[sweep]\np_x = { start = 0, stop = 1, points = 0 }", "sweep.p_x.points", "0",
     "give 1 or more"),
    ("[sweep]\np_x = { start = 0, stop = 1 }", "sweep.p_x.points", "missing", "add it"),
    ("[sweep]\np_x = { start = 0, stop = 1, points = 2, step = 1 }", "sweep.p_x.step", "1",
     "did you mean stop?"),
    ("[sweep]\np_x = []", "sweep.p_x", "empty", "give at least one value"),
    ("[sweep]\np_x = [0.1, 0.2, 0.1]", "sweep.p_x", "0.1", "give each value once"),
    ("[sweep]\np_x = 0.4", "sweep.p_x", "0.4", "give a table or a list"),
    ('[sweep]\np_x = [0.1, "b"]', "sweep.p_x[1]", "'b'", "give a number"),
    ("[sweep]\ntheta_b = [0.9]", "sweep.theta_b", "0.9", "give values in [0, 0.785398]"),
    ("[sweep]\ntheta_b = [-0.1]", "sweep.theta_b", "-0.1", "give values in [0, 0.785398]"),
    ("[sweep]\ntheta_b = [inf]", "sweep.theta_b", "inf", "give values in [0, 0.785398]"),
    ("[sweep]\ntheta_b = []", "sweep.theta_b", "empty", "give at least one value"),
    ("[sweep]\ntheta_b = { start = 0.1, stop = 0.1, points = 2 }", "sweep.theta_b", "0.1",
     "give each value once"),
    ("[measurement]\nshots = 0", "measurement.shots", "0", "give 'exact' or 1 or more"),
    ("[measurement]\nshots = -5", "measurement.shots", "-5", "give 'exact' or 1 or more"),
    ("[measurement]\nshots = 10_000_001", "measurement.shots", "10000001",
     "give 'exact' or 1e+07 or less"),
    ('[measurement]\nshots = "many"', "measurement.shots", "'many'",
     "give 'exact' or a whole number"),
    ("[measurement]\ntrials = 0", "measurement.trials", "0", "give 1 or more"),
    ('[measurement]\nshots = "exact"\ntrials = 2', "measurement.trials", "2",
     "give 1 with shots = 'exact'"),
    ('[measurement]\nshots = "exact"', "measurement.trials", "5", "give 1 with shots = 'exact'"),
    ('[hardware]\nmode = "solo"', "hardware.mode", "'solo'", "give 'batch', 'session' or 'job'"),
    ("[hardware]\nrep_delay = 0", "hardware.rep_delay", "0", "give a number above 0"),
    ("[hardware]\nrep_delay = inf", "hardware.rep_delay", "inf", "give a finite number"),
    ('[hardware]\ninit_qubits = "maybe"', "hardware.init_qubits", "'maybe'", "give true or false"),
    ("[hardware]\nmax_execution_time = 10801", "hardware.max_execution_time", "10801",
     "give 10800 or less"),
    ('[hardware]\nbrackets = "often"', "hardware.brackets", "'often'",
     "give 'auto' or true or false"),
    ("[hardware]\nbracket_shots = 99", "hardware.bracket_shots", "99", "give 100 or more"),
    ('[hardware]\nassignment = "often"', "hardware.assignment", "'often'",
     "give 'auto' or 'interleaved' or true or false"),
    ("[hardware]\nassignment_shots = 100001", "hardware.assignment_shots", "100001",
     "give 100000 or less"),
    ("[hardware]\nrepdelay = 1e-3", "hardware.repdelay", "0.001", "did you mean rep_delay?"),
    ("[inference]\nresamples = 99", "inference.resamples", "99", "give 100 or more"),
    ('[inference]\nestimator = "guess"', "inference.estimator", "'guess'",
     "give 'linear inversion'"),
    ("seed = -1", "seed", "-1", "give 0 or more"),
    ("seed = 9223372036854775808", "seed", "9223372036854775808", "or less"),
    ("tempreature = 0.04", "tempreature", "0.04", "did you mean bath.temperature?"),
    ("Range = 3", "Range", "3", "remove it or correct its name"),
    ('"my-key" = 3', "my-key", "3", "remove it or correct its name"),
    ('"two\\nlines" = 3', "two", "3", "remove it or correct its name"),
    ("[bath]\ntempreature = 0.04", "bath.tempreature", "0.04", "did you mean temperature?"),
    ("schema_version = 2", "schema_version", "2", "remove it or correct its name; known are name, "
     "seed, algorithm, bath, device, sweep, measurement, hardware, inference"),
    ("[bath]\ntemprature = 0.04", "bath.temprature", "0.04", "did you mean temperature?"),
    ('[device]\nprofile = "FakeMarakesh"', "device.profile", "'FakeMarakesh'",
     "did you mean 'FakeMarrakesh'?"),
    ('[device]\nprofile = "FakeProviderForBackendV2"', "device.profile",
     "'FakeProviderForBackendV2'", "is not a Heron snapshot: give 'paper', 'ideal' or one of"),
    ("[bath]\ntemperature = 43", "bath.temperature", "43", "1 mK to 10 K (did you mean '43 mK'?)"),
    ("[bath]\nfrequency = 5", "bath.frequency", "5", "1 MHz to 1 THz (did you mean '5 GHz'?)"),
    ("[bath]\nfrequency = 5000", "bath.frequency", "5000", "(did you mean '5000 MHz'?)"),
    ("[hardware]\nrep_delay = 250", "hardware.rep_delay", "250",
     "1 ns to 100 ms (did you mean '250 us'?)"),
    ("[device]\nt1 = 300", "device.t1", "300", "1 ns to 10 s (did you mean '300 us'?)"),
    ("[device]\nfeedforward_latency = 0.65", "device.feedforward_latency", "0.65",
     "(did you mean '0.65 us'?)"),
    ('[bath]\ntemperature = "5 GHz"', "bath.temperature", "'5 GHz'",
     "give a number in K, or a temperature as text such as '43 mK'"),
    ('[bath]\nfrequency = "5 ghz"', "bath.frequency", "'5 ghz'", "text such as '5 GHz'"),
    ('[bath]\ntemperature = "9**9**9 mK"', "bath.temperature", "'9**9**9 mK'", "such as '43 mK'"),
    ('[bath]\ntemperature = "43 K"', "bath.temperature", "'43 K'", "(did you mean '43 mK'?)"),
    ('[sweep]\ntheta_b = ["20 percent"]', "sweep.theta_b", "20 percent", "such as '22.5 deg'"),
    ('[sweep]\ntheta_b = ["50 deg"]', "sweep.theta_b", "0.872665", "give values in [0, 0.785398]"),
    ("[thermometer]\na = 1", "thermometer", "{'a': 1}", "remove it or correct its name"),
]  # fmt: skip


@pytest.mark.parametrize(("added", "field", "value", "mend"), BAD_SPECS)
def test_bad_specs_are_explained_in_one_line(added, field, value, mend):
    message = complaint(Experiment.parse, f'name = "x"\n{added}\n')
    assert re.match(rf"'?{re.escape(field)}\b|{re.escape(field)} ", message), message
    assert value in message
    assert mend in message


MANY_FAULTS = """\
# A comment first.
schema_version = 2

[bath]
temprature = 0.03  # K
frequency = 5

[device]
profile = "FakeMarakesh"
layout = { B = -1, S = -2 }

[sweep]
theta_b = []
p_x = [
    0.1,
    "b",
    1.5,
    "c",
]

[hardware]
rep_delay = 250
"""


def test_all_faults_are_told_with_their_lines(tmp_path):
    path = tmp_path / "spec.toml"
    path.write_text(MANY_FAULTS, encoding="utf-8")
    with pytest.raises(rc.BadInput) as caught:
        Experiment.from_toml(path)
    told = [fault.partition(": ") for fault in str(caught.value).splitlines()]
    assert {(place.removeprefix(f"{path}"), fault.split()[0]) for place, _, fault in told} == {
        ("", "name"),
        (":2", "schema_version"),
        (":5", "bath.temprature"),
        (":6", "bath.frequency"),
        (":9", "device.profile"),
        (":10", "device.layout.B"),
        (":10", "device.layout.S"),
        (":13", "sweep.theta_b"),
        (":14", "sweep.p_x[1]"),
        (":14", "sweep.p_x[3]"),
        (":22", "hardware.rep_delay"),
    }
    lines = [int(place.removeprefix(f"{path}")[1:] or 0) for place, _, _ in told]
    assert lines == sorted(lines)
    assert len(told) == 11
    with pytest.raises(rc.BadInput) as caught:
        Experiment.parse(MANY_FAULTS)
    assert set(str(caught.value).splitlines()) == {fault for _, _, fault in told}


def test_no_more_faults_than_anybody_reads():
    with pytest.raises(rc.BadInput) as caught:
        Experiment.parse("\n".join(f"key{i} = 1" for i in range(50)))
    assert len(caught.value.faults) == 21
    assert caught.value.faults[-1] == "31 more faults"


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("a = 1\n\n[b]\nc = 2", {("a",): 1, ("b",): 3, ("b", "c"): 4}),
        ("[b]\r\nc.d = 2\r\n", {("b",): 1, ("b", "c"): 2, ("b", "c", "d"): 2}),
        ('a = """\n[b]\nc = 1\n"""\nd = [ # ]\n 1,\n]\ne = 1', {("a",): 1, ("d",): 5, ("e",): 8}),
        ("a = { b = 1 }\n[c.d]\n[[e]]\nf = 1", {
            ("a",): 1, ("a", "b"): 1, ("c", "d"): 2, ("e",): 3, ("e", "f"): 4}),
        ("x = [\n" + "[1],\n" * 600 + "]\ny = 1", {}),  # too long to look
    ],
)  # fmt: skip
def test_lines_of_keys(text, keys, monkeypatch):
    monkeypatch.setattr("recycling.spec.files._PARSED_AGAIN", 500_000)
    found = lines_of(text)
    assert {key: line for key, line in found.items() if key in keys} == keys
    assert keys or not found


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("seed = true", "seed = True: give a whole number"),
        ("bath.temperature = true", "bath.temperature = True: give a number"),
        ("measurement.shots = false", "measurement.shots = False: give a whole number"),
        ("hardware.rep_delay = true", "hardware.rep_delay = True: give a number"),
        ("sweep.p_x = [true, 0.2]", "sweep.p_x = [True, 0.2]: give a number"),
    ],
)
def test_a_truth_value_is_no_number(text, line):
    with pytest.raises(rc.BadInput) as refused:
        Experiment.parse(f'name = "a"\n{text}')
    assert str(refused.value) == line


def test_a_long_list_with_a_truth_value_is_one_short_line():
    with pytest.raises(rc.BadInput) as refused:
        Experiment.parse(f'name = "a"\nbath.temperature = [{10**200}, {10**200}, false]')
    assert len(str(refused.value)) < 200


# -- quantities ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("section", "field", "text", "si"),
    [
        ("bath", "temperature", "43 mK", 0.043),
        ("bath", "temperature", "0.043K", 0.043),
        ("bath", "temperature", "43e3 uK", 0.043),
        ("bath", "temperature", "4.2 kelvin", 4.2),
        ("bath", "frequency", "5 GHz", 5e9),
        ("bath", "frequency", "4987.6 MHz", 4987.6e6),
        ("hardware", "rep_delay", "250 us", 250e-6),
        ("hardware", "rep_delay", "250 µs", 250e-6),
        ("hardware", "rep_delay", "250 μs", 250e-6),
        ("device", "t1", "0.3 ms", 0.3e-3),
        ("device", "feedforward_latency", "650 ns", 650e-9),
        ("device", "feedforward_latency", "profile", "profile"),
    ],
)
def test_quantities_may_have_units(section, field, text, si):
    given = Experiment.parse(f'name = "x"\n[{section}]\n{field} = "{text}"')
    assert getattr(getattr(given, section), field) == si, "to the last digit"
    shown = repr(si) if isinstance(si, float) else f'"{si}"'
    assert given.hash == Experiment.parse(f'name = "x"\n[{section}]\n{field} = {shown}').hash


def test_angles_may_be_in_degrees():
    listed = Experiment.parse('name = "x"\n[sweep]\ntheta_b = ["22.5 deg", 0.1, "0.2 rad"]')
    np.testing.assert_allclose(listed.theta_b, [math.pi / 8, 0.1, 0.2], rtol=1e-15)
    spaced = Experiment.parse(
        'name = "x"\n[sweep]\ntheta_b = { start = 0, stop = "45 deg", points = 11 }'
    )
    np.testing.assert_array_equal(spaced.theta_b, rc.preset("paper").theta_b)


def test_numbers_do_not_load_the_units():
    code = "import sys, recycling as rc; rc.preset('paper'); sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_stored_run_keeps_its_quantities():
    """Runs from before there were ranges open as they were; nothing new is run with such."""
    text = 'name = "x"\n[bath]\ntemperature = 43\n[hardware]\nrep_delay = 250'
    assert Experiment.stored(text, {}).bath.temperature == 43
    with pytest.raises(rc.BadInput):
        Experiment.parse(text)


def test_hashes_of_presets_stay():
    hashes = {name: rc.preset(name).hash[:12] for name in preset_names()}
    assert hashes == {
        "paper": "9174c0a99281", "payoff": "fd9cad60f12b", "theory": "0dab16d9468e"
    }  # fmt: skip


def test_the_snapshots_are_those_of_the_client():
    found = {
        name
        for name, device in vars(fake_provider).items()
        if name.startswith("Fake") and isinstance(device, type) and issubclass(device, BackendV2)
        and "cz" in Path(inspect.getfile(device)).with_name(device.conf_filename).read_text()
    }  # fmt: skip
    assert set(HERONS) | set(SIMILAR) == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "name is missing: add it"),
        ("seed = 1", "name is missing: add it"),
        ("name = 3", "name = 3: give text"),
        ('name = "a/b"', "name = 'a/b': give letters, digits, '.', '_' and '-', "
         "the first a letter or digit"),
        ('name = ""', "name = '': give letters, digits, '.', '_' and '-', "
         "the first a letter or digit"),
        ('name = "../up"', "name = '../up': give letters, digits, '.', '_' and '-', "
         "the first a letter or digit"),
    ],
)  # fmt: skip
def test_bad_names_are_explained_in_one_line(text, message):
    assert complaint(Experiment.parse, text) == message


@pytest.mark.parametrize("text", ["name = ", "{}", "name = 'a'\nname = 'b'", "\x00"])
def test_what_is_not_toml_is_refused(text):
    with pytest.raises(tomllib.TOMLDecodeError):
        tomllib.loads(text)
    message = complaint(Experiment.parse, text)
    assert message.startswith("the spec is not TOML: ")
    assert "(at " in message, "it says where"


@pytest.mark.parametrize("spec", ["nosuch", "nosuch.toml", "presets/paper", "x" * 300, ""])
def test_an_unknown_spec_is_refused(spec, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    message = complaint(Experiment.from_toml, spec)
    assert f"spec = {spec!r}" in message
    assert "give" in message


def test_a_spec_is_read_as_it_is(tmp_path):
    content = 'name = "x"\r\nseed = 4  # θ_b\r\n'
    (tmp_path / "spec.toml").write_bytes(content.encode())
    assert spec_text(tmp_path / "spec.toml") == content
    assert Experiment.from_toml(tmp_path / "spec.toml").seed == 4


def test_a_folder_is_no_spec(tmp_path):
    assert "neither a file nor a preset" in complaint(spec_text, tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    (tmp_path / "spec.toml").write_bytes(b"name = '\xff\xfe'")
    message = complaint(spec_text, tmp_path / "spec.toml")
    assert f"spec = {str(tmp_path / 'spec.toml')!r}" in message
    assert "UTF-8" in message


def test_an_unknown_preset_is_refused():
    assert complaint(rc.preset, "papr") == "preset = 'papr': give one of paper, payoff, theory"


# -- bad input that only the device can tell -------------------------------------------------


def planned(layout=None, **device):
    return rc.plan(Experiment(name="x", device=DeviceSpec(layout=layout or GOOD_LAYOUT, **device)))


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"S": 13, "C_A": 9}, ("C_C1 = 12", "C_A = 9", "not connected")),
        ({"S": 100}, ("B = 10", "S = 100", "not connected")),
        ({"S": 10}, ("10", "6 different qubits")),
        ({"S": 999}, ("S = 999", "not a working qubit")),
    ],
)
def test_an_impossible_layout_is_refused(change, parts):
    message = complaint(planned, GOOD_LAYOUT | change)
    assert message.startswith("device.layout")
    assert "give" in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize("keys", [("C_I", "B"), (), (*ROLES, "X"), ("c_i", *ROLES[1:])])
def test_a_layout_names_every_role_and_no_other(keys):
    layout = {key: index for index, key in enumerate(keys)}
    experiment = Experiment(name="x", device=DeviceSpec(layout=layout))
    message = complaint(rc.plan, experiment)
    assert message.startswith("device.layout has the keys ")
    assert (", ".join(keys) or "none") in message
    assert message.endswith("give a qubit for each of C_I, C_C0, C_C1, C_A, B, S")


@pytest.mark.parametrize(
    ("gate", "qubits", "parts"),
    [
        ("cz", (9, 10), ("B = 10", "S = 9", "dead gate")),
        ("sx", (12,), ("C_C1 = 12", "not a working qubit")),
        ("measure", (10,), ("B = 10", "not a working qubit")),
    ],
)
def test_a_layout_on_a_dead_gate_is_refused(monkeypatch, gate, qubits, parts):
    backend = getattr(fake_provider, chips.PAPER_SNAPSHOT)()  # changed below
    dead = InstructionProperties(duration=68e-9, error=1.0)
    backend.target.update_instruction_properties(gate, qubits, dead)
    if len(qubits) == 2:  # the snapshot lists both directions
        backend.target.update_instruction_properties(gate, qubits[::-1], dead)
    monkeypatch.setattr(chips, "snapshot_chip", lambda _name: backend)
    message = complaint(planned)
    assert message.startswith("device.layout")
    assert "give" in message
    for part in parts:
        assert part in message


def test_a_chip_without_a_place_is_refused(monkeypatch):
    monkeypatch.setattr(chips, "placements", lambda _target, _shape: iter(()))
    assert complaint(planned, "best").startswith("device.layout: no placement on working gates")


@pytest.mark.parametrize("profile", ["papr", "FakeNothing", "FakeSherbrooke", "os", ""])
def test_an_unknown_profile_is_refused(profile):
    # FakeSherbrooke exists, but is an Eagle and has no CZ gate.
    message = complaint(Experiment.parse, f'name = "x"\n[device]\nprofile = "{profile}"')
    assert message.startswith(f"device.profile = {profile!r} is not a Heron snapshot")
    assert "give 'paper', 'ideal' or one of FakeTorino" in message


def test_the_ideal_device_has_no_layout():
    message = complaint(planned, profile="ideal")
    assert message.startswith("device.layout")
    assert "remove the layout" in message


def test_clock_qubits_that_a_layout_does_not_hold_are_refused():
    algorithm = AlgorithmSpec(clock_qubits=3)
    message = complaint(rc.plan, Experiment(name="x", algorithm=algorithm))
    assert message.startswith("algorithm.clock_qubits = 3")
    assert "give 2" in message


@pytest.mark.parametrize(
    ("device", "value"),
    [
        ({"t1": 50e-6, "t2": 150e-6}, "t2 of C_I = 0.00015 s is above 2 t1 = 0.0001 s"),
        # The other half comes from the profile.
        ({"t1": 1e-6}, "is above 2 t1 = 2e-06 s"),
        ({"t2": 1.0}, "t2 of C_I = 1 s is above 2 t1"),
    ],
)
def test_t2_above_twice_t1_is_refused(device, value):
    message = complaint(planned, **device)
    assert value in message
    assert message.endswith("give t2 ≤ 2 t1")


def test_t2_of_twice_t1_is_allowed():
    plan = planned(t1=100e-6, t2=200e-6)
    assert plan.device.t2.tolist() == [200e-6] * 6
    assert plan.device.source("t2", "B") == "given in the spec"
