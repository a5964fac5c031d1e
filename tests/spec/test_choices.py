"""Algorithms, tasks and links by name; circuits from files; sweeps of any parameters."""

import copy
import io
import math
import pickle
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister, qpy
from qiskit.circuit import Parameter

import recycling as rc
from circuits import recycling_circuit, settings
from circuits.algorithms.repeat_until_success import THETA, repeat_until_success
from circuits.design import POINT
from circuits.settings import Settings
from circuits.tasks.erasure import ERASURE
from circuits.tasks.task import Task
from recycling.jobs.sizes import check_size
from recycling.planning.ranking import with_layout
from recycling.spec.experiment import Experiment, spec_text
from recycling.spec.sweep import SweepSpec, sweep_section

PROGRAM = """\
OPENQASM 3.0;
include "stdgates.inc";
input float theta_b;
input angle phi;
qubit[1] data;
qubit[2] Checks;
ry(2*theta_b) data[0];
cx data[0], Checks[0];
rx(phi) Checks[1];
cx Checks[1], data[0];
"""
SPEC = """\
name = "own"
[algorithm]
name = "circuit"
file = "program.qasm"   # beside this file
flags = ["Checks"]
failure = [1, 2]
recycled = "data"

[sweep]
theta_b = [0.1, "22.5 deg", 2]
phi = { start = 0.5, stop = 1.5, points = 2 }
p_x = [0.3]
"""


def complaint(text):
    with pytest.raises(rc.BadInput) as caught:
        Experiment.parse(text)
    (fault,) = caught.value.faults
    assert len(fault.splitlines()) == 1
    return fault


@pytest.fixture
def spec_file(tmp_path):
    (tmp_path / "program.qasm").write_text(PROGRAM, encoding="utf-8")
    path = tmp_path / "spec.toml"
    path.write_text(SPEC, encoding="utf-8")
    return path


# -- circuits from files -------------------------------------------------------------------------


def test_a_circuit_comes_from_a_file_beside_the_spec(spec_file):
    experiment = Experiment.from_toml(spec_file)
    design = experiment.design
    assert design.roles == ("data", "Checks0", "Checks1", "B", "S")
    assert design.flags == ("Checks0", "Checks1")
    assert (design.failure, design.success) == ((1, 2), (0, 3))
    assert design.parameter_names == ("phi", "theta_b")
    np.testing.assert_allclose(experiment.coordinates["theta_b"], [0.1, math.pi / 8, 2])
    np.testing.assert_allclose(experiment.points["phi"], [0.5, 0.5, 0.5, 1.5, 1.5, 1.5])
    assert experiment.algorithm.build().solution is None


def test_the_text_of_the_spec_needs_no_other_file(spec_file):
    experiment = Experiment.from_toml(spec_file)
    text = spec_text(spec_file)
    assert text.startswith(SPEC)
    (spec_file.parent / "program.qasm").unlink()
    for kept in (text, experiment.to_toml(), with_layout(text, (1, 2, 3, 4, 5))):
        read = Experiment.stored(kept, {"seed": 0})
        assert read.algorithm == experiment.algorithm
        assert read.design == experiment.design
    assert Experiment.parse(text) == experiment
    # The text that a run keeps is a spec that can be run again from any folder.
    again = spec_file.with_name("again.toml")
    again.write_text(text, encoding="utf-8")
    assert Experiment.from_toml(again).hash == experiment.hash


def test_the_hash_is_that_of_the_content_and_not_of_the_path(spec_file):
    first = Experiment.from_toml(spec_file)
    moved = spec_file.with_name("moved.qasm")
    (spec_file.parent / "program.qasm").rename(moved)
    moved.write_bytes(moved.read_bytes().replace(b"\n", b"\r\n"))
    spec_file.write_text(SPEC.replace("program.qasm", "moved.qasm"), encoding="utf-8")
    assert Experiment.from_toml(spec_file).hash == first.hash
    moved.write_text(PROGRAM.replace("cx Checks[1]", "cy Checks[1]"), encoding="utf-8")
    assert Experiment.from_toml(spec_file).hash != first.hash


