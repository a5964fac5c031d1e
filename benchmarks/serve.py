"""Time the list of ``recycling serve`` over a folder of many runs: the first one, and later ones.

Each run is a copy of one small run under another name. The first list reads run.json and the
journals of all; verdicts are read beside it by a thread; later lists read what has changed.
"""

import argparse
import shutil
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

import recycling as rc
from recycling.serving.application import application

HOST = "http://127.0.0.1"
SPEC = """\
name = "tiny"
algorithm.name = "repeat-until-success"
device.profile = "ideal"
sweep = { theta = [0.3, 0.6], p_x = [0.1, 0.4] }
measurement = { shots = 200, trials = 3 }
inference.resamples = 100
"""


def filled(folder, count):
    """Fill a folder with copies of a run that has its results."""
    run = rc.run(rc.Experiment.parse(SPEC), out=folder / "0000")
    rc.analyse(run)
    for number in range(1, count):
        shutil.copytree(run.path, folder / f"{number:04d}")


def seconds(client, path):
    """Time of an answer, s, and its size in bytes."""
    started = perf_counter()
    answer = client.get(path, base_url=HOST)
    assert answer.status_code == 200, answer.text
    return perf_counter() - started, len(answer.data)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=500)
    count = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        filled(folder, count)
        app = application(folder)
        client = app.test_client()
        first, _ = seconds(client, "/")
        started = perf_counter()
        app.extensions["shelf"].wait()
        verdicts = perf_counter() - started
        size = seconds(client, "/")[1]
        lists = median(seconds(client, "/")[0] for _ in range(5))
        polls = median(seconds(client, "/api/version")[0] for _ in range(5))
        page, _ = seconds(client, "/runs/0001")
        later = f"later {lists * 1e3:.0f} ms, {size / 1e3:.0f} kB"
        print(f"{count} runs: first list {first:.2f} s; {later}")
        print(f"all verdicts, meanwhile: {verdicts:.1f} s; asked every 3 s: {polls * 1e3:.0f} ms")
        print(f"page of a run, with its results: {page:.2f} s")


if __name__ == "__main__":
    main()
