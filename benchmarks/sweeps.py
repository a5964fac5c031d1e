"""Time the preset payoff, and kill sweeps at random moments: the results must be the same bytes.

    python benchmarks/sweeps.py [--quick] [--points N] [--moments N]

It times 10⁶ points on all cores, with the memory of all processes together. Then it kills a
smaller sweep with SIGKILL at random moments, goes on with it each time, and compares SHA-256 of all
files of the results with those of a sweep that nothing happened to; the same on a local Dask
cluster of which two workers are killed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil

COMMAND = [sys.executable, "-c", "from recycling.cli.app import main; main()", "sweep", "payoff"]


def checksums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file of the results."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted((folder / "results.zarr").rglob("*"))
        if path.is_file()
    }


def start(folder: Path, points: int, *more: str) -> subprocess.Popen[str]:
    """Begin a sweep, or go on with it."""
    command = [*COMMAND, "--samples", str(points), "--out", str(folder), "--json", *more]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)


def finished(process: subprocess.Popen[str]) -> tuple[float, float]:
    """Wait for the end of a sweep: time in s, and most memory of all its processes, bytes."""
    started, most = time.perf_counter(), 0
    tree = psutil.Process(process.pid)
    while process.poll() is None:
        try:
            members = [tree, *tree.children(recursive=True)]
            most = max(most, sum(each.memory_info().rss for each in members))
        except psutil.Error:
            pass  # one has ended meanwhile
        time.sleep(0.3)
    assert process.returncode == 0, process.returncode
    return time.perf_counter() - started, most


def killed(folder: Path, points: int, moments: int, longest: float) -> int:
    """Kill a sweep at random moments, go on each time, and come to its end; number of deaths."""
    deaths, randomness = 0, random.Random(5)
    while deaths < moments:
        process = start(folder, points)
        try:
            process.wait(randomness.uniform(0.05, 1) * longest)
            folder = folder.with_name(f"{folder.name}+")  # it was done: another from the beginning
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.wait()
            deaths += 1
    finished(start(folder, points))
    return deaths


def on_cluster(folder: Path, points: int) -> int:
    """Sweep on a local Dask cluster, two of whose workers are killed; number of deaths."""
    process = start(folder, points, "--scheduler", "local", "--workers", "2")
    ledger, deaths = folder / "chunks.jsonl", 0
    for chunks in (2, 6):
        while process.poll() is None and not (
            ledger.is_file() and ledger.read_bytes().count(b"\n") >= chunks
        ):
            time.sleep(0.05)
        workers = [
            child
            for child in psutil.Process(process.pid).children(recursive=True)
            if "spawn_main" in str(child.cmdline())
        ]
        if workers:
            workers[-1].kill()
            deaths += 1
    finished(process)
    return deaths


def main() -> None:
    """Run all of it and print a table in JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=10**6)
    parser.add_argument("--moments", type=int, default=20)
    parser.add_argument("--quick", action="store_true", help="fewer points and moments")
    chosen = parser.parse_args()
    points, moments = (65536, 3) if chosen.quick else (chosen.points, chosen.moments)
    few = 16384
    with TemporaryDirectory() as folder:
        root = Path(folder)
        seconds, memory = finished(start(root / "timed", points))
        found = {
            "points": points,
            "seconds": round(seconds, 1),
            "points_per_s": round(points / seconds),
            "memory_GB": round(memory / 1e9, 2),
        }
        print(json.dumps(found), flush=True)
        longest, _ = finished(start(root / "whole", few))
        expected = checksums(root / "whole")
        found["deaths"] = killed(root / "killed", few, moments, longest)
        found["same_bytes"] = all(checksums(each) == expected for each in root.glob("killed*"))
        found["deaths_of_workers"] = on_cluster(root / "cluster", few)
        found["same_bytes_on_dask"] = checksums(root / "cluster") == expected
    print(json.dumps(found))
    assert found["same_bytes"]
    assert found["same_bytes_on_dask"]


if __name__ == "__main__":
    main()