def test_a_circuit_comes_from_a_qpy_file(spec_file):
    circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(2, "Checks"))
    circuit.ry(Parameter("theta_b"), 0)
    circuit.rz(Parameter("phi"), 1)
    with (spec_file.parent / "program.qasm").open("wb") as stream:
        qpy.dump(circuit, stream)
    experiment = Experiment.from_toml(spec_file)
    assert experiment.algorithm.build().circuit(Parameter("phi"), Parameter("theta_b")).depth() == 1
    assert Experiment.parse(experiment.to_toml()) == experiment
    assert Experiment.parse(spec_text(spec_file)) == experiment


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.unlink(), ":4: algorithm.file = 'program.qasm' is no file beside"),
        (lambda path: path.write_bytes(b"\xff\xfe"), "is neither OpenQASM 3 nor QPY"),
        (lambda path: path.write_bytes(b" " * 100_001), "is longer than 100000 bytes"),
        (lambda path: path.write_text(""), "algorithm.content.qasm cannot be read"),
        (lambda path: path.write_text("OPENQASM 2.0;\nqreg q[1];"), "qasm is OpenQASM 2: give"),
        (lambda path: path.write_text('include "/etc/passwd";'), "line 1, column 0: non-stdgates"),
        (lambda path: path.write_text("qubit data;"), "qubit without a register: declare"),
        (lambda path: path.write_text("qubit[99999999] data;"), "register 'data' a size from 1"),
        (lambda path: path.write_text("x " + "(" * 3000), "algorithm.content.qasm cannot be read"),
        (lambda path: path.write_text(PROGRAM + "reset data;"), "has the instruction 'reset'"),
        (lambda path: path.write_bytes(b"QISKIT\x0c123"), "no QPY file of version 13 or later"),
        (lambda path: path.write_bytes(b"QISKIT\x0d123"), "content.qpy cannot be read"),
    ],
)  # fmt: skip
def test_files_that_hold_no_algorithm_are_explained_in_one_line(spec_file, change, message, capfd):
    change(spec_file.parent / "program.qasm")
    with pytest.raises(rc.BadInput) as caught:
        Experiment.from_toml(spec_file)
    assert message in caught.value.faults[0]
    assert all(len(fault.splitlines()) == 1 for fault in caught.value.faults)
    assert str(spec_file) in caught.value.faults[0]
    assert capfd.readouterr() == ("", ""), "the reader's parser prints nothing"


@pytest.mark.parametrize("place", [0.3, 0.8])
def test_a_damaged_qpy_file_takes_neither_memory_nor_the_process(spec_file, place):
    circuit = QuantumCircuit(QuantumRegister(1, "data"), QuantumRegister(2, "Checks"))
    circuit.ry(Parameter("theta_b"), 0)
    circuit.rz(Parameter("phi"), 1)
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    content = bytearray(stream.getvalue())
    start = int(place * len(content))
    content[start : start + 8] = b"\xff" * 8
    (spec_file.parent / "program.qasm").write_bytes(content)
    with pytest.raises(rc.BadInput) as caught:
        Experiment.from_toml(spec_file)
    assert "algorithm.content.qpy cannot be read: " in caught.value.faults[0]
    assert all(len(fault.splitlines()) == 1 for fault in caught.value.faults)


def test_gates_that_double_at_each_level_are_refused_at_once(spec_file):
    levels = "\n".join(
        f"gate g{n} q {{ {f'g{n - 1} q; ' * 2 if n else 'x q;'} }}" for n in range(60)
    )
    (spec_file.parent / "program.qasm").write_text(PROGRAM + levels + "\ng59 data[0];")
    with pytest.raises(rc.BadInput, match="holds more than 20000 gates"):
        Experiment.from_toml(spec_file)


