"""Workers and the main process are killed, really; the results are the same to the last byte."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from itertools import count
from multiprocessing.connection import Connection

import psutil
import pytest

import recycling as rc
from recycling.sweeps.cluster import on_cluster
from recycling.sweeps.pool import in_pool
from recycling.sweeps.run import sweep
from recycling.sweeps.work import Work
from tests.sweeps.test_run import SPEC
from tests.sweeps.test_store import checksums

pytestmark = pytest.mark.slow
MANY = SPEC.replace("samples = 200", "samples = 1000")
COMMAND = [sys.executable, "-c", "from recycling.cli.app import main; main()", "sweep"]


@pytest.fixture(scope="module")
def experiment():
    return rc.Experiment.parse(MANY)


@pytest.fixture(scope="module")
def whole(experiment, tmp_path_factory):
    """Checksums of a sweep that nothing happened to."""
    folder = tmp_path_factory.mktemp("whole") / "sweep"
    sweep(experiment, folder, workers=0)
    return checksums(folder)


def children():
    """Live workers among the children of this process.

    A killed one stays in the list of processes, without a command line, until it is waited for.
    """
    found = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):  # a zombie is one to psutil
            if "spawn_main" in str(child.cmdline()):
                found.append(child.pid)
    return found


class HalfAnAnswer:
    """Work whose first answer breaks off in the middle, as that of a worker which is killed."""

    def __init__(self, marker):
        self.marker = marker

    def chunk(self, number):
        if self.marker.exists():
            return number
        self.marker.touch()
        Connection._send_bytes = lambda each, _answer: (
            os.write(each.fileno(), b"\x00\x00\x10\x00half"),
            os.kill(os.getpid(), signal.SIGKILL),
        )
        return number


@pytest.mark.parametrize("workers", [1, 2])
def test_half_an_answer_is_no_wait_for_ever(workers, tmp_path, monkeypatch):
    monkeypatch.setattr("recycling.sweeps.pool._LOOK", 0.5)
    before = threading.active_count()
    work = HalfAnAnswer(tmp_path / "marker")
    assert sorted(in_pool(work, range(5), workers=workers)) == list(range(5))
    assert threading.active_count() == before


def killing(chunks, kills, at):
    """Pass chunks on, and kill a child of this process after some of them."""
    for number, chunk in zip(count(), chunks):
        if number in at:
            os.kill(children()[-1], signal.SIGKILL)
            kills.append(number)
        yield chunk


def test_killed_workers_of_the_pool_are_replaced(experiment, whole, tmp_path, monkeypatch):
    kills = []
    monkeypatch.setattr(
        "recycling.sweeps.run.in_pool",
        lambda *arguments: killing(in_pool(*arguments), kills, at=(3, 7)),
    )
    sweep(experiment, tmp_path / "sweep", workers=2)
    assert kills == [3, 7]
    assert checksums(tmp_path / "sweep") == whole
    assert children() == []


def test_killed_workers_of_a_cluster_are_replaced(experiment, whole, tmp_path, monkeypatch):
    kills = []
    monkeypatch.setattr(
        "recycling.sweeps.cluster.on_cluster",
        lambda *arguments: killing(on_cluster(*arguments), kills, at=(2, 5)),
    )
    sweep(experiment, tmp_path / "sweep", workers=2, scheduler="local")
    assert kills == [2, 5]
    assert checksums(tmp_path / "sweep") == whole


@pytest.mark.parametrize("finished", [0, 3])
def test_a_killed_sweep_is_gone_on_with(whole, tmp_path, finished):
    spec, out = tmp_path / "many.toml", tmp_path / "sweep"
    spec.write_text(MANY, encoding="utf-8")
    command = [*COMMAND, str(spec), "--out", str(out), "--workers", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    while not (out / "sweep.json").exists() or lines(out / "chunks.jsonl") < finished:
        assert process.poll() is None
        time.sleep(0.005)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    subprocess.run(command, check=True, capture_output=True)
    assert checksums(out) == whole


def lines(file):
    return file.read_bytes().count(b"\n") if file.exists() else 0


def test_work_of_no_chunks_starts_nothing(experiment):
    assert list(in_pool(Work.of(experiment), [], workers=2)) == []
