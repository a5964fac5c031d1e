"""Names and signatures that anybody may use, the keys of a spec, and what bad input is told."""

import inspect
import tomllib
from pathlib import Path

import numpy as np
import pytest
from qiskit.circuit import Parameter

import circuits
import recycling as rc
from tests.snapshots.compare import check
from tests.snapshots.outside import LAYOUT, fingerprint, recycling

# -- names ---------------------------------------------------------------------------------------

#: Attributes that README, docs, notebooks and benchmarks use.
MEMBERS = {
    "Experiment": (
        "parse", "from_toml", "stored", "to_toml", "theta_b", "p_x", "hash", "name", "seed",
        "algorithm", "bath", "device", "sweep", "measurement", "hardware", "inference",
        "model_copy",
    ),
    "Plan": (
        "experiment", "backend", "device", "circuits", "brackets", "hardware", "assignment",
        "assignments", "jobs", "rep_delay", "cost", "prediction", "check_budget", "check_limits",
        "pubs",
    ),
    "Run": (
        "path", "record", "run_id", "kind", "experiment", "device", "simulated", "jobs",
        "assignments", "journal", "groups", "complete", "outcomes", "counts", "all_circuits",
        "circuits", "brackets", "assignment", "telemetry", "damage", "warnings",
    ),
    "Bath": ("qubit", "energies", "temperature", "gibbs", "mean_energy", "entropy"),
    "BadInput": ("faults", "one_line"),
    "BackendFailure": ("transient",),
    "HHL": ("matrix", "clock_qubits", "scale", "eigenvalues", "evolution_time", "clock_values",
            "rotation_angles", "circuit", "solution"),
}  # fmt: skip


def signature(function):
    """Parameters in order, each with its kind and default."""
    found = []
    for name, parameter in inspect.signature(function).parameters.items():
        default = parameter.default
        if default is inspect.Parameter.empty:
            shown = "required"
        else:
            shown = "a function" if callable(default) else repr(default)
        found.append(f"{name}: {parameter.kind.description}, {shown}")
    return found


@pytest.mark.parametrize("package", [rc, circuits], ids=["recycling", "circuits"])
def test_names_stay(package):
    """Others may come."""
    for name in package.__all__:
        assert hasattr(package, name)
    check(f"names-{package.__name__}", sorted(package.__all__), grows=True)


def test_signatures_stay():
    found = {}
    for package in (rc, circuits):
        for name in sorted(package.__all__):
            public = getattr(package, name)
            if inspect.isfunction(public):
                found[f"{package.__name__}.{name}"] = signature(public)
    methods = (
        rc.Experiment.parse, rc.Experiment.from_toml, rc.Experiment.stored, rc.Experiment.to_toml,
        rc.Plan.check_budget, rc.Plan.check_limits, rc.Plan.pubs, rc.Run.journal, rc.Run.outcomes,
        rc.Run.damage, rc.Bath.qubit, rc.Bath.gibbs, rc.Bath.mean_energy, rc.Bath.entropy,
    )  # fmt: skip
    found |= {method.__qualname__: signature(method) for method in methods}
    found |= {cls.__name__: signature(cls) for cls in (rc.Bath, rc.Plan, rc.Run, circuits.HHL)}
    check("signatures", found)


def test_attributes_stay():
    plan = rc.plan(rc.preset("theory"))
    found = {
        "Experiment": plan.experiment,
        "Plan": plan,
        "Run": rc.Run,
        "Bath": rc.Bath.qubit(frequency=5e9, temperature=0.043),
        "BadInput": rc.BadInput("one", "two"),
        "BackendFailure": rc.BackendFailure("gone"),
        "HHL": circuits.HHL([[2, -1], [-1, 2]]),
    }
    for name, members in MEMBERS.items():
        # A dataclass has its fields on its instances only.
        fields = getattr(found[name], "__dataclass_fields__", {})
        lacking = [m for m in members if not (hasattr(found[name], m) or m in fields)]
        assert lacking == [], name


