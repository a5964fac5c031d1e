"""The shots of each simulated backend, which follow from the seed to the last bit."""

import pytest

import recycling as rc
from tests.snapshots.compare import check
from tests.snapshots.outside import LAYOUT, circuits, files, fingerprint, outcomes, sealed

#: Aer and IBM's Sampler take most of a minute for five small runs.
pytestmark = pytest.mark.slow

SPEC = """\
name = "shots"
seed = 5

[device]
DEVICE

[sweep]
theta_b = [ANGLES]
p_x = [0.1, 0.4]

[measurement]
shots = 50
trials = TRIALS

[inference]
resamples = 100
"""


def spec(device, angles="0.6", trials=1):
    text = SPEC.replace("DEVICE", device).replace("ANGLES", angles)
    return text.replace("TRIALS", str(trials))


IDEAL = 'profile = "ideal"'
TORINO = """\
profile = "FakeTorino"
layout = { C_I = 31, C_C0 = 18, C_C1 = 32, C_A = 33, B = 30, S = 29 }
feedforward_latency = "1 us"
readout_error = 0.03
"""
#: Runs by name: backend and spec.
RUNS = {
    "exact": ("exact", spec(IDEAL, "0.2, 0.6", trials=2)),
    "exact, another seed": ("exact", spec(IDEAL).replace("seed = 5", "seed = 6")),
    "exact, FakeTorino": ("exact", spec(TORINO)),
    # Aer takes half a second for each circuit with noise: 24 of them.
    "aer": ("aer", spec(f"{IDEAL}\nreadout_error = 0.05")),
    "fake:FakeFez": ("fake:FakeFez", spec(LAYOUT)),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All runs by name."""
    folder = tmp_path_factory.mktemp("backends")
    found = {}
    for number, (name, (backend, text)) in enumerate(RUNS.items()):
        path = folder / str(number)
        found[name] = rc.run(rc.Experiment.parse(text), backend, path, spec=text)
    return found


def test_shots_stay(runs):
    found = {
        name: {job.name: outcomes(run.path / "shots" / f"{job.name}.npz") for job in run.jobs}
        for name, run in runs.items()
    }
    check("backend-shots", found)


@pytest.mark.parametrize("name", ["aer", "fake:FakeFez"])
def test_directory_stays(runs, name):
    path = runs[name].path
    record = sealed(path / "run.json")
    found = {
        "files": files(path),
        "backend": record["backend"],
        "simulated": record["simulated"],
        "device": record["device"],
        "circuits": {c.name: fingerprint(c) for c in circuits(path / "circuits.qpy")},
        "records": [sealed(path / "jobs" / f"{job.name}.json")["attempts"][0]["record"]
                    for job in runs[name].jobs],
    }  # fmt: skip
    check(f"backend-{name.partition(':')[0]}", found, rtol=1e-11)


def test_counts_are_those_of_the_shots(runs):
    """Axes of the counts, and how many shots are in each corner of them."""
    found = {}
    for name, run in runs.items():
        counts = run.counts
        found[name] = {
            "sizes": dict(counts.sizes),
            "type": str(counts.dtype),
            "coordinates": {key: array.values.tolist() for key, array in counts.coords.items()},
            "first": counts.isel(theta_b=0, trial=0, basis=0).values.ravel()[:64].tolist(),
        }
    check("backend-counts", found)
