"""``init`` writes a spec that is read as it was meant; ``check`` says what a spec asks for."""

import json
import re
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import recycling as rc
from recycling.spec.experiment import Experiment
from recycling.spec.sections import BathSpec, DeviceSpec, HardwareSpec, InferenceSpec
from recycling.spec.template import COMMENTS, template
from tests.on_ibm import command

SECTIONS = {"bath": BathSpec, "device": DeviceSpec, "hardware": HardwareSpec,
            "inference": InferenceSpec}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_defaults_are_written(folder):
    done = command("init", "mine.toml")
    assert (done.code, done.out) == (0, "spec: mine.toml\nnext: recycling check mine.toml\n")
    assert rc.load("mine.toml") == rc.Experiment(name="mine")
    assert rc.load("mine.toml").hash == rc.Experiment(name="mine").hash
    assert {path.name for path in folder.iterdir()} == {"mine.toml"}


@pytest.mark.parametrize("name", ["paper", "theory", "payoff"])
def test_a_preset_is_written(name):
    assert command("init", f"{name}.toml", "--preset", name).code == 0
    assert rc.load(f"{name}.toml").hash == Experiment.parse(rc.load(name).to_toml()).hash


def test_an_algorithm_has_its_parameters():
    assert command("init", "some folder/", "--algorithm", "repeat-until-success").code == 0
    found = rc.load("some folder/experiment.toml")
    assert (found.name, found.algorithm.name) == ("some-folder", "repeat-until-success")
    assert "theta = {" in template(found)


def test_nothing_is_overwritten(folder):
    (folder / "mine.toml").write_text("kept", encoding="utf-8")
    done = command("init", "mine.toml")
    error = "error: path = 'mine.toml' exists: give a new file, or remove it\n"
    assert (done.code, done.err) == (2, error)
    assert (folder / "mine.toml").read_text(encoding="utf-8") == "kept"
    for more in (["--algorithm", "nosuch"], ["--preset", "nosuch"],
                 ["--preset", "paper", "--algorithm", "hhl"]):  # fmt: skip
        assert command("init", "other.toml", *more).code == 2
    assert {path.name for path in folder.iterdir()} == {"mine.toml"}


def test_every_key_has_its_comment():
    """Of the sections that most specs change, and optional keys hold a value that is right."""
    text = template(Experiment(name="mine"))
    for section, model in SECTIONS.items():
        assert list(COMMENTS[section]) == list(model.model_fields)
        table = text.split(f"[{section}]\n")[1].split("\n\n")[0]
        lines = dict(line.removeprefix("# ").split(" = ", 1) for line in table.splitlines())
        assert list(lines) == list(model.model_fields)
        assert all("  # " in line for line in lines.values())
        used = re.sub("^# ", "", table, flags=re.MULTILINE)
        rc.Experiment.parse("\n".join(['name = "a"', f"[{section}]", used]))


@settings(max_examples=15)
@given(
    st.floats(1e-3, 10), st.sampled_from(["XX", "none"]), st.none() | st.floats(1e-6, 1e-3),
    st.lists(st.floats(0, 0.78), min_size=1, max_size=3, unique=True), st.integers(0, 2**62),
)  # fmt: skip
def test_any_experiment_is_read_back(temperature, sequence, t1, angles, seed):
    given_ = Experiment(
        name="any", seed=seed, bath={"temperature": temperature}, device={"t1": t1},
        sweep={"theta_b": sorted(angles)}, decoupling={"sequence": sequence},
        stage={"calibrated_at": 0.043, "loss_tangent": 1e-7},
    )  # fmt: skip
    assert Experiment.parse(template(given_)).hash == given_.hash


# -- check ---------------------------------------------------------------------------------------


def test_check_says_what_a_spec_asks_for(monkeypatch):
    monkeypatch.setenv("COLUMNS", "120")
    done = command("check", "paper", "--set", "measurement.trials=2")
    assert done.code == 0
    shots = "8,000 of each basis and preparation × 2 trials: 4,224,000 executions"
    for said in ("paper: no fault", "equilibrium, recycling", "11 θ_b from 0", "40 p_x", shots):
        assert said in done.out
    assert done.out.splitlines()[-1] == "next: recycling plan paper --set measurement.trials=2"
    swept = command("check", "payoff")
    assert swept.out.splitlines()[-1] == "next: recycling sweep payoff"


def test_check_agrees_with_the_plan():
    found = json.loads(command("check", "paper", "--json").out)
    plan = rc.plan(rc.load("paper").with_(device={"profile": "ideal"}))
    assert found["jobs"] == len(plan.jobs)
    assert found["executions"] == plan.cost.executions
    assert plan.cost.qpu_seconds - plan.cost.circuit_seconds == pytest.approx(found["qpu_seconds"])
    assert found["spec_hash"] == rc.load("paper").hash


def test_check_names_all_faults_at_once(folder):
    (folder / "bad.toml").write_text("seed = -1\n[bath]\ntemperature = 43\n", encoding="utf-8")
    done = command("check", "bad.toml")
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 3
    assert re.search(r"bad.toml:3: bath.temperature = 43", done.err)


def test_check_loads_nothing_slow():
    code = (
        "import sys; sys.argv = ['recycling', 'check', 'paper', '--json']; "
        "from recycling.cli.app import main\ntry: main()\nexcept SystemExit: pass\n"
        "print(*{'qiskit', 'xarray', 'matplotlib', 'scipy', 'pandas'} & {*sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""