def test_errors_are_what_others_catch():
    assert issubclass(rc.BadInput, ValueError)
    assert issubclass(rc.Incomplete, RuntimeError)
    assert issubclass(rc.BackendFailure, RuntimeError)
    error = rc.BadInput("a = 1: give 2", "b = 3: give 4")
    assert str(error) == "a = 1: give 2\nb = 3: give 4"
    assert error.faults == ("a = 1: give 2", "b = 3: give 4")
    assert error.one_line == "a = 1: give 2 (and 1 more)"


def test_job_attributes_stay():
    job = rc.plan(rc.preset("theory")).jobs[0]
    assert [job.name, job.trial, job.points, job.first_shot, job.shots] == [
        "trial-0", 0, (0, 21), 0, None,
    ]  # fmt: skip


def test_bounds_stay():
    """Entropies, bounds and gains, of a qubit and of a spectrum."""
    entropies = np.array([-0.1, 0.0, 0.05, 0.3, 0.6, 0.69])
    hot, cold = np.diag([0.5, 0.5]), np.array([[0.99, 0.05], [0.05, 0.01]])
    found = {}
    for name, bath in {
        "qubit": rc.Bath.qubit(frequency=5e9, temperature=0.043),
        "spectrum": rc.Bath(energies=np.array([0.0, 2e-24, 5e-24]), temperature=0.05),
    }.items():
        size = len(bath.energies)
        state = np.eye(size) / size if size > 2 else cold
        found[name] = {
            "energies": bath.energies,
            "mean energy, entropy": [bath.mean_energy(), bath.entropy()],
            "hotter": [bath.mean_energy(0.1), bath.entropy(0.1)],
            "gibbs": np.real(bath.gibbs()).ravel(),
            "tight": rc.tight_bound(entropies, bath),
            "landauer": rc.landauer_bound(entropies, bath),
            "athermal": rc.athermal_bound(entropies, bath, state),
            "gain": rc.gain(entropies, bath, state),
            "most entropy": rc.max_bath_entropy(entropies, bath, 1e-24),
        }
    bath = rc.Bath.qubit(frequency=5e9, temperature=0.043)
    found["branch gains"] = rc.branch_gains(0.1, bath, np.stack([hot, cold]), np.array([0.3, 0.7]))
    found["entropy"] = [rc.von_neumann_entropy(hot), rc.von_neumann_entropy(cold)]
    check("bounds", plain(found), rtol=1e-9, atol=1e-30)


def plain(value):
    """A value without arrays and numbers of numpy."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return np.asarray(value).tolist()


def test_algorithms_stay():
    """Numbers of HHL, and the circuits before any compilation."""
    found = {}
    for name, hhl in {
        "paper": circuits.HHL([[2, -1], [-1, 2]]),
        "three clock qubits": circuits.HHL([[1.5, 0.5], [0.5, 1.2]], clock_qubits=3, scale=0.7),
        "complex": circuits.HHL([[2, 1j], [-1j, 2]]),
    }.items():
        solution = hhl.solution(np.array([0.0, 0.3, 0.7]))
        found[name] = {
            "eigenvalues": hhl.eigenvalues,
            "time": hhl.evolution_time,
            "clock values": hhl.clock_values,
            "angles": hhl.rotation_angles,
            "solution": [np.real(solution), np.imag(solution)],
            "algorithm": fingerprint(hhl.circuit(Parameter("theta_b"))),
            "protocol": [
                fingerprint(circuits.recycling_circuit(
                    hhl, arm=arm, stage=stage, excited=excited, feedforward_latency=1e-6))
                for arm, stage, excited in (
                    ("recycling", "after", True), ("recycling", "before", False),
                    ("equilibrium", "after", False))
            ],
        }  # fmt: skip
    bare = circuits.recycling_circuit(circuits.HHL([[2, -1], [-1, 2]]), tomography=False)
    found["without tomography"] = fingerprint(bare)
    check("algorithms", plain(found), rtol=1e-9, atol=1e-12)


# -- specs ---------------------------------------------------------------------------------------

SPECS = {
    "least": 'name = "least"',
    "explicit lists": """\
