"""A folder to serve: runs, a sweep, a campaign, an archive, and what is wrong with some."""

import hashlib
import shutil

import recycling as rc
from recycling.campaign.driver import run_campaign
from recycling.store.bundle import write_bundle
from recycling.store.files import seal, unseal
from recycling.sweeps.run import sweep
from tests.campaign.small import KEY, campaign, folder_of

HOST = "http://127.0.0.1:8000"
SWEEP = """\
name = "tiny"
algorithm.name = "repeat-until-success"
device.profile = "ideal"
device.t1 = 1e-4
device.t2 = 1e-4
[sweep]
theta = [0.2, 0.4, 0.6]
p_x = [0.1, 0.2, 0.4]
[sweep.over]
samples = 4
"device.readout_error" = { random = [0, 0.1] }
"""


def forged(path, **changes):
    """Change entries of the record of a run, and seal it again."""
    for name in ("run.json", "run.json.copy"):
        record = unseal((path / name).read_bytes())
        (path / name).write_bytes(seal(record | changes))


def fill(folder, small, theory):
    """Fill a folder with two runs that are sound, one that is open, and one that is damaged."""
    shutil.copytree(small.path, folder / "small")
    # Tests of other files analyse and report the run.
    bare = shutil.ignore_patterns("results*.nc", "report.html", "figures")
    shutil.copytree(theory.path, folder / "later/theory", ignore=bare)
    shutil.copytree(theory.path, folder / "open", ignore=bare)
    forged(folder / "open", state="open")
    shutil.copytree(small.path, folder / "broken")
    for name in ("run.json", "run.json.copy"):
        (folder / "broken" / name).write_text("{")
    write_bundle(small, folder / "small.zip")
    (folder / "other.zip").write_bytes(b"PK")


def fill_with_more(folder, elsewhere):
    """Add a sweep and a campaign, whose spec and key lie elsewhere."""
    sweep(rc.Experiment.parse(SWEEP), folder / "chips", workers=0)
    text = campaign(
        1, "[[slo]]", 'name = "fidelity"', 'metric = "success_fidelity"', "at_least = 0.9",
        "objective = 0.9",
        'windows = [{ long = "2 h", short = "1 h", burn = 3, action = "page" }]',
        spec="exact.toml",
    )  # fmt: skip
    run_campaign(folder_of(elsewhere, text), KEY)
    shutil.copytree(elsewhere / "out", folder / "nights")


def state_of(folder):
    """Checksum and times of everything in a folder."""
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mtime_ns,
            path.lstat().st_ino,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    } | {".": (folder.stat().st_mtime_ns, folder.stat().st_ino, "")}