BAD = [
    ("file = 'program.qasm'\nflags = ['a']\nrecycled = 'b'",
     "algorithm.file = 'program.qasm': a spec without a folder cannot read it"),
    ("flags = ['a']\nrecycled = 'b'", "algorithm.file is missing: add it, an OpenQASM 3"),
    ("recycled = 'b'", "algorithm.flags is missing: add it"),
    ("flags = ['a']\nrecycled = 'b'\ncontent = {}",
     "algorithm.content.qasm and qpy: give one of both"),
    ("flags = ['a']\nrecycled = 'b'\ncontent = { qpy = '%' }", "content.qpy is not base64"),
    ("flags = ['a']\nrecycled = 'b'\nfailur = [1]", "did you mean failure?"),
    ("flags = 'a'\nrecycled = 'b'", "algorithm.flags = 'a': give a list"),
    ("flags = ['a']\nrecycled = ['b']", "algorithm.recycled = ['b']: give text"),
    ("flags = ['a']\nrecycled = 'b'\nfailure = ['x']", "algorithm.failure[0] = 'x': give a whole"),
    ("flags = ['a']\nrecycled = 'b'\nmatrix = [[1]]", "algorithm.matrix = [[1]] is an unknown key"),
]  # fmt: skip


@pytest.mark.parametrize(("added", "message"), BAD)
def test_bad_circuits_are_explained_in_one_line(added, message):
    assert message in complaint(f'name = "x"\n[algorithm]\nname = "circuit"\n{added}')


def test_an_inline_table_cannot_take_the_content_of_a_file(spec_file):
    spec_file.write_text(
        'name = "x"\nalgorithm = { name = "circuit", file = "program.qasm", flags = ["Checks"], '
        'recycled = "data" }'
    )
    with pytest.raises(rc.BadInput, match=r"algorithm is an inline table: write it as \[algor"):
        Experiment.from_toml(spec_file)


def test_a_register_of_two_qubits_is_not_recycled_yet(spec_file):
    text = SPEC.replace('["Checks"]', '["data"]').replace('"data"\n', '"Checks"\n')
    spec_file.write_text(text.replace("[1, 2]", "[1]"), encoding="utf-8")
    with pytest.raises(rc.BadInput, match="recycled = 'Checks' has 2 qubits: give a register"):
        Experiment.from_toml(spec_file)


def test_the_example_is_a_spec_of_a_circuit():
    example = Path(__file__).parents[2] / "examples" / "own-circuit" / "spec.toml"
    experiment = Experiment.from_toml(example)
    assert experiment.design.parameter_names == ("kick", "theta_b")
    assert experiment.num_points == 5
    assert experiment.design.roles == ("data", "work", "herald", "B", "S")
    recorded = recycling_circuit(experiment.algorithm.build()).count_ops()
    assert recorded["measure"] == len(experiment.design.recorded_roles) == 4


def test_an_algorithm_that_no_engine_holds_is_refused(spec_file):
    (spec_file.parent / "program.qasm").write_text(PROGRAM + "qubit[14] more;")
    with pytest.raises(rc.BadInput, match=r"algorithm\.registers have 17 qubits in all: give 16"):
        Experiment.from_toml(spec_file)


# -- sweeps --------------------------------------------------------------------------------------

NO_PARAMETERS = """\
name = "fixed"
[algorithm]
name = "circuit"
flags = ["f"]
recycled = "d"
content.qasm = "OPENQASM 3.0; include 'stdgates.inc'; qubit[1] d; qubit[1] f; h f[0];"
"""


def test_an_algorithm_without_parameters_has_one_point():
    experiment = Experiment.parse(NO_PARAMETERS.replace("'stdgates.inc'", '\\"stdgates.inc\\"'))
    assert experiment.design.parameters == (POINT,)
    assert experiment.design.dims[3] == "point"
    np.testing.assert_array_equal(experiment.points["point"], [0.0])
    assert Experiment.parse(experiment.to_toml()) == experiment