name = "lists"
seed = 12
[sweep]
theta_b = [0.0, 0.3, 0.7853981633974483]
p_x = [0.05, 0.4, 1.0]
""",
    "text with units": """\
name = "units"
[bath]
frequency = "4.9 GHz"
temperature = "43 mK"
[sweep]
theta_b = ["0 deg", "22.5 deg", "45 deg"]
[hardware]
rep_delay = "250 us"
""",
    "FakeTorino": f"""\
name = "torino"
[device]
profile = "FakeTorino"
{LAYOUT}
feedforward_latency = 1.0e-6
optimization_level = 3
t1 = 2e-4
t2 = 1e-4
single_qubit_error = 1e-4
cz_error = 2e-3
readout_error = 0.01
""",
    "exact shots": """\
name = "exact"
[device]
profile = "ideal"
[measurement]
shots = "exact"
trials = 1
""",
    "another matrix": """\
name = "matrix"
[algorithm]
matrix = [["1.5", "0.5j"], ["-0.5j", "1.5"]]
clock_qubits = 3
scale = 0.9
""",
    "everything else": """\
name = "else"
[measurement]
shots = 123
trials = 7
[hardware]
mode = "session"
init_qubits = false
max_execution_time = 600
brackets = true
bracket_shots = 300
assignment = false
assignment_shots = 400
[inference]
estimator = "median unbiased"
readout = "unmixed"
temperature = "measured"
resamples = 250
""",
}


def test_spec_keys_and_defaults_stay():
    least = rc.Experiment(name="least")
    found = {
        "all": least.model_dump(mode="json"),
        "written": tomllib.loads(least.to_toml()),
        "presets": {name: tomllib.loads(rc.preset(name).to_toml()) for name in ("paper", "theory")},
    }
    check("spec-keys", found)


def test_spec_hashes_stay():
    found = {name: rc.preset(name).hash for name in ("paper", "theory")}
    for name, text in SPECS.items():
        experiment = rc.Experiment.parse(text)
        assert rc.Experiment.parse(experiment.to_toml()) == experiment
        found[name] = experiment.hash
    found["least, seed 7"] = rc.Experiment.parse(SPECS["least"], seed=7).hash
    check("spec-hashes", found)


def test_sweeps_stay():
    found = {}
    for name in ("paper", "theory"):
        experiment = rc.preset(name)
        found[name] = {"theta_b": experiment.theta_b.tolist(), "p_x": experiment.p_x.tolist()}
    check("sweeps", found, rtol=1e-15)


# -- bad input -----------------------------------------------------------------------------------

BAD = [
    "tempreature = 3",
    "seed = -1",
    'seed = "two"',
    'name = "a b"',
    'algorithm.name = "shor"',
    "algorithm.clock_qubits = 1",
    "algorithm.clock_qubits = 7",
    "algorithm.matrix = [[2, -1], [1, 2]]",
    "algorithm.matrix = [[1, 2], [2, 1]]",
    "algorithm.matrix = [[2, -1, 0], [-1, 2, 0]]",
    "algorithm.scale = 1.5",
    "algorithm.scale = 0",
    "bath.temperature = 43",
    'bath.temperature = "43 GHz"',
    "bath.frequency = 5",
    'device.profile = "FakeNothing"',
    'device.profile = "FakeTorinoo"',
    'device.layout = "worst"',
    "device.layout = { C_I = -1 }",
    "device.layout = { C_I = 11 }",
    "device.layout = { C_I = 0, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }",
    "device.layout = { C_I = 11, C_C0 = 11, C_C1 = 12, C_A = 13, B = 10, S = 9 }",
    "device.layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 999 }",
    'device.feedforward_latency = "fast"',
    "device.optimization_level = 4",
    "device.t1 = -1",
    "device.cz_error = 0.5",
    "sweep.theta_b = []",
    "sweep.theta_b = [0.1, 0.1]",
    "sweep.theta_b = [0.9]",
    'sweep.theta_b = ["22.5 K"]',
    "sweep.theta_b = { start = 0, stop = 2, points = 3 }",
    "sweep.theta_b = { start = 0, points = 3 }",
    "sweep.p_x = [1.5]",
    "sweep.p_x = { start = 0, stop = 1, points = 0 }",
    "measurement.shots = 0",
    'measurement.shots = "many"',
    'measurement.shots = "exact"',
    "measurement.trials = 0",
    'hardware.mode = "bulk"',
    "hardware.rep_delay = 250",
    "hardware.brackets = 3",
    "hardware.bracket_shots = 10",
    'inference.estimator = "best"',
    'inference.readout = "clean"',
    'inference.temperature = "guessed"',
    'inference.temperature = "calibration"',
    "inference.resamples = 10",
]
BAD_LATENCY = [
    "shots = 0",
    "shots = 10000000",
    "ladders.x = [1, 2, 3]",
    "ladders.x = [1, 1, 2, 3, 4]",
    "ladders = { x = [], feedforward = [] }",
    "clock.resolution = 0",
    'clock.rounding = "sideways"',
    'device.profile = "ideal"',
    'inference.readout = "raw"',
]


def told(command, line):
    name = "" if line.startswith("name") else 'name = "bad"\n'
    Path("bad.toml").write_text(f"{name}{line}\n", encoding="utf-8")
    done = recycling(command, "bad.toml", *(["--out", "out"] if command == "latency" else []))
    assert (done.code, done.out) == (2, ""), line
    # Lines that tell how far the work was are no part of it.
    return [text for text in done.err.splitlines() if not text.endswith(" s")]


@pytest.mark.parametrize(("command", "lines"), [("plan", BAD), ("latency", BAD_LATENCY)])
def test_what_bad_input_is_told_stays(command, lines, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check(f"bad-input-{command}", {line: told(command, line) for line in lines})


def test_all_faults_are_told_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    check("bad-input-together", told("plan", "\n".join([BAD[0], BAD[1], BAD[5], BAD[34]])))


def test_what_bad_calls_are_told_stays(tmp_path, monkeypatch):
    """From Python: presets, backends, specs and runs that are not there."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "mine.txt").write_text("keep", encoding="utf-8")
    theory = rc.preset("theory")
    calls = {
        "preset": lambda: rc.preset("nosuch"),
        "backend": lambda: rc.plan(theory, "abacus"),
        "fake backend": lambda: rc.plan(theory, "fake:FakeNothing"),
        "file": lambda: rc.Experiment.from_toml("nosuch.toml"),
        "taken": lambda: rc.run(theory, out="taken"),
        "no run": lambda: rc.open_run("taken"),
        "resume": lambda: rc.resume("nosuch"),
        "budget": lambda: rc.plan(rc.Experiment.parse(SPECS["explicit lists"])).check_budget(10),
        "no budget": lambda: rc.plan(theory).check_budget(-1),
        "too many jobs": lambda: rc.plan(
            rc.Experiment.parse('name="x"\n[measurement]\nshots=10000000\ntrials=10000')
        ),
        "too large": lambda: rc.plan(
            rc.Experiment.parse('name="x"\nsweep.p_x = {start=0,stop=1,points=10000}\n'
                                "sweep.theta_b = {start=0,stop=0.7,points=10000}\n")
        ),
    }  # fmt: skip
    found = {}
    for name, call in calls.items():
        with pytest.raises(rc.BadInput) as caught:
            call()
        # What fits into a machine depends on the machine.
        found[name] = [fault for fault in caught.value.faults if "this machine" not in fault]
    assert len(found) == len(calls)
    check("bad-calls", found)
