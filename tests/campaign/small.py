"""A campaign of small runs, and what it suffers."""

from recycling.campaign.folder import given_folder

KEY = bytes(range(32))
#: A run of it takes half a second: two qubits in noise, one point, few shots.
SPEC = """\
name = "tiny"
seed = 20

[algorithm]
name = "repeat-until-success"

[device]
profile = "ideal"
t1 = "250 us"
t2 = "150 us"

[sweep]
theta = [0.6]
p_x = [0.1]

[measurement]
shots = 200
trials = 1

[hardware]
bracket_shots = 500

[inference]
resamples = 100
"""
#: The same without noise and shots: half of the time, and it costs nothing.
EXACT = """\
name = "exact"
algorithm.name = "repeat-until-success"
device.profile = "ideal"
sweep = { theta = [0.6], p_x = [0.1] }
measurement = { shots = "exact", trials = 1 }
hardware.brackets = false
"""


def campaign(count=1, *lines, budget=1000, spec="tiny.toml", interval=3600):
    """Text of a campaign of runs of one spec, with further lines."""
    return "\n".join(
        [
            f"interval = {interval}",
            f"budget.qpu_seconds = {budget}",
            "[[runs]]",
            f'spec = "{spec}"',
            f"count = {count}",
            *lines,
            "",
        ]
    )


def write(folder, text):
    """Write a campaign with the specs of its runs and a key beside it; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {"campaign.toml": text, "tiny.toml": SPEC, "exact.toml": EXACT}.items():
        (folder / name).write_text(content)
    (folder / "key").write_bytes(KEY)
    return folder / "campaign.toml"


def folder_of(path, text):
    """The campaign that would run in a folder."""
    return given_folder(write(path, text), path / "out")