@pytest.mark.parametrize(
    ("sweep", "message"),
    [
        ("theta_b = [0.1]\np_x = [0.1]", "sweep.phi is missing: add it"),
        ("theta_b = [0.1]\nphi = []", "sweep.phi is empty: give at least one value"),
        ("theta_b = [0.1]\nphi = [1, 1]", "sweep.phi = 1 comes twice"),
        ("theta_b = [0.1]\nphi = [inf]", "sweep.phi = inf: give finite values"),
        ("theta_b = [0.1]\nphi = ['a']", "sweep.phi = ['a']: give a number in rad, or"),
        ("theta_b = [0.1]\nphi = [1]\nchi = [1]",
         "sweep.chi = [1] is an unknown key: did you mean phi?"),
        ("theta_b = [0.1]\nphi = [1]\nzzz = 1", "known are phi, theta_b, p_x"),
    ],
)  # fmt: skip
def test_bad_sweeps_name_the_parameters_of_the_algorithm(spec_file, sweep, message):
    spec_file.write_text(SPEC.partition("[sweep]")[0] + "[sweep]\n" + sweep, encoding="utf-8")
    with pytest.raises(rc.BadInput) as caught:
        Experiment.from_toml(spec_file)
    assert message in str(caught.value)
    assert len(caught.value.faults) == 1


def test_a_sweep_that_fills_the_memory_is_refused_before_it_does(spec_file):
    wide = "{ start = 0, stop = 1, points = 10000 }"
    spec_file.write_text(
        SPEC.partition("[sweep]")[0] + f"[sweep]\ntheta_b = {wide}\nphi = {wide}",
        encoding="utf-8",
    )
    experiment = Experiment.from_toml(spec_file)
    assert experiment.num_points == 10**8
    with pytest.raises(rc.BadInput, match="sweep = 100000000 × 40 points"):
        check_size(experiment)


def test_all_parameters_need_values(spec_file):
    spec_file.write_text(SPEC.partition("[sweep]")[0], encoding="utf-8")
    with pytest.raises(rc.BadInput) as caught:
        Experiment.from_toml(spec_file)
    assert [fault.partition(": ")[2] for fault in caught.value.faults] == [
        "sweep.phi is missing: add it", "sweep.theta_b is missing: add it"
    ]  # fmt: skip


def test_another_algorithm_has_other_parameters():
    text = 'name = "x"\n[algorithm]\nname = "repeat-until-success"\ndata_angle = 0.4\n'
    experiment = Experiment.parse(text)
    np.testing.assert_allclose(
        experiment.coordinates["theta"], np.linspace(THETA.low, THETA.high, 11), atol=1e-12
    )
    assert experiment.design == repeat_until_success().design
    assert Experiment.parse(experiment.to_toml()) == experiment
    assert "did you mean theta?" in complaint(text + "[sweep]\ntheta_b = [0.1]")
    assert "give values in [0.19635, 0.785398]" in complaint(text + "[sweep]\ntheta = [0.1]")
    fault = complaint(text.replace("0.4", "4"))
    assert fault.startswith("algorithm.data_angle = 4: give 3.14159 or less")


def test_sweeps_are_copied_and_pickled():
    for section in (SweepSpec(theta_b=(0.1,)), sweep_section((THETA,))(theta=(0.5,))):
        for other in (copy.deepcopy(section), pickle.loads(pickle.dumps(section))):
            assert other == section
            np.testing.assert_array_equal(
                list(other.coordinates.values()), list(section.coordinates.values())
            )


def test_a_name_that_a_section_cannot_hold_is_refused(spec_file):
    (spec_file.parent / "program.qasm").write_text(PROGRAM.replace("phi", "model_dump"))
    with pytest.raises(rc.BadInput, match=r"algorithm\.parameters = 'model_dump': a spec"):
        Experiment.from_toml(spec_file)


