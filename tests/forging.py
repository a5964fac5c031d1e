"""Forged runs: wrong contents under checksums that are right, as damage never makes them."""

import io

import numpy as np

from recycling.store.files import checksum, seal, unseal
from recycling.store.identity import IDENTITY

#: A latency experiment on given qubits: nothing is searched for, and a run takes no time.
LATENCY_SPEC = """\
shots = 10

[ladders]
x = [1, 2, 4, 8, 16, 32]
feedforward = []

[device]
profile = "FakeMarrakesh"
layout = { C_I = 11, C_C0 = 18, C_C1 = 12, C_A = 13, B = 10, S = 9 }
"""


def forge_record(path, **changes):
    """Change entries of run.json and its copy; None removes one."""
    record = unseal((path / "run.json").read_bytes()) | changes
    record = {key: value for key, value in record.items() if value is not None}
    for name in IDENTITY:
        (path / name).write_bytes(seal(record))


def forge_kept(path, name, content):
    """Change a file from the beginning of a run, and its checksum in run.json."""
    (path / name).write_bytes(content)
    checksums = unseal((path / "run.json").read_bytes())["checksums"]
    forge_record(path, checksums=checksums | {name: checksum(path / name)})


def forge_attempt(path, job, **changes):
    """Change the last attempt of a journal; None stays None."""
    file = path / "jobs" / f"{job}.json"
    journal = unseal(file.read_bytes())
    journal["attempts"][-1] |= changes
    file.write_bytes(seal(journal))


def forge_shots(path, job, *, remove=(), **arrays):
    """Change arrays of a job's outcomes, and their checksum in the journal."""
    file = path / "shots" / f"{job}.npz"
    with np.load(file, allow_pickle=False) as archive:
        kept = {name: archive[name] for name in archive.files if name not in remove}
    stream = io.BytesIO()
    np.savez_compressed(stream, **kept | arrays)
    file.write_bytes(stream.getvalue())
    forge_attempt(path, job, shots_checksum=checksum(file))
