"""Specs that nobody means well with: one line for each fault or an experiment, never a traceback.

The suite tries hundreds, always the same; ``make fuzz`` tries thousands of new ones.
"""

import math

import pytest
import tomli_w
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

import recycling as rc
from circuits.algorithms.circuit import CircuitSettings
from circuits.algorithms.hhl import HHLSettings
from circuits.algorithms.reading import Content
from circuits.algorithms.repeat_until_success import RepeatUntilSuccessSettings
from circuits.links import IdentitySettings
from circuits.tasks.erasure import ErasureSettings
from recycling.jobs.sizes import check_size
from recycling.spec.experiment import Experiment
from recycling.spec.files import LONGEST_SPEC
from recycling.spec.link import PhotonicSettings
from recycling.spec.messages import MOST_FAULTS, parse_spec
from recycling.spec.sweep import SweepSpec
from recycling.studies.latency.spec import LatencySpec

#: Sections and fields that there are, some that there nearly are, and none at all.
TABLES = [*Experiment.model_fields, *LatencySpec.model_fields, "bathh", "Range", "π", "", "a.b"]
#: Models whose fields depend on a name.
CHOSEN = [
    HHLSettings, CircuitSettings, RepeatUntilSuccessSettings, ErasureSettings, IdentitySettings,
    PhotonicSettings, Content, SweepSpec,
]  # fmt: skip
FIELDS = sorted({
    field
    for model in (Experiment, LatencySpec)
    for section in (*(field.annotation for field in model.model_fields.values()), *CHOSEN)
    for field in getattr(section, "model_fields", ())
} | {"start", "stop", "points", "temprature", "schema_version", "theta", "phi", "\x1b[31m",
})  # fmt: skip
TEXTS = ["exact", "best", "auto", "paper", "ideal", "FakeProviderForBackendV2", "FakeMarakesh",
         "FakeBackendV2", "43 mK", "5 GHz", "9**9**9 s", "1e99999 K", "-1 us", "nan K", "10 degC",
         "45 deg", "1 percent", "\x1b[31m", "\u202e", "a" * 3000, "{mend}", "%s", "=1+1",
         "[bold]", "../../x", "\ud800".encode("utf-8", "replace").decode(), "hhl", "circuit",
         "repeat-until-success", "erasure", "identity", "photonic", "eth-5m", "idle",
         "data", "flag", "UUlTS0lU"]  # fmt: skip
NUMBERS = [0, -1, 1, 2, 10**12, 2**63, 2**64, -(2**70), 10**4000, 0.0, -0.0, 1e-320, 1e308, -1e308,
           math.inf, -math.inf, math.nan, 0.5, 43.0, 1e100]  # fmt: skip

scalars = (
    st.sampled_from(TEXTS)
    | st.sampled_from(NUMBERS)
    | st.text(st.characters(codec="utf-8"), max_size=10)
    | st.integers()
    | st.floats()
    | st.booleans()
    | st.dates()
    | st.datetimes()
    | st.times()
)
keys = st.sampled_from(FIELDS) | st.text(st.characters(codec="utf-8"), max_size=5)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
names = st.sampled_from(["x", "x", "x", "", "a/b", "x" * 5000, "π"])
contents = st.dictionaries(
    st.sampled_from(TABLES),
    values | st.dictionaries(st.sampled_from(FIELDS), values, max_size=5),
    max_size=6,
)


#: Specs that each test tries: more than other tests do, and as many as the long profile asks for.
many = settings(max_examples=max(200, settings.default.max_examples))


def one_line(fault):
    """Whether a fault is one line of a length that somebody reads."""
    return fault and len(fault.splitlines()) == 1 and len(fault) < 2000


def read(model, text):
    """Read a spec: an experiment that is no larger than it may be, or lines."""
    try:
        spec = parse_spec(model, text, {}, source="spec.toml")
        if model is Experiment:
            check_size(spec, "exact")
    except rc.BadInput as error:
        faults = error.faults
    else:
        assert model.parse(spec.to_toml()) == spec
        return
    assert 1 <= len(faults) <= MOST_FAULTS + 1
    assert all(map(one_line, faults)), faults


@given(st.sampled_from([Experiment, LatencySpec]), names, contents)
@many
@example(Experiment, "x", {"sweep": {"p_x": {"start": 0, "stop": 1, "points": 10**12}}})
@example(Experiment, "x", {"measurement": {"trials": 10**8}})
@example(Experiment, "x", {"inference": {"resamples": 10**12}})
@example(Experiment, "x", {"device": {"profile": "FakeProviderForBackendV2"}})
@example(Experiment, "x", {"algorithm": {"matrix": [[1e308, 0], [0, 1e308]], "scale": 1e-320}})
@example(LatencySpec, "x", {"shots": 10**12, "repetitions": 10**12})
def test_a_hostile_table_is_an_experiment_or_lines(model, name, content):
    try:
        text = tomli_w.dumps({"name": name} | content)
    except (ValueError, UnicodeEncodeError):  # what TOML cannot say
        assume(False)
    read(model, text)