# -- names, built in and installed ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[algorithm]\nname = "shor"', "algorithm.name = 'shor': give 'hhl', 'circuit' or "
         "'repeat-until-success'"),
        ("[algorithm]\nname = 3", "algorithm.name = 3: give 'hhl', "),
        ("algorithm = 3", "algorithm = 3: give a table"),
        ('[task]\nname = "cooling"', "task.name = 'cooling': give 'erasure'"),
        ("[task]\nsteps = 3", "task.steps = 3 is an unknown key"),
        ('[link]\nname = "fibre"', "link.name = 'fibre': give 'identity'"),
        ("[link]\nname = []", "link.name = []: give 'identity'"),
    ],
)  # fmt: skip
def test_unknown_names_are_explained_in_one_line(text, message):
    assert message in complaint(f'name = "x"\n{text}')


def test_the_usual_task_and_link_change_neither_hash_nor_text():
    bare = Experiment.parse('name = "x"')
    given = Experiment.parse('name = "x"\n[task]\nname = "erasure"\n[link]\nname = "identity"')
    assert given == bare
    assert given.hash == bare.hash
    assert given.to_toml() == bare.to_toml()
    assert "task" not in bare.to_toml()


class SwapTwiceSettings(Settings):
    """A task that does nothing in the end."""

    name: str = "swap-twice"
    times: int = 2

    def build(self):
        """Build the task."""

        def act(circuit, target, bath):
            for _ in range(self.times):
                ERASURE.stages["after"](circuit, target, bath)

        return Task(self.name, {"first": None, "last": act}, ERASURE.preparations)


class NoAlgorithmSettings(Settings):
    """Settings of something else."""

    name: str = "nothing"

    def build(self):
        """Build what is no algorithm."""
        return 3


class BrokenSettings(Settings):
    """Settings whose package has a fault."""

    name: str = "broken"

    def build(self):
        """Fail."""
        raise KeyError("x")


@pytest.fixture
def installed(monkeypatch):
    """Entry points of installed packages, as the metadata would give them."""
    asked = []
    here = sys.modules[__name__]
    monkeypatch.setitem(sys.modules, "installed_for_tests", here)

    def entry_points(group):
        asked.append(group)
        names = {
            "recycling.tasks": ["swap-twice:SwapTwiceSettings", "erasure:SwapTwiceSettings"],
            "recycling.algorithms": ["hhl:SwapTwiceSettings", "nothing:NoAlgorithmSettings",
                                     "broken:BrokenSettings", "absent:Absent",
                                     "plain:QuantumCircuit"],
        }  # fmt: skip
        return [
            EntryPoint(name, f"installed_for_tests:{value}", group)
            for name, _, value in (each.partition(":") for each in names.get(group, []))
        ]

    monkeypatch.setattr(settings, "entry_points", entry_points)
    return asked


def test_an_installed_task_is_known_by_its_name(installed):
    experiment = Experiment.parse('name = "x"\n[task]\nname = "swap-twice"\ntimes = 4')
    assert experiment.design.stages == ("first", "last")
    assert experiment.hash != Experiment.parse('name = "x"').hash
    assert Experiment.parse(experiment.to_toml()) == experiment
    assert "task.time = 3 is an unknown key: did you mean times?" in complaint(
        'name = "x"\n[task]\nname = "swap-twice"\ntime = 3'
    )
    assert "give 'erasure' or 'swap-twice'" in complaint('name = "x"\n[task]\nname = "y"')
    assert "recycling.tasks" in installed


def test_what_is_built_in_is_never_looked_up(installed):
    assert Experiment.parse('name = "x"\n[task]\nname = "erasure"').design.stages[0] == "before"
    assert installed == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("absent", "algorithm.name = 'absent': the installed package 'installed_for_tests:Absent' "
         "cannot be loaded (AttributeError: "),
        ("plain", "is no subclass of circuits.settings.Settings; repair or remove it"),
        ("nothing", "algorithm.name gives no algorithm ("),
        ("broken", "algorithm.name = 'broken' fails (KeyError: 'x'); repair the installed package"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("installed")
def test_a_broken_package_is_explained_in_one_line(name, message):
    assert message in complaint(f'name = "x"\n[algorithm]\nname = "{name}"')
