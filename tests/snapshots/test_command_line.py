"""Every command with its options, its exit codes, and what plans and layouts print."""

import hashlib
import re
from pathlib import Path

import numpy as np
import pytest
import typer

import recycling as rc
from tests.snapshots.compare import check, form
from tests.snapshots.outside import LAYOUT, app, files, fingerprint, recycling, seal, sealed

TINY = """\
name = "tiny"
seed = 2

[device]
profile = "ideal"

[sweep]
theta_b = [0.0, 0.5]
p_x = [0.4]

[measurement]
shots = 200
trials = 3

[inference]
resamples = 100
"""
SMALL = f"""\
name = "small"

[device]
{LAYOUT}

[sweep]
theta_b = [0.0, 0.4, 0.7853981633974483]
p_x = [0.1, 0.4]

[measurement]
shots = 300
trials = 2

[hardware]
brackets = true
assignment = true
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Folder with specs, in which commands are called."""
    (tmp_path / "tiny.toml").write_text(TINY, encoding="utf-8")
    (tmp_path / "small.toml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "bad.toml").write_text("seed = -1", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


# -- commands ------------------------------------------------------------------------------------


def described(parameter):
    """An option or an argument: all that a caller can know of it but the text of its help."""
    names = ("opts", "secondary_opts", "metavar", "default", "required", "multiple", "nargs",
             "min", "max", "envvar", "hidden")  # fmt: skip
    found = {name: getattr(parameter, name) for name in names}
    found["type"] = parameter.type_descriptor.annotation.__name__
    if isinstance(found["default"], Path):
        found["default"] = str(found["default"])
    found["help"] = bool(parameter.help)
    return found


def test_commands_and_options_stay():
    group = typer.main.get_command(app)
    found = {"": {p.name: described(p) for p in group.params if p.name != "help"}}
    for name, command in group.commands.items():
        assert command.help
        found[name] = {p.name: described(p) for p in command.params}
    check("commands", found)


def test_every_command_has_help():
    group = typer.main.get_command(app)
    for arguments in ([], *([name] for name in group.commands)):
        done = recycling(*arguments, "--help")
        assert (done.code, done.err) == (0, "")
        assert done.out.startswith("Usage: ")
    assert recycling().code == 2
    assert recycling("--version").out == f"recycling {rc.__version__}\n"


# -- exit codes ----------------------------------------------------------------------------------


def interrupt(_job, _state, _done):
    raise KeyboardInterrupt


def cut_off(path):
    """A run of which nothing is done yet, since it was interrupted."""
    with pytest.raises(rc.Incomplete, match="nothing is lost; go on with: recycling resume"):
        rc.run(rc.Experiment.parse(TINY), out=path, spec=TINY, watch=interrupt)


def failed(path):
    """A run of which one job failed, as a service would have it."""
    rc.run(rc.Experiment.parse(TINY), out=path, spec=TINY)
    journal = sealed(path / "jobs" / "trial-1.json")
    journal["attempts"][-1] |= {"state": "failed", "reason": "it is gone", "shots_checksum": None}
    seal(path / "jobs" / "trial-1.json", journal)
    (path / "shots" / "trial-1.npz").unlink()
    for name in ("run.json", "run.json.copy"):
        seal(path / name, sealed(path / name) | {"state": "open"})


def strange(path):
    """A run of which one trial recorded the bath the other way round."""

    rc.run(rc.Experiment.parse(TINY), out=path, spec=TINY)
    file = path / "shots" / "trial-1.npz"
    with np.load(file, allow_pickle=False) as archive:
        arrays = dict(archive)
    np.savez(file, **arrays | {"shots": arrays["shots"] ^ 4})
    journal = sealed(path / "jobs" / "trial-1.json")
    journal["attempts"][-1]["shots_checksum"] = hashlib.sha256(file.read_bytes()).hexdigest()
    seal(path / "jobs" / "trial-1.json", journal)


#: By exit code: what the run "out" is like, and the call.
EXITS = [
    (0, None, ["plan", "tiny.toml"]),
    (0, None, ["plan", "tiny.toml", "--max-qpu-seconds", "100"]),
    (2, None, ["nosuch"]),
    (2, None, ["run"]),
    (2, None, ["run", "tiny.toml", "--nosuch"]),
    (2, None, ["run", "tiny.toml", "--seed", "two"]),
    (2, None, ["run", "tiny.toml", "--max-qpu-seconds", "-1"]),
    (2, None, ["run", "bad.toml"]),
    (2, None, ["run", "tiny.toml", "--backend", "abacus"]),
    (2, None, ["replay", "--out", "tiny.toml"]),
    (2, None, ["plan", "tiny.toml", "--max-qpu-seconds", "1"]),
    (2, None, ["layouts", "tiny.toml"]),
    (2, None, ["layouts", "tiny.toml", "--top", "0"]),
    (2, None, ["latency", "--backend", "aer"]),
    (2, None, ["unbundle", "nosuch.zip"]),
    *((2, None, [name, "nosuch"]) for name in
      ("status", "resume", "cancel", "analyse", "report", "export", "bundle")),
    (0, cut_off, ["status", "out"]),
    (3, cut_off, ["analyse", "out"]),
    (3, cut_off, ["report", "out"]),
    (3, cut_off, ["export", "out"]),
    (3, cut_off, ["bundle", "out"]),
    (0, failed, ["status", "out"]),
    (4, failed, ["resume", "out"]),
    (4, failed, ["run", "tiny.toml", "--out", "out"]),
    (5, strange, ["analyse", "out", "--strict"]),
    (2, strange, ["analyse", "out", "--readout", "clean"]),
    (2, strange, ["export", "out", "--format", "xls"]),
    (2, strange, ["export", "out", "--out", "out"]),
    (2, strange, ["bundle", "out", "--out", "tiny.toml"]),
    (2, strange, ["run", "small.toml", "--out", "out"]),
]  # fmt: skip


def lines(text):
    """Lines without times, and without those that tell how far the work was."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", "TIME", text)
    return [
        line.rstrip()
        for line in text.splitlines()
        # How to call a command is said by the library that reads the call.
        if line and not re.search(r": \d+\.\d s$|^Usage: |^Try ", line)
    ]


def test_exit_codes_stay(folder):
    found = []
    made = None
    for code, make, arguments in EXITS:
        if make not in (None, made):
            if made is not None:
                Path("out").rename(made.__name__)
            make(Path("out"))
            made = make
        before = files(folder)
        done = recycling(*arguments)
        assert done.code == code, (arguments, done)
        state = "no run" if make is None else make.__name__.replace("_", " ")
        entry = {"run": state, "call": " ".join(arguments), "code": code}
        if code:
            entry |= {"error": lines(done.err), "new files": sorted({*files(folder)} - {*before})}
        found.append(entry)
    check("exit-codes", found)


def test_debug_shows_the_traceback(folder):
    assert folder.is_dir()
    done = recycling("plan", "bad.toml", "--debug")
    assert done.code == 2
    assert done.err.startswith("Traceback")
    assert done.err.splitlines()[-2:] == recycling("plan", "bad.toml").err.splitlines()


def test_a_run_goes_on_where_it_was_cut_off(folder):
    """With the same shots as one that was not."""
    whole = rc.run(rc.Experiment.parse(TINY), out="whole", spec=TINY)
    for name, go_on in {
        "out": rc.resume,
        "again/out": lambda path: rc.run(rc.Experiment.parse(TINY), out=path),
    }.items():
        cut_off(folder / name)
        run = go_on(folder / name)
        assert run.complete
        np.testing.assert_array_equal(run.counts, whole.counts)


# -- plans ---------------------------------------------------------------------------------------

#: Plans by name: spec, backend.
PLANS = {
    "theory": ("theory", "exact"),
    "small": ("small.toml", "exact"),
    "tiny, aer": ("tiny.toml", "aer"),
    "small, FakeFez": ("small.toml", "fake:FakeFez"),
}


def test_what_plans_print_stays(folder):
    assert folder.is_dir()
    texts, objects = {}, {}
    for name, (spec, backend) in PLANS.items():
        done = recycling("plan", spec, "--backend", backend, "--json")
        assert done.code == 0
        objects[name] = done.json
        if backend == "exact":
            texts[name] = lines(recycling("plan", spec).out)
    check("plan-text", texts)
    check("plan-json-form", {name: form(value) for name, value in objects.items()})
    theory = objects["theory"]["prediction"]
    theory["points"] = theory["points"][::10]
    check("plan-json", objects, rtol=1e-9, atol=1e-36)


def sweep(points, shots, trials, **more):
    # The noiseless device is planned in no time, but has no bath qubit to bracket.
    device = LAYOUT if more.get("brackets") else 'profile = "ideal"'
    table = "".join(f"{key} = {str(value).lower()}\n" for key, value in more.items())
    return (
        f'name = "cut"\n[device]\n{device}\n[sweep]\np_x = [0.4]\n'
        f"theta_b = {{ start = 0, stop = 0.7, points = {points} }}\n"
        f"[measurement]\nshots = {shots}\ntrials = {trials}\n[hardware]\n{table}"
    )


def test_jobs_stay():
    """Name, trial, points, first shot and shots of each, however a sweep is cut."""
    found = {}
    for name, text in {
        "one a trial": sweep(3, 1000, 2),
        "by points": sweep(7, 200_000, 2, brackets=True, bracket_shots=500),
        "by shots": sweep(2, 1_000_000, 1, assignment=True, assignment_shots=400),
        "one point": sweep(1, 500_000, 2, brackets=True, assignment=True),
        "exact": sweep(3, '"exact"', 1),
    }.items():
        plan = rc.plan(rc.Experiment.parse(text))
        found[name] = [
            f"{job.name}: trial {job.trial}, points {job.points}, from shot {job.first_shot}, "
            f"{job.shots} shots"
            for job in plan.jobs
        ]
    check("jobs", found)


def with_device(lines, more=""):
    return f'name = "planned"\n[device]\n{lines}\n[sweep]\ntheta_b = [0.3]\np_x = [0.4]\n{more}'


#: Experiments that are only planned, by what is special about them.
COMPILED = {
    "best layout": with_device('profile = "paper"'),
    "best layout, FakeTorino": with_device('profile = "FakeTorino"'),
    "level 0": with_device(f"{LAYOUT}\noptimization_level = 0"),
    "level 3": with_device(f"{LAYOUT}\noptimization_level = 3"),
    "longer latency": with_device(f'{LAYOUT}\nfeedforward_latency = "2 us"'),
    "other numbers": with_device(
        f'{LAYOUT}\nt1 = "200 us"\nt2 = "90 us"\nsingle_qubit_error = 1e-4\ncz_error = 3e-3\n'
        "readout_error = 0.02\n[bath]\nfrequency = 4.5e9\ntemperature = 0.03"
    ),
    "ideal": with_device('profile = "ideal"'),
    "another matrix": with_device(
        'profile = "ideal"', "[algorithm]\nmatrix = [[1.5, 0.5], [0.5, 1.2]]\nscale = 0.7"
    ),
    "a complex matrix": with_device(
        'profile = "ideal"', '[algorithm]\nmatrix = [["2", "1j"], ["-1j", "2"]]\nscale = 0.5'
    ),
}


def test_devices_and_circuits_stay():
    found = {}
    for name, text in COMPILED.items():
        plan = rc.plan(rc.Experiment.parse(text))
        device = plan.device
        found[name] = {
            "device": device.name,
            "layout": None if device.layout is None else list(device.layout),
            "sources": dict(device.sources),
            "T1": [str(time) if np.isinf(time) else time for time in device.t1],
            "latency": device.feedforward_latency,
            "temperature": device.temperature,
            "circuits": {
                " ".join(setting): fingerprint(circuit)["instructions"]
                for setting, circuit in plan.circuits.items()
            },
        }
    check("devices", found, rtol=1e-12)


def test_more_clock_qubits_stay():
    """The noiseless device has as many qubits as asked for; a layout on a chip has not."""
    more = "[algorithm]\nclock_qubits = 3"
    plan = rc.plan(rc.Experiment.parse(with_device('profile = "ideal"', more)))
    with pytest.raises(rc.BadInput) as caught:
        rc.plan(rc.Experiment.parse(with_device(LAYOUT, more)))
    found = {
        "roles": list(plan.device.roles),
        "circuits": [fingerprint(circuit)["instructions"] for circuit in plan.circuits.values()],
        "on a chip": list(caught.value.faults),
    }
    check("clock-qubits", found)


# -- layouts -------------------------------------------------------------------------------------


@pytest.mark.slow
def test_layouts_stay(folder):
    text = (
        with_device('profile = "paper"  # a comment') + '[measurement]\nshots = "exact"\ntrials = 1'
    )
    (folder / "spec.toml").write_text(text, encoding="utf-8")
    done = recycling("layouts", "spec.toml", "--json", "--top", "3", "--write", "best.toml")
    assert done.code == 0, done
    written = (folder / "best.toml").read_text(encoding="utf-8").splitlines()
    found = {
        "form": form(done.json),
        "count": len(done.json),
        "first": done.json[:5],
        "written": written,
        "files": files(folder),
    }
    check("layouts", found, rtol=1e-9)
    assert (folder / "layouts.svg").stat().st_size > 1000