#: Pieces of programs, most of which are no algorithm, some of which are no program.
PIECES = [
    "OPENQASM 3.0;\n", 'include "stdgates.inc";\n', "input float theta;\n", "input angle phi;\n",
    "input int n;\n", "qubit[1] data;\n", "qubit[2] flag;\n", "qubit[9] flag;\n", "qubit B;\n",
    "qubit[1] S;\n", "bit[2] c;\n", "ry(2*theta) data[0];\n", "rz(phi/3) data;\n",
    "cx data[0], flag[0];\n", "cx data[0], data[0];\n", "ctrl @ ry(0.3) flag[1], data[0];\n",
    "c[0] = measure flag[0];\n", "reset data;\n", "if (c[0]) x data[0];\n", "delay[1ns] data;\n",
    "gate g(a) q { rz(a) q; }\n", "g(pi) data[0];\n", "for int i in [0:9] { x data; }\n",
    "let a = data[0:0];\n", "gphase(phi);\n", "U(1, 2, 3) data[0];\n", "x $0;\n", "\x1b", "((",
    "qubit[1000000000] flag;\n", 'include "/etc/passwd";\n', "pragma x\n", "box { }\n", "π",
]  # fmt: skip


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join),
    st.booleans(),
    st.lists(st.sampled_from(["data", "flag", "S", "x", ""]), max_size=3),
    st.lists(st.integers(-1, 5), max_size=3),
    st.sampled_from(["data", "flag", "B", "π"]),
    st.dictionaries(st.sampled_from(["theta", "phi", "p_x"]), st.lists(st.floats(), max_size=3)),
)
@many
@example("qubit[1] data; qubit[1] flag;", True, ["flag"], [0], "data", {})
def test_a_hostile_circuit_is_an_experiment_or_lines(
    program, headed, flags, failure, recycled, sweep
):
    qasm = ("".join(PIECES[:2]) if headed else "") + program
    algorithm = {
        "name": "circuit", "content": {"qasm": qasm}, "flags": flags, "failure": failure,
        "recycled": recycled,
    }  # fmt: skip
    read(Experiment, tomli_w.dumps({"name": "x", "algorithm": algorithm, "sweep": sweep}))


@given(st.sampled_from([Experiment, LatencySpec]), st.text(max_size=200))
@many
def test_hostile_text_is_an_experiment_or_lines(model, text):
    read(model, text)


@st.composite
def broken(draw):
    """A good spec with some of its characters removed, doubled or replaced."""
    text = draw(st.sampled_from([rc.preset("paper").to_toml(), LatencySpec().to_toml()]))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        length = draw(st.integers(0, 20))
        put = draw(
            st.sampled_from(["", text[place : place + 20], "\n[", "=", '"', "9", "\x00", "-"])
        )
        text = text[:place] + put + text[place + length :]
    return text


@given(st.sampled_from([Experiment, LatencySpec]), broken())
@many
def test_a_broken_spec_is_an_experiment_or_lines(model, text):
    read(model, text)


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("a = " + "[" * 5000 + "]" * 5000, "nested too deeply"),
        ("a = " + "{a = " * 5000 + "1" + "}" * 5000, "nested too deeply"),
        (".".join("a" * 5000) + " = 1", "unknown key"),
        ("[" + ".".join("a" * 5000) + "]\nb = 1", "unknown key"),
        ("seed = " + "9" * 5000, "cannot be read"),
        ("seed = 0x" + "f" * 5000, "seed = "),
        ("[sweep]\np_x = [" + "0.1," * 2_000_000 + "]", f"longer than {LONGEST_SPEC} bytes"),
        ("[sweep]\np_x = [" + "0.1," * 60_000 + "]", "has 60000 values: give 10000 or fewer"),
        ("[sweep]\ntheta_b = [" + "1," * 60_000 + "]", "has 60000 values"),
        ("[ladders]\nx = [" + "1," * 60_000 + "]", "ladders"),
        ("a = 1979-13-99", "not TOML"),
    ],
)
@pytest.mark.parametrize("model", [Experiment, LatencySpec])
def test_absurd_sizes_are_told_in_lines(model, text, part):
    with pytest.raises(rc.BadInput) as caught:
        parse_spec(model, text, {}, source="spec.toml")
    assert all(map(one_line, caught.value.faults))
    if model is Experiment or "sweep" not in text:
        assert any(part in fault for fault in caught.value.faults), caught.value.faults
    if "0x" not in text and "9" * 5000 not in text and "[" * 5000 not in text:
        return
    assert "spec.toml" in caught.value.faults[0]
