"""``Experiment.with_``: the same as the spec with other values in its text, and all else kept."""

import tomllib

import numpy as np
import pytest
import tomli_w
from hypothesis import given, settings
from hypothesis import strategies as st

import recycling as rc
from recycling.spec.experiment import DeviceSpec, Experiment

GIVEN = """\
name = "given"
seed = 3
[bath]
frequency = "6 GHz"
temperature = "50 mK"
[device]
profile = "ideal"
t1 = "200 us"
[sweep]
theta_b = [0.0, 0.4]
p_x = { start = 0.1, stop = 0.4, points = 4 }
[link]
preset = "eth-5m"
"""
#: Values that a spec can have, in the ranges that it takes.
VALUES = {
    ("name",): st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,20}", fullmatch=True),
    ("seed",): st.integers(0, 2**63 - 1),
    ("bath", "frequency"): st.floats(1e6, 1e12)
    | st.integers(1, 999).map(lambda gigahertz: f"{gigahertz} GHz"),
    ("bath", "temperature"): st.floats(1e-3, 10)
    | st.integers(1, 999).map(lambda millikelvin: f"{millikelvin} mK"),
    ("device", "t1"): st.floats(1e-9, 10) | st.none(),
    ("device", "cz_error"): st.floats(0, 0.49) | st.none(),
    ("sweep", "p_x", "points"): st.integers(1, 60).filter(lambda points: points > 1),
    ("sweep", "theta_b"): st.lists(st.floats(0, np.pi / 4), min_size=1, max_size=5, unique=True),
    ("measurement", "shots"): st.integers(1, 100_000),
    ("hardware", "mode"): st.sampled_from(["batch", "session", "job"]),
    ("inference", "readout"): st.sampled_from(["raw", "corrected", "unmixed"]),
    ("link", "temperature"): st.floats(0, 400),
    ("link", "preset"): st.sampled_from(["eth-5m", "eth-30m"]),
}
CHANGES = st.fixed_dictionaries({}, optional=VALUES)


def changed_text(changes):
    content = tomllib.loads(GIVEN)
    for keys, value in changes.items():
        table = content
        for key in keys[:-1]:
            table = table.setdefault(key, {})
        if value is None:
            table.pop(keys[-1], None)
        else:
            table[keys[-1]] = value
    return tomli_w.dumps(content)


@settings(max_examples=40)
@given(CHANGES)
def test_a_change_is_that_of_the_text_and_keeps_the_rest(changes):
    experiment = Experiment.parse(GIVEN)
    made = experiment.with_(**{"__".join(keys): value for keys, value in changes.items()})
    expected = Experiment.parse(changed_text(changes))
    assert made == expected
    assert made.hash == expected.hash
    assert experiment == Experiment.parse(GIVEN)
    kept = set(Experiment.model_fields) - {keys[0] for keys in changes}
    assert all(getattr(made, key) == getattr(experiment, key) for key in kept)


@pytest.mark.parametrize("name", ["paper", "theory", "payoff"])
def test_nothing_changed_is_the_same(name):
    experiment = rc.preset(name)
    assert experiment.with_() == experiment
    assert experiment.with_().hash == experiment.hash


def test_a_mapping_keeps_the_other_keys_of_its_section():
    made = Experiment.parse(GIVEN).with_(bath={"temperature": "30 mK"}, seed=8)
    assert (made.bath.frequency, made.bath.temperature, made.seed) == (6e9, 0.03, 8)


def test_a_section_of_another_name_begins_anew():
    given = Experiment.parse(GIVEN)
    assert given.with_(link=None) == given.with_(link__name="identity")
    other = given.with_(algorithm={"name": "repeat-until-success"}, sweep=None)
    assert other.design.parameter_names == ("theta",)
    assert other.bath == given.bath


def test_arrays_models_and_other_algorithms_are_taken():
    given = Experiment.parse(GIVEN)
    assert given.with_(sweep__theta_b=np.array([0.0, 0.2])).theta_b.tolist() == [0.0, 0.2]
    assert given.with_(seed=np.int64(5)).seed == 5
    assert given.with_(device=DeviceSpec(profile="paper")).device.profile == "paper"
    one = given.with_(device={"profile": "paper"}, device__layout={"B": 1, "S": 2})
    assert one.with_(device__layout__B=3).device.layout == {"B": 3, "S": 2}


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"bth__temperature": 1}, "bth = {'temperature': 1} is an unknown key: did you mean bath?"),
        ({"bath__temprature": 0.03},
         "bath.temprature = 0.03 is an unknown key: did you mean temperature?"),
        ({"bath__temprature": None},
         "bath.temprature = None is an unknown key: did you mean temperature?"),
        ({"bath": {"temperature": 43}},
         "bath.temperature = 43: give 1 mK to 10 K (did you mean '43 mK'?)"),
        ({"bath": 5}, "bath = 5: give a table"),
        ({"bath__temperature__more": 5}, "bath.temperature = {'more': 5}: give a number"),
        ({"name": "<script>"}, "name = '<script>': give letters, digits, '.', '_' and '-', the "
         "first a letter or digit"),
        ({"sweep__theta_b": [3.0]}, "sweep.theta_b = 3: give values in [0, 0.785398]"),
    ],
)  # fmt: skip
def test_what_no_spec_can_have_is_refused_in_a_line(changes, line):
    with pytest.raises(rc.BadInput) as refused:
        Experiment.parse(GIVEN).with_(**changes)
    assert str(refused.value) == line


@pytest.mark.parametrize("update", [{"t1": "long"}, {"t3": 1.0}, {"profile": "nosuch"}])
def test_a_copy_does_not_escape_the_validation(update):
    with pytest.raises(rc.BadInput):
        rc.preset("paper").device.model_copy(update=update)


def test_a_copy_of_the_experiment_is_validated_too():
    with pytest.raises(rc.BadInput, match="bath = 'cold': give a table"):
        rc.preset("paper").model_copy(update={"bath": "cold"})
