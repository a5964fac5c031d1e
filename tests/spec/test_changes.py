"""Changes to single keys: the same experiment as the spec edited by hand."""

import tomllib

import pytest
import tomli_w
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import recycling as rc
from recycling.spec.changes import changed_text, overruled, parse_changes, path_of
from recycling.spec.experiment import Experiment
from recycling.spec.messages import parse_spec

SPEC = """\
name = "small"  # a comment
[bath]
frequency = 6e9
[sweep]
p_x = { start = 0.1, stop = 0.4, points = 3 }
[sweep.over]
"device.t1" = ["30 us", "60 us"]
"""
#: Changes as they are typed, and the line of the spec that an editor would change for them.
EDITS = {
    "bath.temperature=30 mK": ("frequency = 6e9", 'frequency = 6e9\ntemperature = "30 mK"'),
    "bath.frequency = 5 GHz": ("6e9", '"5 GHz"'),
    "sweep.p_x.points=5": ("points = 3", "points = 5"),
    "sweep.p_x=[0.2, 0.3]": ("{ start = 0.1, stop = 0.4, points = 3 }", "[0.2, 0.3]"),
    'sweep.over."device.t1"=["9 us"]': ('["30 us", "60 us"]', '["9 us"]'),
    "measurement.trials=2": ("[bath]", "measurement.trials = 2\n[bath]"),
    "seed=9": ("[bath]", "seed = 9\n[bath]"),
    "name=other": ('"small"', '"other"'),
    "hardware.init_qubits=false": ("[bath]", "hardware.init_qubits = false\n[bath]"),
}


@pytest.mark.parametrize("typed", EDITS)
def test_a_change_is_the_edited_spec(typed):
    edited = rc.Experiment.parse(SPEC.replace(*EDITS[typed]))
    changes = parse_changes([typed])
    changed = parse_spec(Experiment, SPEC, overruled(tomllib.loads(SPEC), changes))
    assert changed == edited
    assert changed.hash == edited.hash
    text = changed_text(SPEC, changes)
    assert rc.Experiment.parse(text).hash == edited.hash
    assert "# a comment" in text


#: Neither "_", two of which divide levels, nor what a key in quotes cannot hold as it is.
names = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FF, exclude_characters='_"\\'),
    min_size=1, max_size=5,
).filter(str.isprintable)  # fmt: skip
values = st.recursive(
    st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(names, inner, max_size=2),
    max_leaves=4,
)
contents = st.dictionaries(names, values, max_size=3)


@settings(max_examples=25, deadline=None)
@given(contents, st.lists(names, min_size=1, max_size=3), values)
def test_a_change_reaches_its_key_alone_in_any_spec(content, path, value):
    """Whatever the content: in tables and in the text, and nothing else is another."""
    assume(len(path) > 1 or not isinstance(value, dict))  # a table keeps the keys of a section
    key = ".".join(f'"{name}"' for name in path)
    assert path_of(key) == path
    made = content | overruled(content, {key: value})
    assert tomllib.loads(changed_text(tomli_w.dumps(content), {key: value})) == made
    found, given = made, content
    for name in path:
        rest = {other: item for other, item in found.items() if other != name}
        before = given if isinstance(given, dict) else {}
        assert rest == {other: item for other, item in before.items() if other != name}
        found, given = found[name], before.get(name)
    assert found == value


@pytest.mark.parametrize("typed", ["bath", "=3", "a b=3", "[bath]=3", "a\nb=3", "#=3", "a..b=1"])
def test_what_is_no_change_is_said_in_a_line(typed):
    with pytest.raises(rc.BadInput) as fault:
        parse_changes(["seed=3", typed])
    assert fault.value.faults == (
        f"set = {typed!r}: give KEY=VALUE, such as bath.temperature=43mK",
    )


@pytest.mark.parametrize("value", ["", "2026-11-28", "nan", "inf", "1\nb = 2", "'", "[1"])
def test_what_json_cannot_hold_stays_text(value):
    assert parse_changes([f"name={value}"]) == {"name": value}


def test_faults_of_the_file_keep_their_line_beside_a_change():
    spec = "name = 'a'\n[bath]\nfrequency = 5\n"
    changes = overruled(tomllib.loads(spec), parse_changes(["bath.tempreture=43mK"]))
    with pytest.raises(rc.BadInput) as fault:
        parse_spec(Experiment, spec, changes, source="spec.toml")
    assert set(fault.value.faults) == {
        "bath.tempreture = '43mK' is an unknown key: did you mean temperature?",
        "spec.toml:3: bath.frequency = 5: give 1 MHz to 1 THz (did you mean '5 GHz'?)",
    }
